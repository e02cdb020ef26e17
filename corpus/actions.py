"""Turn the player's words into the sentence of an action: `open my pack` -> `You open your pack.`

    action_line(*read_input("open my pack"))
    action_line(Kind.SAY, "who is there?")

The game uses it for what is typed, the builder for choice labels (`corpus.labels`), so that a model is trained on
actions in the form that it will get. The kinds of lines:

- something to do: after "You", in the second person outside quotation marks. "We" as the subject becomes "you", because
  an action is the player's; "us" and "we" further on stay, because the player may have companions;
- speech, quoted or clearly meant as such (`Who are you?`, `No, thanks`, `Give me the key`): `You say "..."`;
- a thing or a person: `You choose ...`; a direction: `You go ...`; another language: `You choose "..."`;
- what somebody else does: `You wait, and he runs.`, or speech if it mentions the speaker (`It's my fault`).

Limits: English, judged by the first words (`corpus.grammar`). Standard library only, because the game imports it.
"""

import re

from corpus.grammar import (
    CONJUNCTIONS,
    action_after_clause,
    begins_with_verb,
    first,
    foreign,
    inflected,
    lower,
    of_others,
    spoken_words,
)
from corpus.person import second_person, we_to_you
from corpus.text import printable
from corpus.turns import Kind
from corpus.words import (
    DETERMINERS,
    DIRECTIONS,
    DOUBTFUL,
    IS,
    JOINS,
    LY_VERBS,
    NUMBERS,
    OLD,
    OTHERS,
    PRONOUNS,
    STUFF,
    THINGS,
    VERBS,
    WAYS,
    word_set,
)

QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})
"""Maps typographic quotation marks to typed ones."""

SPEECH_VERBS = word_set("""
    add admit agree announce answer argue ask beg bellow call confess cry demand explain growl hiss insist joke lie moan
    mumble murmur mutter order plead promise reply respond roar say scream shout sigh snap sob suggest tell think warn
    whisper yell
    """)
"""Verbs that may follow `"...," I ...` and say how it was said."""


def read_input(raw: str) -> tuple[Kind, str]:
    """Return what a bare line most likely means: speech if it is quoted, nothing, or something to do."""
    text = " ".join(raw.split()).translate(QUOTES)
    if not text:
        return Kind.CONTINUE, ""
    return (Kind.SAY if text.startswith('"') else Kind.DO), text


def action_line(kind: Kind, raw: str) -> str:
    """Return the player's words as the sentence of an action; "" if there is no action to write.

    >>> action_line(Kind.DO, "open my pack")
    'You open your pack.'
    >>> action_line(Kind.SAY, "who is there?")
    'You say "Who is there?"'
    """
    if kind in (Kind.STORY, Kind.CONTINUE):
        return ""
    text = " ".join(printable(raw).translate(QUOTES).lstrip("> \t\n").split())
    if not text.strip('" '):
        return ""
    return spoken(text) if kind is Kind.SAY else done(text)


_SAID = re.compile(r'"([^"]*)"\s*(?:I|i|you|we)\s+(\w[^"]*)(?:"([^"]*)"?)?')
_DEED = re.compile(r",? (?=(?:and|then|but|while) )|, (?=\w+ing\b)|[.!] (?=[A-Z])")
_JOIN = re.compile(r"(?:and|then|but|while) ")


def spoken(text: str) -> str:
    """Return `"Run," I tell Ito` as `You tell Ito "Run."`; any other text is what is said."""
    match = _SAID.fullmatch(text)
    if match and (first(match[2]) in SPEECH_VERBS or (" " not in match[2].strip() and not match[1].endswith("."))):
        words, clause, more = match.groups()
        clause = clause.rstrip()
        if more:
            # Interrupted speech: `"Lower it," I tell Ito, "and run."`.
            words = (re.sub(r",\s*$", ".", words) if clause.endswith(".") else words) + " " + more.lstrip()
            return f"You {second_person(clause).rstrip('.,!')} {_quoted(words)}"
        clause, *action = _DEED.split(second_person(clause), maxsplit=1)
        start = f"You {clause.rstrip('.,!')} "
        return start + (f"{_quoted_before(words)} {_deed(action[0])}" if action else _quoted(words))
    if text.count('"') == 2 and text.startswith('"') and not text.endswith('"'):
        # Speech, then an action: `"Stay back!" and raise the lamp`.
        words, rest = text[1:].split('"')
        rest = rest.strip(" ,")
        if rest.strip(" ."):
            return f"You say {_quoted_before(words)} {_deed(second_person(rest))}"
        return f"You say {_quoted(words)}"
    return f"You say {_quoted(text.strip(chr(34) + ' '))}"


