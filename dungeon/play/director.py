"""Playing an authored story: what a line means there, and the turns that the author answers.

    open_story(session, book)                        # begins it, or goes on where the player was
    await play_line(frontend, Kind.DO, "wake gault") # the author's passage, an offer, or an improvised turn
    await choose(frontend, 2)                        # the second choice

A line that surely means one of the author's choices is answered by the author. One that may mean a choice is offered
("Did you mean …?"): Enter or "yes" takes it, the same line again or "no" does not. Any other is improvised by the
storyteller, in the author's scene, whose choices stay. In free play a line is simply played.
"""

import re
from dataclasses import dataclass, replace

from corpus.actions import action_line
from corpus.labels import label_action
from corpus.story import Passage, Story
from corpus.text import one_line, printable
from corpus.turns import Kind
from dungeon.authored.books import Book
from dungeon.authored.cast import lore_for_leaving
from dungeon.authored.matching import Scene, match_line
from dungeon.authored.old_bookmarks import old_bookmark
from dungeon.errors import DungeonError
from dungeon.play.frontend import PlayFrontend
from dungeon.play.session import Offer, Session
from dungeon.tale.adventure import Adventure
from dungeon.tale.authored import ANOTHER, choices_at, has_ended, last_choice, passage_at, targets, ways_on
from dungeon.tale.lore import Lore
from dungeon.tale.output_policy import bare_words

_YES = ("yes", "y", "yeah", "yep")
_NO = ("no", "n", "nope")
_NUMBER = re.compile(r"(?:#|no\. ?|number |option |choice )?(\d{1,3})[.)]?", re.IGNORECASE)
"""A line that is the number of a choice, not a deed."""
_NO_DEED = ("You choose ", "You wait, and ")
"""How the action of a line begins that is not a deed; the choice that it means says it better."""
_ENDED = "The story ends here: pick 1, 2 or 3, or /leave to go on without the author."


# ---- beginning -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Opening:
    """How an adventure in an authored story begins, for the shelf."""

    title: str
    opening: str
    name: str = ""
    lore: Lore = Lore()  # noqa: RUF009 - frozen
    actions: tuple[str, ...] = ()


def open_story(session: Session, book: Book) -> Adventure:
    """Goes on with the latest adventure in a story; begins one if there is none.

    A reader's bookmark of an earlier version becomes an adventure. A story that has changed since goes on as it is now.

    Raises:
        DungeonError: the shelf can't be written, or the old bookmark can't be read.
    """
    story = _printable(book.story)
    if (found := session.shelf.latest_of_book(book.key)) is not None:
        adventure = session.resume(found)
        if adventure.story != story:  # its author has written on
            session.replace_story(story)
        return adventure
    bookmark = old_bookmark(book.key)
    opening = _Opening(book.title, story.passages[story.start].text)
    adventure = session.begin(opening, story=story, book=book.key)
    if bookmark:
        session.shelf.add_seen(book.key, bookmark.visited & story.passages.keys())
        for step in bookmark.steps[1:]:
            choices = choices_at(adventure, adventure.head)
            found = next((n for n, choice in enumerate(choices) if choice.target == step.passage), None)
            if found is None:  # the story has changed since
                break
            _take(session, found, "", Kind.DO)
    return adventure


def _printable(story: Story) -> Story:
    """The story as the shelf keeps and the screen shows it: text and nothing else."""
    passages = {
        name: replace(passage, text=printable(passage.text).strip()) for name, passage in story.passages.items()
    }
    return replace(story, passages=passages)


# ---- a line ----------------------------------------------------------------------------------------------------


async def play_line(frontend: PlayFrontend, kind: Kind, words: str) -> None:
    """Plays a line: what the player does, says or narrates, or the wish to go on ("")."""
    session = frontend.session
    adventure = session.adventure
    offer, session.offer = session.offer, None
    offer = offer if offer and offer.head == adventure.head else None
    passage = passage_at(adventure, adventure.head)
    answer = bare_words(words)
    if passage is None or adventure.unfinished():
        await frontend.play_turn(kind, words)
    elif kind is Kind.CONTINUE or not words.strip() or (offer and answer in _YES):
        await _go_on(frontend, offer)
    elif has_ended(adventure):
        frontend.show_message(_ENDED)
    elif not session.may_type:
        frontend.show_message(f"Pick a number from 1 to {len(ways_on(adventure))}: typing is for `dungeon play`.")
    elif offer and answer in (*_NO, bare_words(offer.words)):
        await frontend.play_turn(offer.kind, offer.words)
    elif number := _NUMBER.fullmatch(words.strip()):
        await choose(frontend, int(number[1]))
    else:
        await _answer(frontend, passage, kind, words)


