"""Turn the label of a choice into an action line: `2) Open the door (p. 5)` -> `You open the door.`

    label_action("I run!")             # 'You run!'
    label_action("The cave")           # 'You choose the cave.'
    label_action("Years later...")     # '': the story continues by itself
    label_action("The cave", only=True)  # '': the passage's only link, and no deed

Decoration is removed first (numbers, bullets, brackets, arrows, emoji, page numbers, prices and skills), then
`corpus.actions` reads the label like the player's input. The action is empty if the label only turns the page or works
the site ("Continue", "Play again", "2"), and if it is the narrator's: a time or a chapter ("The next morning"), or what
somebody else does ("He runs"), because a player could not have typed it. The only link of a passage is mostly the
title of the next one or some words of the prose, so it is an action only if it says what to do or what is said.

Limits: English. Two of the narrator's labels in one passage get the same empty action, though their passages differ.
"""

import re

from corpus.actions import QUOTES, action_line, done, sentence, spoken, subject_after_phrase
from corpus.grammar import action_after_clause, begins_with_verb, first, inflected, lower, of_others, uninflected
from corpus.text import one_line
from corpus.title_case import is_title_case, sentence_case
from corpus.turns import Kind
from corpus.words import DOUBTFUL, PASTS, SAID, SAID_ALONE, THIRDS, VERBS, word_set

_PICTURES = r"[\u2190-\u2bff\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d\u20e3]"
_EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_PLACE = r"(?:page|section|passage|paragraph|chapter|entry|number|pg\.?|p\.)"
_TURN = rf"(?:turn|go|proceed|skip) to (?:the )?(?:{_PLACE}\s*)?\d+"
_HINT = r"(?:requires?|required|needs?|costs?|locked|gold|coins?|page|pg|turn to|goto|lv|lvl|dc|once)"
_FRONT = re.compile(
    rf"(?:{_PICTURES}|[-–—•·►▶»>=+~|\s])+"
    r"|\*+\s+"
    r"|\.\.\.\s*(?=\w)|…\s*(?=\w)"
    r"|[(\[]?(?:\d{1,3}|[A-Ha-h])[)\].:]+\s+(?=\S)"
    r"|#?\d{1,3}\s*[:.)–-]\s+"
    r"|(?:option|choice|answer|path)\s*#?(?:\d{1,2}|[A-Za-z])\s*[:.)–—-]+\s*"
    r"|\[[^\]]{1,40}\]\s+(?=(?-i:[A-Z\"']))"
    r"|\([^)]{0,40}\d[^)]{0,40}\)\s+(?=(?-i:[A-Z\"']))",
    re.IGNORECASE,
)
_BACK = re.compile(
    rf"(?:\s*{_PICTURES})+$"
    r"|\s*[>»]+$"
    rf"|\s*[(\[{{][^()\[\]{{}}]*(?:\d|\b{_HINT}\b)[^()\[\]{{}}]*[)\]}}]\s*(?P<end>[.!]?)$"
    rf"|[.,;:–-]*\s*(?:->|=>)?\s*\b{_TURN}\.?$"
    r"|(?:\s+[–—-]|:)\s+\d{1,3}$"
    r"|(?<=\")\s*[(\[][^()\[\]]{1,40}[)\]]$"
    r"|(?<=[.!?])\s*[(\[](?-i:[A-Z])[^()\[\]]{1,40}[)\]]$",
    re.IGNORECASE,
)
_WRAPPED = re.compile(
    r"\[([^\[\]]+)\]|\(([^()]+)\)|\{([^{}]+)\}|<([^<>]+)>|\*\*([^*]+)\*\*|__([^_]+)__|_([^_]+)_|~([^~]+)~"
)
_STAGED = re.compile(r"\*([^*]+)\*\s*(.*)")
_MANNER = re.compile(r"[(\[](\w+)[)\]]\s*(\".*)")
_GAMEBOOK = re.compile(
    r"if (?:you|i) (?:(?:want|wish|would like|would rather|decide|choose|prefer)(?:ed)? (?:to )?)?(.+?),? "
    rf"(?:then )?{_TURN}\.?",
    re.IGNORECASE,
)
_STATE = word_set("are were am is have had do did don't lose lost win won fail failed succeed survive can can't cannot")
"""After "if you": the game's question, not what the reader decides."""
_SINGLE_QUOTES = re.compile(r"'((?:[^']|(?<=\w)'(?=\w))+)'(?=$|[\s,.])")


