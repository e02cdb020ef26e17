r"""The output policy: which part of a storyteller's text is shown. The rules apply anew to every piece that streams in.

    policy = policy_for_turn(adventure, node, banned=(), stop=())
    output = filter_output(raw, policy)                # raw: all that the storyteller has written so far
    output.shown, output.stop_reason                   # the prose to show now; why the turn ends here, or None
    filter_output(raw, policy, finished=True).shown    # the finished turn

Text rules cut the text; the earliest cut counts.
1. End of turn: at a `>`, which marks an action, or at a stop string (`prose.turn_end`).
2. Banned phrase: at a phrase that the player has banned.
3. Chat: at a heading, a list, a role, an assistant's phrase, the author's note, a tag.
4. Undecided end: while the text streams, an end that may become a stop string or a banned phrase is withheld.

Sentence rules look at each sentence that is left; the first rule that applies decides.
1. Plays the player: the turn ends before speech or a decision of "you" that the action does not have, before a
   narrator "I" unless the tale has one, and, once an action is answered, before "you" do something else
   (`player_speech`).
2. Goes in circles: the turn ends before words that loop, two long known sentences in a row, or three of any length.
3. Repeats a known sentence: one of five words or more that was in the last six turns or in this one, word for word or
   nearly (`repetition`), is left out.
4. Breaks the author's scene: a turn that is improvised in an authored story ends before a sentence that changes the
   scene, and after a few sentences (`improvisation`).
5. Undecided sentence: while the text streams, the last sentence is withheld as long as it may break rule 1 or 3; of an
   improvised turn, until it is complete.

Pure, and append-only: complete sentences that were shown stay. Only the unfinished last one may be taken back.
Limits: English; `player_speech` has more.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from operator import itemgetter

from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.chat_habits import (
    asks_player,
    ends_with_question,
    find_chat,
    is_assistant_speech,
    is_echo,
    may_ask_player,
    may_become_echo,
    moralises,
    without_echo,
)
from dungeon.tale.improvisation import Scene, breaks_scene
from dungeon.tale.names import NO_NAMES, TaleNames, find_near_name, names_of_adventure
from dungeon.tale.player_speech import (
    begins_deed,
    invents_decision,
    is_first_person,
    may_become_deed,
    may_become_player_speech,
    player_quotes,
    reports_player_speech,
)
from dungeon.tale.prose import (
    Sentence,
    clean_turn,
    close_quotes,
    complete_sentences,
    drop_stray_quotes,
    split_sentences,
    trim_broken_end,
    turn_end,
)
from dungeon.tale.repetition import Bigrams, find_loop, has_phrase, has_words, is_known, sentence_bigrams, stock_phrases

_TURNS = 6
"""How many turns back sentences are known."""
_LONG_MEMORY = 40
"""How many turns back phrases are known."""
_ANSWERED = 12
"""Words after which an action is answered."""
_LONG = 5
"""Words of a sentence that must not be repeated; shorter ones may ("You wait.")."""
_LINE_BREAKS = re.compile(r"\n+")


class StopReason(StrEnum):
    """Why the rest of the storyteller's text is not shown."""

    TURN_OVER = "turn over"
    """The next action, or a stop string."""
    PLAYER = "player"
    CHAT = "chat"
    LOOP = "loop"
    BANNED = "banned"
    NEAR_NAME = "near name"
    STOCK_PHRASE = "stock phrase"
    SCENE = "scene"
    """The author's scene would change."""


DRAWN_AGAIN = frozenset({StopReason.NEAR_NAME, StopReason.STOCK_PHRASE, StopReason.SCENE})
"""Faults of one sentence, which another draw will hardly have."""


