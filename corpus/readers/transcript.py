r"""Read text with the player's lines, `> open the door`, as turns: transcripts, exports, AI Dungeon's text.

    text = isolate_actions(text)                    # before the text is read as paragraphs
    if is_transcript(document.blocks):              # in whatever file format they were
        story = transcript_to_story(document, source)

A text is a transcript if nearly all of its lines that begin with `>` say what to do; those of quoted letters don't.
Abbreviations of text adventures are written out (`x lamp`: examine lamp); commands to the program (`save`) are left
out, with their answers.

`FORMATS` reads the text that AI Dungeon was trained on (`text_adventures.txt`) and others with its marks,
`<|startoftext|>` and `<|endoftext|>`. A sample there that begins with a passage of the one before is a branch of it, so
the samples of a story become one again.

Limits: a branch in an export of this game is found by the first words of the turn that it follows, so it may be put
after another turn that begins alike. A sample that doesn't stand with the others of its story is a story of its own.
"""

import re
from collections.abc import Iterator, Sequence

from corpus.grammar import begins_with_verb, first
from corpus.readers.document import PARAGRAPH, Block, Document
from corpus.readers.playthrough import ROOT, Playthrough
from corpus.readers.source import Format, Source
from corpus.story import NoStoryError, Story
from corpus.text import one_line
from corpus.turns import PARAGRAPH as BLANK_LINE
from corpus.words import DIRECTIONS, word_set

_ACTION_LINE = re.compile(r"^[ \t]*\**>[ \t]*(?![>!])(\S[^\n]{0,400})$(?!\n[ \t]*\**>)", re.MULTILINE)
_ACTION = re.compile(r">[\s>]*(\S[^\n]*)(?:\n(.*))?", re.DOTALL)
_LONGEST = 200
"""Characters; a longer line is a quotation."""
_FEW = 3
_MOST = 0.75
"""The share of lines with `>` that say what to do. In transcripts it is nearly all, in quotations a tenth."""
_ABBREVIATIONS = {
    "n": "go north", "s": "go south", "e": "go east", "w": "go west", "ne": "go northeast", "nw": "go northwest",
    "se": "go southeast", "sw": "go southwest", "u": "go up", "d": "go down", "l": "look", "i": "take inventory",
    "inv": "take inventory", "inventory": "take inventory", "z": "wait", "g": "do it again", "again": "do it again",
    "x": "examine",
}  # fmt: skip
_TO_THE_PROGRAM = word_set("""
    about brief credits help hint hints load notify quit q restart restore save score script superbrief transcript undo
    unscript verbose version
    """)
_OVER = re.compile(r"\W*(?:\*\*\*.*\*\*\*|the end|game over)\W*", re.IGNORECASE)
_BRANCH = re.compile(r"(?:Part \d+: )?(?:After “(.*)”: |From the opening: ).+")
_HEADING = 28
"""Characters of a turn in the heading of a branch."""
_MARK = re.compile(r"<\|(?:start|end)oftext\|>")
_SAMPLE_LINE = re.compile(r"^[ \t]*>[ \t]*([^\n]*)$", re.MULTILINE)
"""The player's line in a sample; without words, the story continued by itself."""
_TITLE = 60


def isolate_actions(text: str, mark: str = ">") -> str:
    """Return a text with blank lines around the player's lines, which then begin with `mark`."""
    if ">" not in text:
        return text
    lines = [match[1] for match in _ACTION_LINE.finditer(text)]
    if not _are_actions(lines):
        return text
    return _ACTION_LINE.sub(lambda match: f"\n{mark} {match[1].rstrip('*')}\n", text)


def is_transcript(blocks: Sequence[Block]) -> bool:
    """Return whether paragraphs that begin with `>` are what a player did or typed."""
    paragraphs = [block.text for block in blocks if block.level == PARAGRAPH]
    actions = [text for text in paragraphs if text.startswith(">")]
    return 0 < len(actions) < len(paragraphs) and _are_actions([text.lstrip("> ") for text in actions])


def _are_actions(lines: Sequence[str]) -> bool:
    known = sum(_is_action(line) for line in lines)
    few = len(lines) < _FEW and not all(line.startswith("You ") for line in lines)
    return bool(lines) and not few and known >= _MOST * len(lines)


def _is_action(line: str) -> bool:
    words = line.split("\n")[0].strip().rstrip("*")
    word = first(words)
    if not word or len(words) > _LONGEST:
        return False
    known = word in ("you", "i") or word in DIRECTIONS or word in _ABBREVIATIONS or word in _TO_THE_PROGRAM
    return known or words.startswith('"') or begins_with_verb(words)