def label_action(label: str, only: bool = False) -> str:
    """Return the label of a choice as an action line; "" if it only turns the page, or is the narrator's.

    `only` says that the passage has no other choice, and nobody played it: then there is no action unless it is a deed.

    >>> label_action("1. Open the door (turn to 42)")
    'You open the door.'
    """
    line = _simple_action(label) if label.isascii() else ""
    if line:
        return line
    text = one_line(label).removeprefix("» ").translate(QUOTES)
    if len(text) <= _LONGEST and not _BARE.fullmatch(text):
        text = _without_decoration(text)
    titled, text = text, sentence_case(text) if len(text) <= _LONGEST else text
    verb = text.partition(" ")[0].lower()
    if verb in _SURE and "comment" not in text and not _NUMBERED.search(text) and begins_with_verb(text):
        return done(text)
    words = _NOT_WORDS.sub(" ", text).strip().lower()
    if not words:
        if '"' in text:
            return action_line(Kind.SAY, text)
        return f"You choose {''.join(text.split())}." if _EMOJI.search(text) and not only else ""
    if text[0] != '"' and (_PAGE.fullmatch(words) or _UNFINISHED.fullmatch(text) or _OVER.search(text)):
        return ""
    if (only or len(text) > _LONGEST) and not _is_deed(titled):
        return ""
    return _worded_action(text)


def _simple_action(label: str) -> str:
    """Return the action of an ASCII label that is a verb with plain words, or quoted speech; "" for another label.

    Most labels are like this and need none of the slower rules.
    """
    words = label.rstrip(".!").split(" ")
    verb = words[0].lower()
    if (
        verb in _SURE
        and _PLAIN.fullmatch(label)
        and _NEEDS_RULES.isdisjoint(words)
        and words[1:2] != ["of"]
        and (label[1:].islower() or not is_title_case(words))
    ):
        return f"You {verb}{label[len(verb) :]}" + ("" if label[-1] in ".!" else ".")
    return spoken(label) if _SAID.fullmatch(label) else ""


def _worded_action(text: str) -> str:
    """Return the action of a label with words and without decoration; "" for one of the narrator's."""
    if text.startswith("'") and '"' not in text:
        text = _SINGLE_QUOTES.sub(r'"\1"', text)
    if text.startswith('"'):
        return "" if _OTHER_SPEAKER.search(text) else spoken(text)
    directions = _stage_directions(text)
    if directions:
        return directions
    if _is_narration(text):
        return ""
    if _QUESTION_FIRST.match(text) or (
        text.endswith((".", "!")) and _STATEMENT.match(text) and not begins_with_verb(text)
    ):
        return spoken(text)
    line = done(text)
    return "" if line.startswith("You wait, and ") and of_others(text) else line


_QUESTION_FIRST = re.compile(r"[^\"?]*\w\? \w")
_STATEMENT = re.compile(
    r"(?!(?:I|you|we)\b)(?:[\w']+ ){1,5}?(?:is|was|are|were|must|should|would|could|might|may"
    r"|(?:is|was|are|were|can|could|wo|would|does|do|did)n't)\b(?! (?:I|you|we)\b)",
    re.IGNORECASE,
)
"""A whole sentence on how things are (`There must be a way out.`): what the player says, not what happens."""


