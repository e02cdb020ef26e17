"""Stand-in until the real one arrives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    prose: str
    choices: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    choice: int
    sure: bool


def match_line(typed: str, scene: Scene) -> Match | None:
    for number, choice in enumerate(scene.choices):
        if typed.strip('".').lower() == choice.strip('".').lower():
            return Match(number, True)
    words = set(typed.lower().split())
    for number, choice in enumerate(scene.choices):
        if len(words & set(choice.lower().split())) > 1:
            return Match(number, False)
    return None
