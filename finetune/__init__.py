"""Fine-tuning: a corpus in, a voice out.

    python -m finetune --corpus my-corpus --base smollm2 --out my-voice

`cli` is the command line, `recipe` holds every setting of a training. Each command has its package: `training`,
`export`, `compare` (the command `evaluate`) and `report`; in each, `job` holds the request and every check that needs
no heavy import. They share `data` (a corpus as rows of token ids) and `models` (bases and voices: how they are opened,
run, measured and written as GGUF). Imports go one way: cli, report, compare and export, training, models, data.
"""
