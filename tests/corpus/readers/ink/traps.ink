You stand where four roads meet.
* [The road that repeats itself] -> loud
* [The road without words] -> quiet
* [The road that calls itself] {deeper(1)} -> END
* [The road that divides by nothing] {1 / nothing()} -> END
* [The road home]
    You are home before dark.
    -> END

=== loud
Another mile of the same road.
-> loud

=== quiet
-> quieter

=== quieter
-> quiet

=== function deeper(steps)
~ return deeper(steps + 1)

=== function nothing()
~ return 0