def _is_deed(text: str) -> bool:
    """Return whether the only link of a passage says what the player does or says, and isn't the next one's title."""
    if text[0] in "\"'*([":
        return True
    word, rest = first(text), text.partition(" ")[2]
    if word in PASTS or (word == "never" and first(rest) in PASTS) or (word.endswith("ed") and word not in VERBS):
        return False
    if sum(other[:1].isupper() for other in rest.split()) > 1 and (word in DOUBTFUL or word not in VERBS):
        return False  # Dance with the Dead; You Made It to the Coast
    if word in ("i", "you", "we") or word.startswith(("i'", "you'", "we'")):
        return bool(rest)
    openers = word in _LEADS or (word.endswith("ly") and begins_with_verb(rest))
    return begins_with_verb(rest if openers else text) or word == "don't"


_LONGEST = 300
"""Characters of a label that may have decoration; a longer one is misplaced prose, unless it is a deed."""
_PLAIN = re.compile(r"[A-Z]?[a-z]+(?: [A-Za-z]+)*[.!]?")
_SAID = re.compile(r'"[!#-~]+(?: [!#-~]+)*"')
_BARE = re.compile(r"(?!(?:option|choice|answer|path)\b)(?:I |[A-Za-z']{2})[A-Za-z ,.!'-]*[a-z.!?]", re.IGNORECASE)
_NOT_WORDS = re.compile(r"[\W_]+")
_NEEDS_RULES = word_set(
    "I i me my mine myself My Me Mine us page game story end start beginning menu comment comments review"
)
_SURE = (
    VERBS
    - DOUBTFUL
    - SAID
    - SAID_ALONE
    - word_set(
        """
        be begin can click close come comment confirm continue could discover dismiss do don't end exit find finish go
        have learn let load must never open play please press proceed quit rate read replay reset restart retry return
        review save see should show skip start submit tap tell thank turn undo view vote will would
        """
    )
)
"""Verbs that always begin an action, whatever follows."""


def _without_decoration(text: str) -> str:
    """Return the label without its number, bullet, brackets, arrows, emoji, prices and page numbers."""
    match = _GAMEBOOK.fullmatch(text)
    if match:
        return "" if first(match[1]) in _STATE else match[1]
    for _ in range(6):
        before = text
        match = _WRAPPED.fullmatch(text)
        if match:
            text = next(filter(None, match.groups())).strip()
        match = _FRONT.match(text)
        if match and _has_words(text[match.end() :]):
            text = text[match.end() :]
        match = _BACK.search(text)
        if match and _has_words(text[: match.start()]):
            text = text[: match.start()].rstrip() + (match["end"] or "")
        if text == before:
            break
    return text


def _has_words(text: str) -> bool:
    return bool(_NOT_WORDS.sub("", text))


def _stage_directions(text: str) -> str:
    """Return stage directions, alone or before speech (`*sighs* "Fine."`, `(Whisper) "Come."`), as an action; or ""."""
    match = _STAGED.fullmatch(text)
    if match:
        action, rest = match[1].strip(), match[2].strip()
        is_third_person = action.partition(" ")[0].lower() in THIRDS
        line = done(uninflected(action, THIRDS) if is_third_person else inflected(action) or action)
        if rest.startswith('"'):
            return line.rstrip(".!") + spoken(rest).replace("You say", " and say", 1)
        if begins_with_verb(rest):
            return sentence(f"{line.rstrip('.!')} and {lower(rest)}")
        return sentence(f"{line} {rest}") if rest else line
    match = _MANNER.fullmatch(text)
    if match:
        verb = match[1].lower().removesuffix("ing")
        speech = spoken(match[2])
        return speech.replace("You say", f"You {verb}", 1) if verb in VERBS else speech
    return ""


