"""Improvising in an author's scene: what the storyteller is told, and which sentences are not told. Pure.

    lore = scene_lore(adventure, node, adventure.lore, prompt_format)   # for the context of an improvised turn
    scene = scene_of(adventure, node, prompt_format)                    # for its output policy; None for other turns
    breaks_scene("A guard comes in and arrests you.", scene)

The player has done something that the author did not foresee. The storyteller answers that deed, and the scene stays as
the author left it: nobody new comes, nobody goes or dies, no time passes, and nothing that the author's choices decide
is decided. A chat model is told so; of any voice, sentences that break it are drawn again and then left out.

Limits: English word lists. A sentence that breaks the scene in other words than these is told.
"""

import re
from dataclasses import dataclass, replace

from corpus.text import one_line
from corpus.words import word_set
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.authored import choices_at, is_improvised, passage_at
from dungeon.tale.lore import Lore
from dungeon.tale.prompt_format import PromptFormat

INSTRUCTIONS = (
    "You are the narrator of a story. The player has just done something small that the author did not write about. "
    "Tell in one or two short sentences what comes of it, in the second person and the present tense, in the manner of "
    "the story so far. Use only the people and the things of the last scene. Nothing important changes: nobody comes "
    "or goes, nobody is hurt, no time passes, and the player stays in this place. Whoever is asked something answers "
    "briefly and evasively, without any new fact. Never decide, speak or act for the player, and never ask the player "
    "what to do. Write prose only."
)
_OPEN = "Not yet"
_ENOUGH = 8
_ENOUGH_OF_CHAT_MODEL = 16
"""Words after which an improvised turn ends with its sentence. The first sentence of a small voice is about the deed,
and what follows strays (`tests/benchmarks/improvised.py`)."""
_TOKENS = 50
_TOKENS_OF_CHAT_MODEL = 80

_DEATH = word_set("die dies died dying dead death kill kills killed murder murders murdered corpse")
_GO = (
    r"(?:leave|leaves|left|(?:walk|run|ride|drive|slip|storm|hurry|march|stride|rush|step|go)(?:e?s)? "
    r"(?:back )?(?:away|out|off|outside|home)|sets? (?:off|out)|disappears?|vanish(?:es)?|flees?|escapes?)"
)
_GOES = re.compile(rf"\b(?:you|he|she|they|[A-Z][a-z]+) (?:\w+ly |then |just )?(?P<verb>{_GO})\b")
_MOVES = re.compile(
    r"\b(?:you|and) (?:\w+ly |then |just )?"
    r"(?P<verb>step|walk|go|run|ride|climb|swim|jump|head|hurry|crawl|move|cross|reach|arrive|enter)(?:e?s)? "
    r"(?:back |up |down |out )?(?:on|onto|in|into|to|towards?|across|over|through|at|the)\b",
    re.IGNORECASE,
)
_COMES = re.compile(
    r"\b(?:an?|another|some|two|three|several) (?:[a-z]+ )?"
    r"(?:man|woman|men|women|boy|girl|child|stranger|soldier|guard|policeman|officer|voice|figure)s?\b",
    re.IGNORECASE,
)
_TIME_PASSES = re.compile(
    r"\b(?:the next (?:day|morning|week|evening|night)|(?:hours?|days?|weeks?|months?|years?) (?:later|pass(?:es)?)|"
    r"by (?:morning|nightfall|evening)|the end)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]+")
_CAPITAL_INSIDE = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}(?![\w-])")
_EMPTY_WORDS = word_set(
    """
    a about after again all an and any are as at away be been before but by can could do does down for from go had has
    have he her here him his how i if in into is it its just let me more my no not now of off on once one or our out
    over she so some take that the their them then there they this to try up us was we what when where which who why
    will with would yes you your
    """
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What may not change while a turn is improvised."""

    open_deeds: tuple[frozenset[str], ...]
    """The stems of the words of each choice, without those that say little."""
    words: frozenset[str]
    """All words of the scene and of the action, in lower case."""
    known: frozenset[str]
    """All words of the story up to here, in lower case: what is not among them with a capital is somebody new."""
    enough_words: int
    """The turn ends with the sentence that reaches so many."""


def scene_of(adventure: Adventure, node: Node, prompt_format: PromptFormat) -> Scene | None:
    """Return the scene that the turn is improvised in; None if it is not."""
    if not is_improvised(adventure, node):
        return None
    passage = passage_at(adventure, node.parent)
    assert passage is not None
    choices = choices_at(adventure, node.parent)
    text = " ".join([passage.text, node.action, *(choice.label for choice in choices)])
    path = [] if node.parent is None else adventure.path(node.parent)
    told = " ".join([adventure.opening, *(before.prose for before in path), *(before.action for before in path), text])
    chats = prompt_format.takes_instructions
    return Scene(
        tuple(filter(None, (_stems(choice.label) for choice in choices))),
        frozenset(_WORD.findall(text.lower())),
        frozenset(_WORD.findall(told.lower())),
        _ENOUGH_OF_CHAT_MODEL if chats else _ENOUGH,
    )


def scene_lore(adventure: Adventure, node: Node, lore: Lore, prompt_format: PromptFormat) -> Lore:
    """Return the lore with what a chat model must know to improvise the turn; the same lore for other turns.

    A voice that reads plain text would go on with the choices as if they were the story, so it gets none.
    """
    if not prompt_format.takes_instructions or not is_improvised(adventure, node):
        return lore
    deeds = "; ".join(one_line(choice.label) for choice in choices_at(adventure, node.parent))
    return replace(
        lore,
        instructions="\n\n".join(filter(None, (INSTRUCTIONS, lore.instructions))),
        note="\n\n".join(filter(None, (lore.note, f"{_OPEN}: {deeds}." if deeds else ""))),
    )


def improvised_length(adventure: Adventure, node: Node, length: int, prompt_format: PromptFormat) -> int:
    """Return the tokens of the turn, where `length` are those of other turns."""
    if not is_improvised(adventure, node):
        return length
    return min(length, _TOKENS_OF_CHAT_MODEL if prompt_format.takes_instructions else _TOKENS)


def breaks_scene(sentence: str, scene: Scene) -> bool:
    """Return whether a sentence changes the scene."""
    words = set(_WORD.findall(sentence.lower()))
    if words & _DEATH - scene.words or _TIME_PASSES.search(sentence):
        return True
    if (going := _GOES.search(sentence)) and going["verb"].split()[0] not in scene.words:
        return True
    if (moving := _MOVES.search(sentence)) and moving["verb"].lower() not in scene.words:
        return True
    if (coming := _COMES.search(sentence)) and coming[0].split()[-1].lower() not in scene.words:
        return True
    if any(name.lower() not in scene.known for name in _CAPITAL_INSIDE.findall(sentence)):
        return True
    stems = _stems(sentence)
    return any(len(deed) > 1 and deed <= stems for deed in scene.open_deeds)


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _EMPTY_WORDS and len(word) > 2)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word.removesuffix(ending)
    return word
