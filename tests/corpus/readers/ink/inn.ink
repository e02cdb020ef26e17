# title: The Inn at the Ford
# author: The Dungeon developers
# rights: CC0-1.0

VAR guest = "Mara"
VAR debt = 0
VAR knows = false
VAR trust = 0
EXTERNAL ring_bell()
EXTERNAL rooms_left()

-> yard

=== yard
Rain runs off the roof of the inn, -> door
= door
and the door is locked. <>
Somebody moves behind it.
* Knock twice. -> hall
* [Call out your name] "I am {guest}!" you call. -> hall

=== hall
~ ring_bell()
The innkeeper lets you in. {rooms_left() > 0: There is a room.|Every room is taken.}
- (talk)
* [Ask about the ford]
    "Nobody crosses it at night," she says.
    ~ trust = trust + 1
    -> talk
* [Ask about the bed]
    "It is dry," she says. <>
    "Mostly."
    ~ trust = trust + 1
    -> talk
* [Ask about the stranger]
    He sits by the stove and never looks up.
    ~ knows = true
    -> talk
* [Ask about the price]
    "Four coins," she says.
    ~ debt = 4
    -> talk
+ {talk > 1} [Go upstairs] -> pause -> stairs
* {trust > 1} [Thank her] -> thanks

=== thanks
"You are welcome," she says, and for once she smiles.
-> hall.talk

=== pause
{The clock strikes nine.|The clock strikes ten.|The clock has stopped.}
+ [Wait a little]
- ->->

=== stairs
{The stairs creak.|The stairs creak again.} {debt > 0: You owe {debt} coins.}
+ [Look out of the window] -> window
* {knows} [Listen at the stranger's door] -> stranger
* [Sleep] -> sleep

=== window
You see {&the ford|the stove's smoke|nothing but rain}.
-> pause ->
-> stairs

=== stranger
He is counting your coins.
* [Shout] -> sleep
* ->
    -> sleep

=== sleep
{not knows: You sleep like a stone.|You sleep with one eye open.}
{~You dream of a heron.|You dream of a lantern.|You dream of the ford.} -> END

=== cellar
Nobody ever comes down into the cellar of this inn.
-> END

=== function ring_bell()
~ return 0