def _deed(text: str) -> str:
    """Return the action that follows speech, as the end of the sentence."""
    if _JOIN.match(text):
        return sentence(text)
    text = re.sub(r"^you ", "", text, flags=re.IGNORECASE)
    return sentence(("and " if begins_with_verb(text) else "") + text[:1].lower() + text[1:])


def _quoted_before(words: str) -> str:
    """Return quoted speech after which the sentence continues: `"Fine,"`."""
    words = _quoted(words)[1:-1]
    return f'"{words[:-1] + "," if words.endswith(".") and not words.endswith("..") else words}"'


def _quoted(words: str) -> str:
    words = words.strip().replace('"', "'")
    if words.endswith(","):
        words = words[:-1] + "."
    if words and words[-1].isalnum():
        words += "."
    return f'"{words[:1].upper()}{words[1:]}"'


_OF_SPEAKER = re.compile(r"\b(?:I|i|[Mm]e|[Mm]y|mine|[Ww]e|us|[Oo]ur)\b")
_AND_I = re.compile(r"((?:[Mm]y|[Tt]he|[A-Z]\w+)(?: \w+)?) and (?:I|i)\b(?=\s+[a-z])")
_ME_AND = re.compile(r"[Mm]e (and \w+(?: \w+)?)\b")


def done(text: str) -> str:
    """Return an action, or whatever else the line turns out to be, as a sentence about "you". `text` is not empty."""
    if not text[0].isalnum():
        bare = text.lstrip("'.,!?…:;()* ").replace(")", "")
        if not bare[:1].isalnum():
            return sentence(f"You {second_person(text)}")  # an emoji, for example
        text = bare
    if text.isupper() and (len(text) > 4 or text.rstrip("!").lower() in VERBS):
        text = text.lower()
    if text.isdecimal():
        return f"You {text}."  # it may mean something in the player's story
    word, rest = first(text), text.partition(" ")[2]
    speech = spoken_words(text, word, rest)
    if speech:
        return f"You say {_quoted(speech)}"
    if "?" in text:
        bare = text.rstrip("?!")  # not speech, so the question mark goes
        text = bare if bare and "?" in text[len(bare) :] else text
    return _with_subject(text, word) or _imperative(text, word, rest) or _other(text, word, rest)


def _with_subject(text: str, word: str) -> str:
    """Return a line that has its own subject, or starts with a clause, as a sentence; "" for another line."""
    after_clause = action_after_clause(text) if word in CONJUNCTIONS else ""
    if after_clause:
        return _you(after_clause)
    if subject_after_phrase(text):
        return _subject(subject_after_phrase(text))
    if word == "about" and " " in text:
        return _you(f"ask {lower(text)}")
    if word in ("i", "you", "we", "we're", "we've", "we'll", "we'd") or word.startswith(("i'", "you'")):
        return _subject(text)
    if " and " in text and (_ME_AND.match(text) or _AND_I.match(text)):
        return _subject(_me_first(text))
    return ""


_AFTER_PHRASE = re.compile(
    r"((?:without|instead of|with|despite|as|in|for|like) [^,.\"]+), ((?:I|you|we) [^\".!?]+)([.!…]*)", re.IGNORECASE
)


def subject_after_phrase(text: str) -> str:
    """Return `Without a word, I leave.` with its subject first: `I leave without a word.`; "" for another line."""
    match = _AFTER_PHRASE.fullmatch(text)
    return f"{match[2]} {lower(match[1])}{match[3]}" if match else ""


def _imperative(text: str, word: str, rest: str) -> str:
    """Return a line that says what to do as a sentence; "" for another line."""
    if word in ("be", "don't") and rest:
        text = re.sub(r"^(?:do not|don't) be\b", "are not", text, flags=re.IGNORECASE)
        return _you(re.sub(r"^be\b", "are", text, flags=re.IGNORECASE))
    if begins_with_verb(text):
        return _you(text)
    if word in _OPENERS:
        following = rest.lstrip(" ,")
        if begins_with_verb(following) or first(following) in ("i", "you"):
            return done(following)
    if (word.endswith("ly") and word not in LY_VERBS) or word in ("just", "also", "always"):
        if not rest:
            return _you(f"do it {lower(text)}")
        if begins_with_verb(rest):
            return _you(text)
    base_form = inflected(text)
    return _you(base_form) if base_form else ""