@dataclass(frozen=True, slots=True)
class OutputPolicy:
    """What the rules need to know about a turn."""

    action_words: str
    """The action as bare words."""
    known_sentences: frozenset[str]
    """The sentences of the last turns, as bare words."""
    known_bigrams: tuple[Bigrams, ...]
    """The bigrams of the longer ones, which another sentence may nearly repeat."""
    first_person: bool
    """Whether the tale has a narrator "I": in the opening, in memory or in the player's narration."""
    forced_starts: tuple[str, str] = ("", "")
    """A first word for the second and third try of a storyteller that found no beginning, if the tale has that word.

    An untuned voice that answers with an action or a heading writes prose after a "The"."""
    names: TaleNames = NO_NAMES
    """The names of the tale."""
    stock_phrases: frozenset[str] = frozenset()
    """Runs of words that have been in several turns (`repetition.stock_phrases`)."""
    scene: Scene | None = None
    """The author's scene that the turn is improvised in; None for other turns."""
    draws_again: bool = True
    """Whether a turn ends before a sentence with a near name or a stock phrase, or that changes the author's scene, to
    be drawn again from there. If not, such sentences are left out; the first two kinds are kept if nothing else is left
    of the turn."""
    banned: tuple[str, ...] = ()
    """In lower case, with single spaces."""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilteredOutput:
    """The storyteller's text after the rules."""

    shown: str
    """The prose to show now."""
    stop_reason: StopReason | None
    keep: str
    """The text after which the storyteller may continue when it is asked again."""
    ends_sentence: bool
    """Whether the last sentence is complete."""


def policy_for_turn(
    adventure: Adventure,
    node: Node,
    banned: Iterable[str] = (),
    stop: tuple[str, ...] = (),
    scene: Scene | None = None,
) -> OutputPolicy:
    """Return the policy for the prose of `node`, which may stand below any turn of the adventure."""
    nodes = [] if node.parent is None else adventure.path(node.parent)
    recent = [before.turn() for before in nodes[-_TURNS:]]
    prose = [*(turn.prose for turn in recent), node.turn().prose]
    if len(nodes) < _TURNS:
        prose.append(adventure.opening)
    texts = [*prose, *(turn.action for turn in recent), node.action, adventure.lore.note]
    known = frozenset(bare_words(sentence.text) for text in texts for sentence in split_sentences(text))
    narration = [before.input for before in [*nodes, node] if before.kind is Kind.STORY]
    by_people = "\n".join([adventure.opening, adventure.lore.memory, *narration])
    names = names_of_adventure(adventure, node)
    vocabulary = set(bare_words(" ".join(prose)).split())
    return OutputPolicy(
        action_words=bare_words(node.action),
        known_sentences=known,
        known_bigrams=sentence_bigrams(known),
        first_person=any(map(is_first_person, by_people.split("\n"))),
        forced_starts=("The" if "the" in vocabulary else "", "You" if "you" in vocabulary else ""),
        names=names,
        stock_phrases=_stock_phrases_of(nodes, node, names),
        scene=scene,
        banned=tuple(" ".join(phrase.lower().split()) for phrase in banned if phrase.strip()),
        stop=stop,
    )


def _stock_phrases_of(nodes: Sequence[Node], node: Node, names: TaleNames) -> frozenset[str]:
    """Return the phrases that came up in several of the earlier turns, but for those that the player typed."""
    prose = [bare_words(before.prose) for before in nodes[-_LONG_MEMORY:]]
    typed = [bare_words(before.action) for before in [*nodes[-_LONG_MEMORY:], node]]
    return stock_phrases(prose, typed, {name.lower() for name in names.names})


def filter_output(raw: str, policy: OutputPolicy, *, finished: bool = False) -> FilteredOutput:
    """Apply the rules to all that a storyteller has written in a turn so far; `finished`: nothing more will come."""
    text, stop_reason = _apply_text_rules(raw, policy, finished=finished)
    # A banned phrase leaves its sentence open: the storyteller is asked again from the middle of it.
    streaming = not finished and stop_reason in (None, StopReason.BANNED)
    is_whole = stop_reason in (None, StopReason.TURN_OVER)
    kept, broken_rule, ends_sentence = _apply_sentence_rules(text, policy, streaming=streaming, is_whole=is_whole)
    stop_reason = broken_rule or stop_reason
    prose = _join(text, kept)
    if broken_rule or not streaming:
        lines = (close_quotes(line) for line in trim_broken_end(prose).split("\n"))
        return FilteredOutput("\n".join(lines).rstrip(), stop_reason, complete_sentences(prose), ends_sentence)
    # Whether a sentence ends with its speech is clear only when the next one begins.
    quote_at_end = kept and kept[-1].end == len(text) and prose.endswith(('"', "”"))
    return FilteredOutput(prose[:-1] if quote_at_end else prose, stop_reason, prose, ends_sentence)


