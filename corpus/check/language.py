"""The rules for one story: language that a small model can learn, and choices that players would make."""

from collections import Counter
from collections.abc import Iterator

from corpus.check.analysis import Analysis
from corpus.check.finding import Finding
from corpus.check.graph import CONTINUE
from corpus.check.statistics import SPEECH_MARKS, Statistics
from corpus.check.tokenizer import has_speech, sentences, stem, words
from corpus.check.vocabulary import COMMON_WORDS, Vocabulary
from corpus.check.word_lists import NO_CONTENT
from corpus.story import Story

SPEECH = 1 / 5
"""The share of choices, at least, that are speech."""

ODD_ACTIONS = 1 / 6
"""The share of choices, at least, that lead to a passage tagged `odd`: the unusual actions of real players."""

DIALOGUE = 1 / 3
"""The share of passages, at least, with speech."""

SENTENCE = (8.0, 13.0)
"""Words in a sentence: the mean of a story."""

COMMON = 0.94
"""The share of words, without names, at least, that are common."""

ANSWERED = 0.6
"""The share of choices, at least, whose answer mentions what the choice mentions; below it there is a note."""

RARE_LISTED = 20


def shares(story: Story, statistics: Statistics) -> Iterator[Finding]:
    """There is enough speech in choices and passages, and there are enough unusual actions."""
    for share, least, what in (
        (statistics.speech_share, SPEECH, 'of its choices are speech (a label that starts with ")'),
        (statistics.odd_share, ODD_ACTIONS, "of its choices lead to a passage tagged [odd]"),
        (statistics.dialogue_share, DIALOGUE, "of its passages have dialogue"),
    ):
        if share < least:
            yield Finding(story.source, "", f"{share:.1%} {what}, less than {least:.1%}.")


def sentence_length(story: Story, statistics: Statistics) -> Iterator[Finding]:
    """Sentences have a moderate length on average."""
    shortest, longest = SENTENCE
    if not shortest <= statistics.sentence_length <= longest:
        message = f"{statistics.sentence_length:.1f} words per sentence, not {shortest:.0f} to {longest:.0f}."
        yield Finding(story.source, "", message)


def common_words(analysis: Analysis, statistics: Statistics, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Most words are common; the most frequent of the others are listed."""
    share = statistics.common_share
    counts = Counter(word for found in analysis.prose.values() for word in analysis.without_names(found))
    rare = Counter({word: count for word, count in counts.items() if not vocabulary.is_common(word)})
    listed = ", ".join(f"{word} {count}" for word, count in rare.most_common(RARE_LISTED)) or "none"
    message = (
        f"{share:.1%} of its words are among the {COMMON_WORDS} most frequent, and {COMMON:.0%} or more should be. "
        f"Others: {listed}."
    )
    yield Finding(analysis.story.source, "", message, note=share >= COMMON)


def spelling(analysis: Analysis, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Every word that isn't a name is in the dictionary; a compound of two such words is a note."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name in analysis.prose:
        for word in analysis.without_names((*analysis.prose[name], *analysis.labels[name])):
            counts[word] += 1
            first.setdefault(word, name)
    for word, count in counts.items():
        if not vocabulary.is_word(word):
            total = f", {count} times in all" if count > 1 else ""
            parts = vocabulary.compound(word)
            compound = f"; it reads as {' + '.join(parts)}" if parts else ""
            message = f"'{word}' is not in the dictionary{total}{compound}."
            yield Finding(analysis.story.source, first[word], message, note=parts is not None)


def answers(story: Story) -> Iterator[Finding]:
    """The first two sentences of an answer mention something that the choice mentions."""
    total, missed = 0, list[str]()
    answered = {
        name: {stem(word.lower) for word in words(" ".join(sentences(passage.text)[:2]))}
        for name, passage in story.passages.items()
    }
    for passage, choice in story.edges():
        mentioned = {stem(word.lower) for word in words(choice.label) if _is_content(word.lower)}
        if choice.label == CONTINUE or not mentioned or choice.target not in answered:
            continue
        total += 1
        if not mentioned & answered[choice.target]:
            missed.append(f"'{choice.label}' (in '{passage.name}')")
    share = 1 - len(missed) / total if total else 1.0
    if share < ANSWERED:
        message = (
            f"{share:.0%} of its choices are mentioned in the first two sentences of their answer, less than "
            f"{ANSWERED:.0%}; not {', '.join(missed[:5])}."
        )
        yield Finding(story.source, "", message, note=True)


def measure(analysis: Analysis, vocabulary: Vocabulary) -> Statistics:
    """Return the statistics of a story."""
    story = analysis.story
    choices = [choice for _, choice in story.edges()]
    odd = {name for name, passage in story.passages.items() if "odd" in passage.tags}
    counts = Counter(word for found in analysis.prose.values() for word in analysis.without_names(found))
    return Statistics(
        stories=1,
        passages=len(story.passages),
        words=story.words(),
        endings=len(story.endings()),
        choices=len(choices),
        speech=sum(choice.label.startswith(SPEECH_MARKS) for choice in choices),
        odd=sum(choice.target in odd for choice in choices),
        dialogue=sum(has_speech(passage.text) for passage in story.passages.values()),
        sentences=sum(len(sentences(passage.text)) for passage in story.passages.values()),
        ordinary=counts.total(),
        common=sum(count for word, count in counts.items() if vocabulary.is_common(word)),
    )


def _is_content(word: str) -> bool:
    return len(word) > 2 and word not in NO_CONTENT