_STORY = r"(?:(?:the|a|your|this|my|new)\ )*(?:game|story|adventure|journey|tale|book|chapter)"
_SPACED_TURN = _TURN.replace(" ", r"\ ")
_PART = r"(?:chapter|part|page|act|episode|section|scene|passage|book|day|level)"
_OVER = re.compile(r"[.!?,] (?:restart|try again|play again|start over)\W*$", re.IGNORECASE)
_UNFINISHED = re.compile(
    r"[^\"]*:|(?:.*\b)?(?:to|and|or|but|the|an?|your|my)\s*(?:\.\.\.|…)|(?:you|i)(?: \w+){0,2} to", re.IGNORECASE
)
"""What a list of choices begins with, not one of them: `You decide to:`."""
_PAGE = re.compile(
    rf"""
    continue(?:\ reading)? | go\ on | next | more | onward | keep\ reading | turn\ the\ page | proceed
    | read\ (?:on|more|further)
    | (?:go\ to\ )?(?:the\ )?(?:next|previous|last)\ (?:page|chapter|part|scene|passage|screen)
    | (?:click|tap)(?:\ here)?(?:\ (?:to|for|and)\ .*)? | (?:click|tap|press)\ (?:here|enter|space|any\ key|next|to)\b.*
    | (?:go\ |head\ )?(?:back|return)\ to\ (?:the\ )?(?:start|beginning|title|title\ (?:screen|page)|main\ menu|menu
        |index|table\ of\ contents|contents|first\ page|top)
    | (?:re)?start(?:\ over|\ again)?(?:\ {_STORY})? | begin(?:\ {_STORY})? | (?:start|begin)\ (?:over|again)
    | (?:the\ )?end(?:\ {_STORY})?(?:\ and\ leave\ comments)? | (?:the\ )?end\ of\ {_STORY} | fin | game\ over
    | (?:save|load|quit|exit|reset|new)\ (?:{_STORY}) | new\ game | reset | main\ menu | play\ again | to\ be\ continued
    | credits | about\ the\ author | (?:leave|write|add)\ (?:a\ )?(?:comment|review)s? | rate\ {_STORY}
    | skip(?:\ intro)?
    | thank(?:s|\ you)\ for\ (?:playing|reading).* | please\ (?:rate|comment|review).* | coming\ soon | more\ to\ come
    | skip\ (?:the\ )?(?:introduction|prologue|tutorial) | otherwise | if\ not | vote\ for\ {_STORY}
    | (?:continue|go|proceed|skip|on|move\ on|return)\ to\ (?:the\ )?(?:(?:next|previous)\ )?{_PART}(?:\ \w+)?
    | (?:re)?play\ (?:this|the)\ (?:\w+\ )?(?:{_PART}|game)(?:\ again)?
    | (?:(?:see|find\ out|discover|learn|read)\ )?what\ happens(?:\ next)?
    | (?:(?:show|see|view|check|open)\ )?(?:(?:my|your|the)\ )?
        (?:stats|statistics|settings|achievements|codex|glossary|save\ menu|character\ sheet)
    | inventory | about | load | save | options | menu | faq | contents | index
    | buy\ (?:the\ )?(?:paperback|e\ ?book|full\ (?:game|version)) | undo | retry | try\ again
    | finish | close | confirm | dismiss | submit | ok(?:ay)?\ continue
    | (?:(?:option|choice|answer|path|number|no|pg|p|{_PLACE})\ )?(?:\d+|[a-hj-z]) | {_SPACED_TURN}
    """,
    re.VERBOSE,
)
_TIME = (
    r"(?:moments?|seconds?|minutes?|hours?|days?|nights?|mornings?|evenings?|afternoons?|weeks?|weekends?|months?|years?"
    r"|decades?|centur(?:y|ies)|while|dawn|dusk|noon|midday|midnight|sunrise|sunset|daybreak|nightfall|spring|summer"
    r"|autumn|winter|time|christmas|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
)
_COUNT = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\d+|[ivx]+)"
_NUMBERED = re.compile(
    rf"^(?:act|part|book|scene)\s+{_COUNT}\s*(?:$|[:.,–-])|\b(?:part|chapter)\s+{_COUNT}$", re.IGNORECASE
)
_NARRATED = re.compile(
    rf"""
    (?:\S+\ ){{0,4}}{_TIME}\W*\ (?:later|earlier|afterwards?|after|before|ago|pass(?:es|ed)?|go(?:es)?\ by|went\ by
        |flies)\b.*
    | (?:much\ |some\ ?time\ |a\ (?:little|bit|while)\ |not\ long\ |shortly\ |soon\ )?
        (?:later|afterwards?|thereafter|after)\b.*
    | (?:on\ )?(?:the\ )?(?:very\ )?(?:next|following|same|previous|other)\ {_TIME}\b.*
    | (?:that|this|one|all|late|early)\ (?:\w+\ )?{_TIME}\b.*
    | (?:on\ )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b.*
    | (?:tonight|tomorrow|yesterday|today|dawn|dusk|midnight)\b\W*
    | (?:meanwhile|elsewhere|eventually|finally|suddenly|thereupon|at\ (?:last|length|first)|in\ the\ (?:end|meantime)
        |before\ long|from\ then\ on|somewhere\ else|ever\ since|unfortunately|luckily|fortunately)\b.*
    | (?:at|in|on|by|around|until|till|near|towards?|for|over|within|since)\ (?:(?:the|a|an|that|one)\ )?(?:\w+\ )?
        {_TIME}\b(?!\ (?:machine|travel)).*
    | (?:after|before|during|when|while|whilst|once(?!\ (?:more|again))|as|until|since)\ .+
    | time\ (?:passes|goes|flies|stands|went|passed)\b.*
    | (?:chapter|part|act|book|episode|scene|day|year|level|round|stage|week|volume)\ {_COUNT}\b.*
    | .+\W(?:chapter|part|pt|volume|vol|episode)\W+{_COUNT}\W*
    | [ivxl]{{1,6}}\.\ .+
    | (?:prologue|epilogue|intermission|interlude|flashback|aftermath|the\ end|preface|introduction|appendix)\b(?:\W.*)?
    | (?:(?:good|bad|true|secret|best|worst|neutral|happy|sad|final|real|normal|alternate)\ )?ending\b
        (?:\ (?:[a-h]|\d+))?(?:[^\w\ ].*)?
    | (?:and|but|so|then|because|yet|still|now)(?:\ (?:then|so|now))?\W*
    """,
    re.VERBOSE,
)
_OPENS = re.compile(
    r"(?:and|but|so|then|and then|but then|back (?:at|in|on)|in|at|on|inside|outside)\b.*(?:\.\.\.|…)"
    r"|(?:and|but|so|or) (?!i\b|you\b|we\b).*"
    r"|back (?:at|in|on)\b.*",
)
_OTHER_SPEAKER = re.compile(
    r'^"[^"]*"\s*(?:he|she|they|(?:the|a|an|your|my|his|her) [\w ]+?|[A-Z]\w+(?: [A-Z]\w+)?) '
    r"(?:says?|said|asks?|asked|shouts?|shouted|whispers?|whispered|replie[sd]|cries|cried|mutters?|yells?|answers?)\b"
)


def _is_narration(text: str) -> bool:
    """Return whether the narrator speaks: of a time, a chapter, or what comes next. A verb comes first in an action."""
    lowered = text.lower().strip()
    if not _NARRATED.fullmatch(lowered) and not _OPENS.fullmatch(lowered):
        return False
    if action_after_clause(text) or subject_after_phrase(text):
        return False
    word, _, rest = text.partition(" ")
    if word.lower().rstrip(",") in _LEADS:
        return not (begins_with_verb(rest) or rest.lower().startswith(("i ", "you ")))
    return not begins_with_verb(text) or _NEVER_DONE.match(lowered) is not None


_LEADS = word_set("and but so then or finally eventually suddenly now")
_NEVER_DONE = re.compile(
    r"(?:part|act|book|scene|stage|level|round|time|second|spring|fall)\b|[ivxl]+\.|(?!go|turn|read|skip).+\W(?:part|chapter)\W"
)
