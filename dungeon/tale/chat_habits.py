"""Text that a model writes as a chat assistant or as the host of a game, instead of the tale.

    find_chat("It opens.\\n\\n1. Go in\\n2. Run")    # 11: a list
    is_assistant_speech("Let me know if you want more.")
    asks_player("What do you do?")
    moralises("Remember, violence is never the answer.")
    without_echo("> You open the door.\\nIt opens.", "you open the door")    # "It opens."

The sentence rules look at narration only: characters may ask and preach. Models that were tuned to chat, and not for
this game, have these habits; the answers of one are in `tests/dungeon/tale/instruct_answers.jsonl`.

Limits: English. A narrator's rhetorical question to "you" counts as one to the player.
"""

import re
from itertools import pairwise

from corpus.actions import QUOTES
from dungeon.tale.player_speech import narration
from dungeon.tale.prose import split_sentences

# ---- a chat or a document ----------------------------------------------------------------------------------------

_OPENING_MARKS = frozenset("\"'“‘*")
_CHAT = re.compile(
    r"""(?mix) ^[ ]* (?:
        \#{1,6}[ ]?\w | [-*•–][ ] | \(?\d{1,2}[.):][ ] | \(?[a-e]\)[ ] | \*\*[^*\n]+\*\* | ``` | [-_*=]{3,}
        | \[?author's[ ]note | (?:chapter|scene|act|part|step|option|choice)[ ](?:\d|[ivx]+\b|[a-e]:)
        | (?:options|choices|your[ ]options|your[ ]choices|possible[ ]actions)[ ]?:
        | (?:assistant|user|system|human|ai|narrator|player|storyteller|prompt|title|genre|note|answer|question)[ ]?:
        | (?:sure|certainly|absolutely)[!,.][ ] | of[ ]course[!,] [ ]here | as[ ]an[ ]ai\b
        | i'm[ ](?:sorry|afraid),?[ ]but[ ]i[ ] | i[ ](?:can't|cannot|can)[ ](?:help|assist)\b
        | here(?:'s|[ ]is|[ ]are)[ ](?:an?|the|some|your|my)\b[^.\n"]*:
        | \[[^\]\n]*\][ ]*\n | the[ ]end\b\W*$ | to[ ]be[ ]continued\b
    ) | <[|/!a-z] | \[/?(?:inst|author's[ ]note)\b | \blanguage[ ]model\b """
)


def find_chat(text: str) -> int:
    """Return where a text turns from a tale to a chat or a document, or its length."""
    match = _CHAT.search(text.translate(QUOTES))
    return match.start() if match else len(text)


# ---- sentences ---------------------------------------------------------------------------------------------------

_ASSISTANT = re.compile(
    r"""(?ix) ^ \W* (?:
        (?:please[ ])? (?:let[ ]me[ ]know | feel[ ]free[ ]to | note[ ]that | keep[ ]in[ ]mind) \b
        | i (?:'d[ ]be|'m|[ ]am|[ ]would[ ]be)? [ ] (?:hope|happy|glad|here) [ ]
            (?:this|that|to[ ](?:help|continue|assist)) \b
        | would[ ]you[ ]like[ ](?:me[ ])?to \b | (?:is|if)[ ]there(?:'s|[ ]is)?[ ]anything[ ]else \b
        | how[ ](?:can|may)[ ]i[ ](?:help|assist) \b
        | please[ ](?:provide|choose|select|enter|type|specify|tell[ ]me) \b
        | (?:great|good|excellent|interesting)[ ](?:choice|question|idea) \b
        | (?:the|your)[ ](?:story|adventure|game|journey)[ ](?:continues|ends|begins|is[ ]over) \b
        | end[ ]of[ ](?:the[ ])?(?:story|scene|chapter|turn) \b
    )"""
)
_ASKS = re.compile(
    r"""(?ix)
    \b(?:what|how|where|which|whom?|why)\b [^.?!]*
        \b(?:do|will|would|should|shall|can|could|might|are)[ ]you\b [^.?!]* \?
    | \bwhat(?:'s|[ ]is|[ ]will[ ]be)[ ]your[ ](?:next[ ])?(?:\w+[ ])?
        (?:move|action|choice|decision|plan|response|answer|step)\b
    | \b(?:do|will|would|should|can|could|are)[ ]you\b [^.?!]* \bor\b [^.?!]* \?
    | \b(?:what|who|where)[ ](?:happens|comes|now|next)\b [^.?!]* \?
    | ^\W* (?:
        the[ ](?:choice|decision|next[ ]move)[ ]is[ ]yours
        | it(?:'s|[ ]is)[ ](?:now[ ])?(?:up[ ]to[ ]you|your[ ](?:turn|move))
        | your[ ](?:move|turn|next[ ]move|next[ ]action)\W*$ | choose[ ]wisely
        | you[ ](?:now[ ])?have[ ](?:two|three|four|several|a[ ]few|some|many)[ ](?:options|choices|possibilities)
        | you[ ](?:can|could|may|must)[ ](?:now[ ])?(?:choose|decide)\b | you[ ]can[ ]either\b
    )"""
)
_ASKS_AT_END = re.compile(r"(?i)\byour?\b[^.!]*\?\W*$")
_MAY_ASK = re.compile(r"(?i)^\W*(?:what|how|where|which|who|whom|why|do|will|would|should|can|could|are)\b")
_MORAL = re.compile(
    r"""(?ix) ^ \W* (?:but[ ]|and[ ]|so[ ]|however,?[ ])? (?:
        remember[,:]?[ ](?:that|it|to|the|you|violence|always|never|every|this) \b
        | (?:it|this)(?:'s|[ ]is)[ ](?:also[ ])?
            (?:important|essential|crucial|vital|(?:never|not)[ ](?:okay|appropriate)|best|wise)[ ](?:to|that|for) \b
        | violence[ ](?:is|should|will) \b | always[ ](?:remember|respect|treat) \b
        | (?:the|this)[ ](?:moral|lesson) \b | we[ ](?:should|must)[ ](?:all|always|never) \b
    )"""
)