def _join(text: str, kept: list[Sentence]) -> str:
    """Join the sentences that are kept of a text, without unpaired quotation marks."""
    lines: list[str] = []
    breaks: list[str] = []
    at = 0
    for sentence in kept:
        between = text[at : sentence.start]
        if lines and "\n" not in between:
            lines[-1] += " " * bool(sentence.leading_space) + sentence.text
        else:
            breaks.append(max(_LINE_BREAKS.findall(between), default="", key=len) if lines else "")
            lines.append(sentence.text)
        at = sentence.end
    if lines and "\n" not in text[at:]:  # the last line may go on, and close its speech itself
        lines = [*map(close_quotes, lines[:-1]), drop_stray_quotes(lines[-1])]
    else:
        lines = [close_quotes(line) for line in lines]
    return "".join(line_break + line for line_break, line in zip(breaks, lines, strict=True))


def bare_words(text: str) -> str:
    """Return the words of a text in lower case, separated by single spaces, without any punctuation."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _without_last_word(text: str) -> str:
    """Return a growing text without the word at its end, which may still become another one."""
    return re.sub(r"\w+$", "", text)


# ---- text rules ----------------------------------------------------------------------------------------------


def find_banned_phrase(text: str, policy: OutputPolicy, *, growing: bool) -> int:
    """Return where the first banned phrase begins, or the length. A growing text's last word may be unfinished."""
    matches = [match for phrase in policy.banned if (match := _phrase_pattern(phrase).search(text))]
    return min((match.start() for match in matches if not growing or match.end() < len(text)), default=len(text))


def becomes_chat(text: str, _policy: OutputPolicy, *, growing: bool) -> int:
    """Return where the text turns from a tale to a chat or a document, or its length."""
    return find_chat(text)


TEXT_RULES = ((find_banned_phrase, StopReason.BANNED), (becomes_chat, StopReason.CHAT))


def _apply_text_rules(raw: str, policy: OutputPolicy, *, finished: bool) -> tuple[str, StopReason | None]:
    """Return the text up to the earliest cut, and the reason for the cut; of two at one place the first rule's."""
    raw = without_echo(raw, policy.action_words, growing=not finished)
    text = clean_turn(raw, policy.stop)
    stop_reason = None if turn_end(raw, policy.stop) is None else StopReason.TURN_OVER
    growing = not finished and stop_reason is None
    cuts = [(find(text, policy, growing=growing), reason) for find, reason in TEXT_RULES]
    cut, broken_rule = min(cuts, key=itemgetter(0))
    if cut < len(text):
        return text[:cut].rstrip(), broken_rule
    return text[: find_undecided_end(text, policy)].rstrip() if growing else text, stop_reason


def find_undecided_end(text: str, policy: OutputPolicy) -> int:
    """Return where a growing text may end in the beginning of a stop string or a banned phrase, or its length."""
    starts = [len(text) - n for stop in policy.stop for n in range(1, len(stop)) if text.endswith(stop[:n])]
    words = [match.start() for match in re.finditer(r"(?<!\w)\S", text)] if policy.banned else []
    for phrase in policy.banned:
        starts += [at for at in words[-len(phrase) :] if phrase.startswith(" ".join(text[at:].lower().split()))]
    return min(starts, default=len(text))


