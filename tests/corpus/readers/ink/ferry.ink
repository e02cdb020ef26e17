# title: The Night Ferry
# author: The Dungeon developers
# rights: CC0-1.0
INCLUDE harbour.ink

VAR name = "Ilse"
VAR coins = 3
VAR lantern = false
VAR way_home = -> home

-> quay

=== quay ===
You are {name}, the last passenger on the quay. {The ferryman yawns.|The ferryman coughs.|The ferryman is asleep.}
* "How much to the island?" you ask[]. The ferryman looks at your shoes.
    ** [Show him two coins]
        He takes both.
        ~ coins = coins - 2
        -> aboard
    ** "I have nothing[."]," you say, and it is nearly true.
        He laughs. <>
    -- "Then row," he says.
    -> aboard.rowing
+ [Look at the water] -> water ->
    -> quay
* {coins > 2} [Buy the lantern]
    ~ lantern = true
    The lantern is warm.
    -> quay
* -> 
    There is nothing left to do on the quay.
    -> aboard

=== water ===
The water is black{lantern: , and your lantern swims in it|}.
->->

=== aboard
The ferry smells of tar.
-> deck
= deck
{lantern:
    By the light of the lantern you read the name of the boat.
- else:
    It is too dark to read the name of the boat.
}
- (talk)
<- gossip
* [Sleep] You sleep.
    You dream of {~gulls|herrings|bells}.
    -> talk
+ {talk > 1} [Step ashore] -> way_home
= rowing
You row, and {count(3)}. Your hands hurt.
+ [Row on] -> rowing
* [Rest] -> deck

=== gossip
* [Listen to the nuns]
    "He drowned," says one nun.
    "Twice," says the other.
    -> aboard.talk
* "Good evening, sisters."
    They look at your wet shoes.
    -> DONE

=== function count(n) ===
~ temp left = n
you count to {left}

=== home
The island has one house, and its window is lit.
* [Knock]
    Nobody has locked it. -> END
* [Go back to {harbour_name()}] -> harbour