_OPENERS = word_set("and or then but so instead now to first finally")


def _other(text: str, word: str, rest: str) -> str:
    """Return a line that is not an action as it stands: a direction, what somebody else does, or a thing."""
    following = first(rest)
    if word in DIRECTIONS and (
        not rest or following in WAYS or following in JOINS or following in DIRECTIONS or text[len(word)] == ","
    ):
        return _you(f"go {lower(text)}")
    if rest and (word in WAYS or word in ("on", "by")) and (word != "at" or following in DETERMINERS):
        return _you(f"go {'to' + text[2:] if word == 'at' else lower(text)}")
    if of_others(text):
        mine = _OF_SPEAKER.search(text) and not IS.isdisjoint(text.split())  # He is my brother; not: He hits me
        if mine or "'" in word or (word in OTHERS and text.endswith("!")):
            return f"You say {_quoted(text)}"
        action = lower(text) if word in OTHERS or word in DETERMINERS else text
        return sentence(f"You wait, and {second_person(action)}")
    if word == "nothing" and not rest:
        return "You do nothing."
    if word == "me" and not rest:
        return "You choose yourself."
    if foreign(text):
        return f"You choose {_quoted(text)}"
    return sentence(f"You choose {second_person(_thing(text, word, rest))}")


_SMALL = DETERMINERS | PRONOUNS | OTHERS | NUMBERS | OLD | JOINS


def _thing(text: str, word: str, rest: str) -> str:
    """Return a thing in the form it has inside a sentence: `the dark forest`, `Queen Marisol`, `plan B`."""
    if word in _SMALL or first(rest) == "else":
        return lower(text)
    words = rest.rstrip(".!…").split()
    if text[0].isdigit():
        return text
    if not words:
        if word in THINGS or (word in DOUBTFUL and word not in STUFF):
            return "the " + lower(text)
        common = word in STUFF or word.endswith("ed") or word.removesuffix("s") in THINGS or _ABSTRACT.search(word)
        return lower(text) if common else text
    if re.fullmatch(r"[A-Z]|\d+", words[-1]) and len(words) == 1:
        return lower(text)
    if (
        JOINS.isdisjoint(words)
        and NUMBERS.isdisjoint(words)
        and len(words) < 4
        and all(w.isalpha() and w.islower() for w in words)
    ):
        last = words[-1]
        countable = last in THINGS or not (last in STUFF or (last.endswith("s") and not last.endswith("ss")))
        return ("the " if countable else "") + lower(text)
    if words[0][0].isupper():
        return text  # Doctor Amari
    known = word in THINGS or word in STUFF or (word.endswith("s") and not word.endswith("'s"))
    return lower(text) if known or not NUMBERS.isdisjoint(words) else text


_ABSTRACT = re.compile(r"(?:tion|sion|ness|ment|ity|ence|ance|ism|ship|hood|ing)s?$")


def _me_first(text: str) -> str:
    """Return `Bob and I`, `Me and Bob` as `I and Bob`, because the sentence is to begin with "You"."""

    def swapped(match: re.Match[str]) -> str:
        return f"I and {lower(match[1]) if first(match[1]) in DETERMINERS else match[1]}"

    return _AND_I.sub(swapped, _ME_AND.sub(r"I \1", text))


def _subject(text: str) -> str:
    """Return a line that begins with I, we or you as a sentence."""
    word = text.partition(" ")[0]
    if word != "I":
        text = word.lower() + text[len(word) :]
    if text.startswith("we"):
        text = we_to_you(text)
    text = second_person(text)
    if text[0] in "Ii":  # what looked like an initial: `I. A`
        text = "you" + text[1:]
    return sentence("Y" + text[1:])


def _you(text: str) -> str:
    return sentence("You " + second_person(lower(text)))


def sentence(text: str) -> str:
    """Return `text` with a full stop if it has no end mark; inside a closing quotation mark."""
    if text.count('"') % 2:
        text += '"'
    if text.endswith('"') and len(text) > 1:
        inner = text[:-1].rstrip()
        return inner + ('."' if inner[-1:].isalnum() else '"')
    text = text.rstrip(" ,;:")
    if text.endswith("!!"):
        text = text.rstrip("!") + "!"
    return text if text.endswith((".", "!", "?", "…", ".)")) else text + "."