async def _go_on(frontend: PlayFrontend, offer: Offer | None) -> None:
    """Takes the choice that was offered, or the only one."""
    session = frontend.session
    choices = choices_at(session.adventure, session.adventure.head)
    if offer:
        await _show_choice(frontend, offer.choice, "", offer.kind)
    elif len(choices) == 1:
        await _show_choice(frontend, 0, "", Kind.CONTINUE)
    elif not choices:
        frontend.show_message(_ENDED)
    else:
        typing = ", or type what you do" if session.may_type else ""
        frontend.show_message(f"Pick a number from 1 to {len(choices)}{typing}.")


async def _answer(frontend: PlayFrontend, passage: Passage, kind: Kind, words: str) -> None:
    """The author's answer if the line means one of the choices, an offer if it may, else an improvised turn."""
    session = frontend.session
    adventure = session.adventure
    assert adventure.story is not None
    choices = choices_at(adventure, adventure.head)
    labels = tuple(choice.label for choice in choices)
    line = f'"{words}"' if kind is Kind.SAY and '"' not in words else words
    scene = Scene(passage.text, labels, targets(choices, adventure.story))
    match = match_line(line, scene) if kind is not Kind.STORY else None
    if match and match.sure:
        await _show_choice(frontend, match.choice, words, kind)
    elif match:
        session.offer = Offer(adventure.head, match.choice, kind, words)
        frontend.show_offer(one_line(labels[match.choice]))
    else:
        await frontend.play_turn(kind, words)


async def choose(frontend: PlayFrontend, number: int) -> None:
    """Takes the author's choice of this number, from 1, or what an ending offers; in free play, a suggestion.

    Raises:
        DungeonError: there is no such choice.
    """
    session = frontend.session
    adventure = session.adventure
    session.offer = None
    options = session.suggestions()
    if not 1 <= number <= len(options):
        raise DungeonError(_no_such_choice(session, number))
    if has_ended(adventure) and options[number - 1] == ANOTHER:
        await frontend.choose_adventure()
    elif has_ended(adventure):
        session.go_to(last_choice(adventure) if number == 1 else None)
        await frontend.show_story()
    elif passage_at(adventure, adventure.head):
        label = options[number - 1]
        kind = Kind.SAY if label.startswith(('"', "“")) else Kind.DO
        await _show_choice(frontend, number - 1, label, kind)
    else:
        await frontend.play_suggestion(options[number - 1])


def _no_such_choice(session: Session, number: int) -> str:
    if not session.ways_on:
        return f"There is no suggestion {number} yet. /suggest has the voice write some."
    count = len(session.ways_on)
    return f"There is no choice {number} here: pick " + (f"a number from 1 to {count}." if count > 1 else "1.")


async def leave_author(frontend: PlayFrontend, words: str) -> None:
    """Plays on freely from here, with the people and facts of the story as cards and memory.

    Raises:
        DungeonError: this is free play already.
    """
    session = frontend.session
    if passage_at(session.adventure, session.adventure.head) is None:
        raise DungeonError("You are playing freely already.")
    session.set_lore(lore_for_leaving(session.adventure))
    await frontend.play_turn(Kind.DO if words else Kind.CONTINUE, words, leaves_author=True)


async def _show_choice(frontend: PlayFrontend, choice: int, words: str, kind: Kind) -> None:
    await frontend.show_authored_turn(_take(frontend.session, choice, words, kind))


def _take(session: Session, number: int, words: str, kind: Kind) -> int:
    """Takes a choice, from 0, with the player's own words for it, if any; returns the turn's id."""
    adventure = session.adventure
    choices = choices_at(adventure, adventure.head)
    choice = choices[number]
    label = one_line(choice.label)
    action = action_line(kind, words)
    if bare_words(words) in ("", bare_words(label)) or action.startswith(_NO_DEED):
        action = label_action(label, only=len(choices) == 1)
    return session.add_authored_turn(kind, words or label, action, choice.target).id
