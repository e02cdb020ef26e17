"""Blind reading: voices answer prompts, readers who see no names judge the answers, and a table compares the voices.

    python -m tests.benchmarks.blind answer ember ANSWERS.jsonl [--half build] [--drivings FILE.toml] [--every 2]
    python -m tests.benchmarks.blind make READING ANSWERS.jsonl … --tellers "ember plain,lantern plain"
    python -m tests.benchmarks.blind score READING anna
    python -m tests.benchmarks.blind table READING …

`answer` lets a voice answer the prompts (`prompts.py`: 144, in two halves), driven in one way or several
(`answers.py`). `make` shuffles the answers of several tellers, a voice and its driving each, into a folder to read
(`reading.py`). Readers judge by `rubric.md`, at the terminal with `score` or by writing `scores-NAME.jsonl`
themselves. `table` prints what they found, and how sure that is (`table.py`).

Choose on the half "build"; read "held-out" only to compare what is finished. Readers must not have made any of it.
"""
