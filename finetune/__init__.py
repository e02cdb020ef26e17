"""Corpus in, voice out: LoRA fine-tuning of any causal language model, on whatever machine there is.

`recipe` holds every knob, `data` makes rows of tokens, `model` opens the base, `train` tunes, `evaluate` measures
(both by `loss`; `packing`, `fused` and `compiling` make it fast),
`adapter` and `convert` write what the game reads, `report` the papers that go with a voice. `voice` opens one again,
`export` writes it for other programs, `agreement` shows that it is still the same, `hub` pushes it.
`transfer` measures what tuning buys; `study` says it in sentences, `pictures` and `page` show it.
"""