def transcript_to_story(document: Document, source: Source) -> Story:
    """Return the story of a transcript. Raise NoStoryError if it has no prose."""
    play = Playthrough(source, keeps_lines=True)
    play.left_out.update(document.left_out)
    play.notes += document.notes
    title, blocks = _title(document)
    piece, action, skipping = ROOT, "", False
    prose: list[str] = []
    ends: dict[str, int] = {}  # by the first words of a turn, as an export names it: the last piece of the turn

    def end_turn() -> None:
        nonlocal piece, action
        is_over = len(prose) > 1 and _OVER.fullmatch(prose[-1]) is not None
        text = BLANK_LINE.join(prose[:-1] if is_over else prose)
        piece = play.add_prose(piece, text)
        ends[_first_words(action or text)] = piece
        if "" not in ends and piece != ROOT:
            ends[""] = piece  # the opening
        if is_over:
            play.mark_ending(piece)
        action = ""
        prose.clear()

    for block in blocks:
        branch = _BRANCH.fullmatch(block.text)
        line = _ACTION.fullmatch(block.text) if block.level == PARAGRAPH else None
        if branch or line:
            end_turn()
            skipping = False
        if branch:
            skipping = (branch[1] or "") not in ends
            play.left_out["branch whose place is not known"] += skipping
            piece = ends.get(branch[1] or "", ROOT)
        elif line:
            action = one_line(line[1])
            skipping = action.lower().rstrip(".") in _TO_THE_PROGRAM or first(action) in ("script", "transcript")
            play.left_out["command to the program"] += skipping
            if not skipping:
                piece = play.add_action(piece, _written_out(action))
                prose += [line[2]] if line[2] and line[2].strip() else []
        elif block.level == PARAGRAPH and not skipping:
            prose.append(block.text)
    end_turn()
    if not play.has_prose:
        raise NoStoryError(f"There is no prose in {source.name}, only what the player typed.")
    return play.to_story(title)


def _first_words(text: str) -> str:
    """Return how an export of this game names a turn in the heading of a branch (`dungeon.tale.transcript`)."""
    words = one_line(text)
    return words if len(words) <= _HEADING else words[:_HEADING].rsplit(" ", 1)[0] + " …"


def _title(document: Document) -> tuple[str, list[Block]]:
    """Return the title, which may be a first line that isn't a sentence, and the blocks after it."""
    blocks = document.blocks
    head = blocks[0] if blocks else None
    lines = head.text.split("\n") if head else []
    if not lines or not all(len(line) <= _TITLE and line[-1:].isalnum() for line in lines):
        return document.title, blocks
    is_title = blocks[0].level > PARAGRAPH or (not document.title and not lines[0].startswith(">"))
    return (document.title or lines[0], blocks[1:]) if is_title else (document.title, blocks)


def _written_out(words: str) -> str:
    """Return a command of a text adventure in words."""
    word, space, rest = words.partition(" ")
    meant = _ABBREVIATIONS.get(word.rstrip(".").lower()) if word != "I" else None
    if meant is None or (rest and word.lower() not in ("x", "l", "g")):
        return words
    return meant + space + rest


# ---- the text that AI Dungeon was trained on -----------------------------------------------------------------


def _has_marks(source: Source) -> bool:
    return _MARK.search(source.head_text) is not None and "\n>" in source.head_text


def _read_samples(source: Source) -> Iterator[Story]:
    """Yield the stories of a text with marks, each from the samples that have a passage in common."""
    play, number = Playthrough(source), 0
    known: dict[str, int] = {}  # the passages of the current story
    for sample in filter(str.strip, _MARK.split(source.text)):
        opening, *rest = _SAMPLE_LINE.split(sample)
        if known and opening.strip() not in known:
            number += 1
            yield play.to_story(f"{source.stem} {number}")
            play, known = Playthrough(source), {}
        parent = known.get(opening.strip(), ROOT)
        if parent == ROOT:
            parent = known[opening.strip()] = play.add_prose(ROOT, opening)
        for words, prose in zip(rest[::2], rest[1::2], strict=True):
            parent = play.add_prose(play.add_action(parent, words), prose)
            known[prose.strip()] = parent
        play.mark_ending(parent)
    if not play.has_prose:
        raise NoStoryError(f"There is no prose in {source.name}.")
    yield play.to_story(f"{source.stem} {number + 1}" if number else "")


FORMATS = (
    Format(
        "AI Dungeon training text",
        (),
        _has_marks,
        _read_samples,
        about="text_adventures.txt and others with its marks: the samples of a story become its tree again.",
    ),
)