@cache
def _phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Return a pattern of the phrase in whole words, in any case and with any white space."""
    return re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, phrase.split())) + r"(?!\w)", re.IGNORECASE)


# ---- sentence rules ------------------------------------------------------------------------------------------


class Outcome(Enum):
    """What becomes of a sentence if the turn does not end before it."""

    KEEP = "keep"
    DROP = "drop"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of the turn and what the sentence rules need to know about it."""

    sentence: Sentence
    words: str
    """Its bare words."""
    line: str
    """Its line up to its end."""
    begins_paragraph: bool
    """Whether it begins a paragraph behind another one."""
    is_growing: bool
    """Whether the text streams and ends with it."""
    is_settled: bool
    """Whether its text can't change any more: it is complete, or not growing."""
    is_last: bool
    """Whether all that the storyteller wrote ends with it: of a text that was cut, the end may have been shown."""
    in_loop: bool
    """Whether the text goes in circles by its end."""
    known_in_a_row: int
    """How many known sentences come in a row, up to this one."""
    long_known_in_a_row: int
    earlier: Sequence[str]
    """The sentences before it in this turn, as bare words; valid until the next candidate."""


def _candidates(text: str, policy: OutputPolicy, *, streaming: bool, is_whole: bool) -> Iterator[Candidate]:
    loop = find_loop(_without_last_word(text) if streaming else text)
    earlier: list[str] = []
    known = long_known = 0
    for sentence in split_sentences(text):
        words = bare_words(sentence.text)
        is_growing = streaming and sentence.end == len(text)
        is_settled = sentence.is_complete or not is_growing
        repeats = is_settled and is_known(words, policy.known_sentences, policy.known_bigrams, earlier)
        known = known + 1 if repeats else 0
        long_known = long_known + 1 if repeats and has_words(words, _LONG) else 0
        line = text[sentence.line_start : sentence.end]
        in_loop = loop is not None and loop <= sentence.end
        begins_paragraph = "\n" in sentence.leading_space and bool(earlier)
        is_last = is_whole and sentence.end == len(text)
        yield Candidate(
            sentence,
            words,
            line,
            begins_paragraph,
            is_growing,
            is_settled,
            is_last,
            in_loop,
            known,
            long_known,
            earlier,
        )
        earlier.append(words)