def is_assistant_speech(sentence: str) -> bool:
    """Return whether a narrator talks as an assistant to a user."""
    return _in_narration(_ASSISTANT, sentence)


def asks_player(sentence: str) -> bool:
    """Return whether a narrator asks the player what to do, or says that it is their turn."""
    return _in_narration(_ASKS, sentence)


def ends_with_question(sentence: str) -> bool:
    """Return whether a narrator's sentence is a question to "you", whatever it asks."""
    return _in_narration(_ASKS_AT_END, sentence)


def may_ask_player(beginning: str) -> bool:
    """Return whether a narrator's unfinished sentence begins like a question to the player."""
    return bool(_MAY_ASK.match(beginning))


def moralises(sentence: str) -> bool:
    """Return whether a narrator gives the player a lesson."""
    return _in_narration(_MORAL, sentence)


def _in_narration(pattern: re.Pattern[str], sentence: str) -> bool:
    return any(pattern.search(words) for words in narration(sentence))


# ---- the echo of the action --------------------------------------------------------------------------------------

_SIMILAR = 0.7
"""The share of neighbouring words that an echo and the action have in common."""
_PRESENT = {"said": "say", "says": "say", "asked": "ask", "told": "tell", "whispered": "whisper", "shouted": "shout"}


def without_echo(raw: str, action_words: str, *, growing: bool) -> str:
    """Return a turn's text without a first line that is the action once more, as `> You open the door.`

    `action_words`: the action as bare words. Where the text begins with the action in a quotation, as if somebody said
    it, the mark is left out. Of a growing text, nothing is left while its beginning may become one or the other.
    """
    text = raw.lstrip()
    if not action_words or text[:1] not in {">", *_OPENING_MARKS}:
        return raw
    line, line_break, rest = text.partition("\n")
    words = _words(line)
    undecided = growing and not line_break
    if text[0] == ">":
        if undecided:
            return "" if f" {words}" in f" {action_words}" else raw
        return rest if words and f" {action_words}".endswith(f" {words}") else raw
    sentence = next(split_sentences(text[1:]), None)
    if sentence and sentence.is_complete:
        return text[1:] if is_echo(_words(sentence.text), action_words) else raw
    return "" if undecided and may_become_echo(words, action_words) else raw


def is_echo(words: str, action_words: str) -> bool:
    """Return whether a sentence, as bare words, is the action once more, or nearly ("You said …"), and no more."""
    one, other = ([_PRESENT.get(word, word) for word in text.split()] for text in (words, action_words))
    if one == other:
        return bool(one)
    if not 3 <= len(one) <= len(other) + 1 or one[:1] != other[:1]:
        return False
    pairs, of_action = set(pairwise(one)), set(pairwise(other))
    return 2 * len(pairs & of_action) >= _SIMILAR * (len(pairs) + len(of_action))


def may_become_echo(beginning: str, action_words: str) -> bool:
    """Return whether the beginning of a sentence, as bare words, is also one of the action."""
    return bool(action_words) and action_words.startswith(beginning)


def _words(text: str) -> str:
    return " ".join(_PRESENT.get(word, word) for word in re.findall(r"\w+", text.lower()))
