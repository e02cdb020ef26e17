"""Asks a reader at the terminal for scores, prompt by prompt, and appends each to the reader's file.

score(Path("reading"), "anna")
"""

from pathlib import Path

import msgspec

from tests.benchmarks.blind.reading import FAULTS, ReadPrompt, Score, Scored, as_page, check, load_reading, load_scores


def score(folder: Path, reader: str) -> None:
    """Ask for everything that this reader has not judged yet. Ctrl+C or Ctrl+D stops; the same call goes on."""
    reading = load_reading(folder)
    done = {scored.prompt for scored in load_scores(folder, reading).get(reader, [])}
    with (folder / f"scores-{reader}.jsonl").open("a", encoding="utf-8") as file:
        for number, prompt in enumerate(reading, 1):
            if number not in done:
                print(f"\n{as_page(number, prompt)}\n")
                file.write(msgspec.json.encode(_ask(number, prompt, reading)).decode() + "\n")
                file.flush()


def _ask(number: int, prompt: ReadPrompt, reading: list[ReadPrompt]) -> Scored:
    answers = {}
    for letter in prompt.answers:
        while letter not in answers:
            words = input(f"{letter}: sense 0-3, prose 0-3, fault ({', '.join(FAULTS)}): ").split()
            try:
                sense, prose, fault = words
                answers[letter] = msgspec.convert({"sense": int(sense), "prose": int(prose), "fault": fault}, Score)
            except ValueError as error:
                print(f"Write it like this: 2 1 bland ({error})")
    while True:
        scored = Scored(number, answers, list(input("Order, the best first, like BAC: ").strip().upper()))
        try:
            check(scored, reading)
        except ValueError as error:
            print(error)
        else:
            return scored