def speaks_for_player(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether "you" say or decide what the action does not have, or a narrator "I" appears that the tale lacks."""
    line = candidate.line if candidate.is_settled else _without_last_word(candidate.line)
    return (
        any(bare_words(quote) not in policy.action_words for quote in player_quotes(line))
        or invents_decision(line, policy.action_words)
        or (candidate.begins_paragraph and reports_player_speech(line, policy.action_words))
        or (not policy.first_person and is_first_person(line))
    )


def acts_for_player(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether the action is answered, and "you" go on to do something else."""
    text = candidate.sentence.text if candidate.is_settled else _without_last_word(candidate.sentence.text)
    return _is_answered(candidate, policy) and begins_deed(text, policy.action_words)


def _is_answered(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether there is an action, and so much has been told that it is answered."""
    return bool(policy.action_words) and sum(len(words.split()) for words in candidate.earlier) >= _ANSWERED


def goes_in_circles(candidate: Candidate, _policy: OutputPolicy) -> bool:
    """Whether words loop, or known sentences follow each other."""
    return candidate.in_loop or candidate.known_in_a_row > 2 or candidate.long_known_in_a_row > 1


def repeats_known_sentence(candidate: Candidate, _policy: OutputPolicy) -> bool:
    """Whether it is a long sentence of the last turns, or of this one."""
    return candidate.long_known_in_a_row > 0


def echoes_action(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether it is the turn's first sentence, and the action once more."""
    return candidate.is_settled and not candidate.earlier and is_echo(candidate.words, policy.action_words)


def talks_as_assistant(candidate: Candidate, _policy: OutputPolicy) -> bool:
    """Whether a narrator talks as an assistant to a user."""
    return candidate.is_settled and is_assistant_speech(candidate.sentence.text)


def asks_or_lectures_player(candidate: Candidate, _policy: OutputPolicy) -> bool:
    """Whether a narrator asks the player what to do, gives them a lesson, or ends with any question to "you"."""
    text = candidate.sentence.text
    return candidate.is_settled and (
        asks_player(text) or moralises(text) or (candidate.is_last and ends_with_question(text))
    )


def has_near_name(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether it has a name that is nearly one of the tale's."""
    text = candidate.sentence.text
    return find_near_name(text if candidate.is_settled else _without_last_word(text), policy.names) is not None


def has_stock_phrase(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether it has a run of words that has been in several turns."""
    words = candidate.words if candidate.is_settled else candidate.words.rpartition(" ")[0]
    return has_phrase(words, policy.stock_phrases)


def is_past_scene(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether an improvised turn is long enough without it, or it begins something new."""
    if policy.scene is None:
        return False
    told = sum(len(words.split()) for words in candidate.earlier)
    return candidate.begins_paragraph or told >= policy.scene.enough_words


def changes_scene(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether it changes the author's scene that the turn is improvised in."""
    return policy.scene is not None and candidate.is_settled and breaks_scene(candidate.sentence.text, policy.scene)


def is_undecided(candidate: Candidate, policy: OutputPolicy) -> bool:
    """Whether a growing sentence has no letter yet, or may still become one that an earlier rule is about."""
    if policy.scene and not candidate.is_settled:
        return True
    if candidate.is_growing and not any(map(str.isalpha, candidate.words)):
        return True
    if candidate.is_settled:
        return False
    if not candidate.earlier and may_become_echo(candidate.words, policy.action_words):
        return True
    known = (*policy.known_sentences, *candidate.earlier)
    return (
        may_become_player_speech(candidate.line)
        or (_is_answered(candidate, policy) and may_become_deed(candidate.sentence.text))
        or may_ask_player(candidate.sentence.text)
        or any(other.startswith(candidate.words) and has_words(other, _LONG) for other in known)
    )


SENTENCE_RULES = (
    (speaks_for_player, StopReason.PLAYER),
    (acts_for_player, StopReason.PLAYER),
    (goes_in_circles, StopReason.LOOP),
    (talks_as_assistant, StopReason.CHAT),
    (is_past_scene, StopReason.TURN_OVER),
    (repeats_known_sentence, Outcome.DROP),
    (echoes_action, Outcome.DROP),
    (asks_or_lectures_player, Outcome.DROP),
    (has_near_name, StopReason.NEAR_NAME),
    (has_stock_phrase, StopReason.STOCK_PHRASE),
    (changes_scene, StopReason.SCENE),
    (is_undecided, Outcome.WITHHOLD),
)


def _apply_sentence_rules(
    text: str, policy: OutputPolicy, *, streaming: bool, is_whole: bool
) -> tuple[list[Sentence], StopReason | None, bool]:
    """Return the sentences that are kept, the rule that ended the turn, and whether the last sentence is complete."""
    kept: list[Sentence] = []
    spared: list[Sentence] = []
    """Those that are left out only if others are kept."""
    broken_rule: StopReason | None = None
    ends_sentence = repeats = False
    for candidate in _candidates(text, policy, streaming=streaming, is_whole=is_whole):
        ends_sentence = candidate.sentence.is_complete
        rule, outcome = _first_broken_rule(candidate, policy)
        if outcome in DRAWN_AGAIN and not policy.draws_again:
            spared += [candidate.sentence] if outcome is not StopReason.SCENE else []
        elif isinstance(outcome, StopReason):
            broken_rule = outcome
            break
        elif outcome is Outcome.KEEP:
            kept.append(candidate.sentence)
        repeats = repeats or rule is repeats_known_sentence
    if not kept and not streaming:
        kept = spared
        if repeats and not kept:
            broken_rule = StopReason.LOOP  # the turn is nothing but known sentences
    return kept, broken_rule, ends_sentence


def _first_broken_rule(candidate: Candidate, policy: OutputPolicy) -> tuple[object, Outcome | StopReason]:
    """Return the first sentence rule that applies to a sentence, and what becomes of it."""
    for applies, outcome in SENTENCE_RULES:
        if applies(candidate, policy):
            return applies, outcome
    return None, Outcome.KEEP
