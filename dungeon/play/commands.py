"""Every command there is, once: key, slash word, palette, help and the README's table all come from here.

A line that does not start with `/` is something the player does, says (in quotes) or, when empty, the wish to go on.
"""

from dataclasses import dataclass

from corpus.actions import read_input
from corpus.text import did_you_mean
from corpus.turns import Kind
from dungeon.errors import DungeonError


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    """What follows the slash."""
    summary: str
    key: str = ""
    """Textual's name of the key, unless the player has chosen another; "" for none."""
    argument: str = ""
    """What may follow, as help shows it; what is in brackets may be left out."""
    group: str = ""


_PLAY, _TREE, _KNOW, _SET, _KEEP = "Play", "The story tree", "What the voice knows", "Settings", "Adventures"
COMMANDS = (
    Command("do", "Do something: open the door. A bare line is the same.", "", "WORDS", _PLAY),
    Command("say", 'Say something. A line that starts with a quote is the same: "Who is there?"', "", "WORDS", _PLAY),
    Command("story", "Write the next lines of the story yourself.", "", "WORDS", _PLAY),
    Command("continue", "Let the story go on. An empty line is the same.", "", "", _PLAY),
    Command("retry", "Another answer to the last action. The old one is kept.", "ctrl+r", "", _PLAY),
    Command("left", "The take before this one. The left arrow on an empty line is the same.", "alt+left", "", _PLAY),
    Command("right", "The take after this one. The right arrow on an empty line is the same.", "alt+right", "", _PLAY),
    Command("undo", "Back one turn, or before your last edit. Both are kept.", "ctrl+z", "", _PLAY),
    Command("redo", "Forward again.", "ctrl+y", "", _PLAY),
    Command("edit", "Change the text of the last turn, or of turn N. The old text is kept.", "ctrl+e", "[N]", _PLAY),
    Command("suggest", "Have the voice suggest what you might do. A number picks one.", "ctrl+g", "", _PLAY),
    Command("mode", "Change what a bare line means: do, say or story.", "tab", "", _PLAY),
    Command("stop", "Stop the storyteller, keep what came. Enter alone finishes the sentence.", "escape", "", _PLAY),
    Command("print", "Show the last turns again.", "", "", _PLAY),
    Command("tree", "The whole adventure as a tree: walk it, go on from anywhere.", "f5", "", _TREE),
    Command("go", "Go to turn N of the tree; 0 is the opening.", "", "N", _TREE),
    Command("takes", "All takes of the last turn, and what differs between them.", "f6", "[N]", _TREE),
    Command("compare", "What differs between this branch and the one that ends in turn N.", "", "N", _TREE),
    Command("bookmark", "Bookmark this turn, or take the bookmark away.", "ctrl+b", "", _TREE),
    Command("name", "Give this place in the tree a name.", "", "WORDS", _TREE),
    Command("memory", "What the voice always knows.", "f2", "[WORDS]", _KNOW),
    Command("note", "The author's note: a word on style, close to the end.", "", "[WORDS]", _KNOW),
    Command("cards", "Lore that enters when it is named.", "", "", _KNOW),
    Command("card", "Add a card: words that call it, a colon, what the voice is to know.", "", "KEYS: WORDS", _KNOW),
    Command("uncard", "Take card N away.", "", "N", _KNOW),
    Command("summary", "What happened before the turns that the voice still sees.", "", "[WORDS]", _KNOW),
    Command("context", "Exactly what the voice will see, and why.", "f3", "", _KNOW),
    Command("settings", "How the voice draws its words, suggestions, looks, keys.", "f4", "", _SET),
    Command(
        "set",
        "Change a setting here (/set all NAME VALUE: everywhere); without a value, give it back.",
        "",
        "NAME [VALUE]",
        _SET,
    ),
    Command("preset", "Take the settings of that name, or save those of now.", "", "[[save] NAME]", _SET),
    Command("theme", "The next theme, or that one.", "f7", "[NAME]", _SET),
    Command("shelf", "All adventures: search, rename, tag, export.", "ctrl+o", "[SEARCH]", _KEEP),
    Command("new", "Leave this adventure, which is kept, and choose another.", "ctrl+n", "", _KEEP),
    Command("rename", "Give this adventure another title.", "", "WORDS", _KEEP),
    Command("tag", "Tag this adventure; commas between tags, none takes them away.", "", "[TAGS]", _KEEP),
    Command("export", "Write the story to a file, as Markdown or text by its ending.", "", "[FILE]", _KEEP),
    Command("copy", "Copy the last turn to the clipboard.", "", "", _KEEP),
    Command("purge", "Take turn N and all that follows it off the disk, for good.", "", "N", _KEEP),
    Command("help", "Show this list.", "f1", "", _KEEP),
    Command("quit", "Leave. Everything is saved already.", "ctrl+q", "", _KEEP),
)
BY_NAME = {command.name: command for command in COMMANDS}
_NUMBERS = ("1", "2", "3", "4")
"""What picks a suggestion: nobody does a mere number."""
PLAYS = {"do": Kind.DO, "say": Kind.SAY, "story": Kind.STORY, "continue": Kind.CONTINUE}


@dataclass(frozen=True, slots=True)
class Request:
    """What a line asks for: a turn of some kind, or another command."""

    command: str
    kind: Kind | None = None
    words: str = ""


def read_line(line: str, mode: Kind = Kind.DO, suggestions: tuple[str, ...] = ()) -> Request:
    """What the player wants. A number alone picks a suggestion.

    Raises:
        DungeonError: the slash is followed by no command of ours, words are missing or too many, or there is no
            suggestion of that number.
    """
    text = line.strip()
    if text.startswith("/"):
        name, *rest = text[1:].split(maxsplit=1) or [""]
        return _named(name.lower(), "".join(rest))
    if text in _NUMBERS:
        if int(text) > len(suggestions):
            raise DungeonError(f"There is no suggestion {text} yet. /suggest has the voice write some.")
        text = suggestions[int(text) - 1]
        mode = Kind.DO
    kind, words = read_input(text)
    if kind is Kind.DO and mode is not Kind.DO:
        kind = mode
    if kind is Kind.STORY:
        words = text  # its line breaks are the author's
    return Request(kind.value, kind, words)


def _named(name: str, rest: str) -> Request:
    if name not in BY_NAME:
        hint = did_you_mean(f"/{name}", (f"/{known}" for known in BY_NAME))
        raise DungeonError(f"There is no command /{name[:30]}.{hint} /help lists them.")
    command = BY_NAME[name]
    if command.argument and not command.argument.startswith("[") and not rest:
        what = "words" if command.argument == "WORDS" else "more"
        raise DungeonError(f"/{name} needs {what}: /{name} {command.argument}")
    if rest and not command.argument:
        raise DungeonError(f"/{name} stands alone; what follows it ('{rest[:30]}') means nothing to it.")
    return Request(name, PLAYS.get(name), rest)


def number_of(request: Request) -> int:
    """The number that a command was given.

    Raises:
        DungeonError: it is none.
    """
    if len(request.words) > 9 or not request.words.isdecimal():
        raise DungeonError(f"/{request.command} takes a number: /{request.command} {BY_NAME[request.command].argument}")
    return int(request.words)
