=== function harbour_name() ===
~ return "the harbour"

=== harbour ===
Morning comes over the harbour.
-> END

=== attic ===
Nothing leads to the attic.
-> END
