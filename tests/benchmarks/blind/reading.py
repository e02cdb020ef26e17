"""A reading: prompts with the shuffled answers of several tellers, the key to who wrote which, and readers' scores.

    make_reading(Path("reading"), prompts, answers, ["ember plain", "ember cool"], seed=1)
    reading = load_reading(Path("reading"))
    scores = load_scores(Path("reading"), reading)          # by reader

A reading is a folder: `reading.md`, what readers read, with the rubric; `key.json`, which they must not open; and
`scores-READER.jsonl`, a line for each prompt that somebody has judged:

    {"prompt": 1, "answers": {"A": {"sense": 2, "prose": 1, "fault": "bland"}, "B": …}, "order": ["B", "A"]}
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Annotated, Literal

import msgspec

from corpus.text import visible
from tests.benchmarks.blind.answers import Answer
from tests.benchmarks.blind.prompts import BlindPrompt

_RUBRIC = Path(__file__).with_name("rubric.md")
FAULTS = (
    *("none", "contradiction", "ignored", "nonsense", "player", "bland"),
    *("short", "loop", "echo", "form", "language"),
)


class ReadPrompt(msgspec.Struct, frozen=True):
    """A prompt of a reading, and who wrote its answers."""

    name: str
    kind: str
    text: str
    """What the reader sees above the answers."""
    answers: dict[str, str]
    """By letter."""
    tellers: dict[str, str]
    """By letter."""


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a reader thinks of one answer."""

    sense: Annotated[int, msgspec.Meta(ge=0, le=3)]
    prose: Annotated[int, msgspec.Meta(ge=0, le=3)]
    fault: Literal[FAULTS]  # type: ignore[valid-type]


class Scored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a reader thinks of the answers to one prompt."""

    prompt: int
    """Its number, from 1."""
    answers: dict[str, Score]
    order: list[str]
    """Letters, the best first."""


def make_reading(
    folder: Path, prompts: Sequence[BlindPrompt], answers: Sequence[Answer], tellers: Sequence[str], seed: int
) -> int:
    """Write a reading of the prompts that all tellers have answered, in random order; return their number."""
    chance = Random(seed)
    by_place = {(answer.prompt, answer.teller): answer.text for answer in answers if answer.draw == 0}
    read = []
    for prompt in prompts:
        if not all((prompt.name, teller) in by_place for teller in tellers):
            continue
        shuffled = chance.sample(tellers, len(tellers))
        letters = [chr(ord("A") + number) for number in range(len(tellers))]
        found = {letter: by_place[prompt.name, teller] for letter, teller in zip(letters, shuffled, strict=True)}
        key = dict(zip(letters, shuffled, strict=True))
        read.append(ReadPrompt(prompt.name, prompt.kind, story_so_far(prompt), found, key))
    chance.shuffle(read)
    folder.mkdir(parents=True)
    (folder / "key.json").write_bytes(msgspec.json.format(msgspec.json.encode(read), indent=1))
    pages = [as_page(number, prompt) for number, prompt in enumerate(read, 1)]
    (folder / "reading.md").write_text("\n\n".join([_RUBRIC.read_text("utf-8"), *pages]) + "\n", encoding="utf-8")
    return len(read)


def story_so_far(prompt: BlindPrompt) -> str:
    """Return the story, the player's last input and, of a long history, what decides the answer."""
    adventure, node = prompt.prompt.adventure, prompt.prompt.node
    parts = [adventure.opening]
    if adventure.lore.memory:
        parts.insert(0, f"(The storyteller also knows: {adventure.lore.memory})")
    for before in adventure.path()[:-1]:
        parts += [f"> {before.action}" if before.action else "> (Enter)", before.prose]
    parts.append(f"> **{node.action}**" if node.action else "> **(Enter: go on)**")
    if prompt.fact:
        parts.append(f"(What matters here: {prompt.fact})")
    return visible("\n\n".join(part for part in parts if part))


def as_page(number: int, prompt: ReadPrompt) -> str:
    """Return a prompt with its answers, as a reader sees them."""
    answers = [f"### Answer {letter}\n\n{visible(text) or '(empty)'}" for letter, text in prompt.answers.items()]
    return "\n\n".join([f"---\n\n## Prompt {number}", prompt.text, *answers])


def load_reading(folder: Path) -> list[ReadPrompt]:
    """Return the prompts of a reading, in its order, with their key."""
    return msgspec.json.decode((folder / "key.json").read_bytes(), type=list[ReadPrompt])


def load_scores(folder: Path, reading: Sequence[ReadPrompt]) -> dict[str, list[Scored]]:
    """Return what each reader has judged, by reader.

    Raises:
        ValueError: a line is not as it should be; says which.
    """
    found = {}
    for path in sorted(folder.glob("scores-*.jsonl")):
        scored: dict[int, Scored] = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                one = msgspec.json.decode(line, type=Scored)
                check(one, reading)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
            scored[one.prompt] = one
        found[path.stem.removeprefix("scores-")] = list(scored.values())
    return found


def check(scored: Scored, reading: Sequence[ReadPrompt]) -> None:
    """Raise a ValueError if the scores don't fit their prompt."""
    if not 1 <= scored.prompt <= len(reading):
        raise ValueError(f"there is no prompt {scored.prompt}; the last is {len(reading)}")
    letters = set(reading[scored.prompt - 1].answers)
    if set(scored.answers) != letters or sorted(scored.order) != sorted(letters):
        raise ValueError(f"prompt {scored.prompt} has the answers {', '.join(sorted(letters))}: score and order each")
