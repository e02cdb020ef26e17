"""Corpus in, voice out: LoRA fine-tuning of any causal language model, on whatever machine there is.

`recipe` holds every knob, `data` makes rows of tokens, `model` opens the base, `train` tunes, `evaluate` measures,
`adapter` and `export` write what the game and other engines read, `report` writes the papers that go with a voice.
"""
