"""Commands for what the storyteller knows: memory, author's note, instructions, cards, summary, context."""

from dataclasses import replace

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.generation.context_view import context_lines, count_tokens
from dungeon.play.frontend import PlayFrontend
from dungeon.play.registry import Group, Request, command, number_in
from dungeon.tale.lore import card_from_text, card_to_text, clean_text

_NOTHING = "-"
"""Words that leave a text empty."""


@command(
    Group.LORE,
    "memory",
    "Add a fact that is always in the context; - clears them all.",
    argument="[WORDS]",
    key="f2",
    screen="lore",
)
async def memory(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    if words := _text(request):
        before = session.adventure.lore.memory
        session.set_lore(replace(session.adventure.lore, memory=clean_text(f"{before}\n{words}").strip()))
        frontend.show_lines("Memory", [f"Added to the memory: {one_line(words)}"])
        return
    if request.words:
        session.set_lore(replace(session.adventure.lore, memory=""))
        frontend.show_lines("Memory", ["The memory is empty now."])
        return
    _show_text(frontend, "Memory", session.adventure.lore.memory, "/memory WORDS adds to it.")


@command(
    Group.LORE,
    "note",
    "The author's note: style and tone, near the end of the context; - clears it.",
    argument="[WORDS]",
    screen="lore",
)
async def note(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    if request.words:
        session.set_lore(replace(session.adventure.lore, note=one_line(_text(request))))
    _show_text(frontend, "Author's note", session.adventure.lore.note, "/note WORDS sets it.")


@command(
    Group.LORE,
    "instructions",
    "What a chat model is asked to do: how it tells the story, what it must not do; - clears it.",
    argument="[WORDS]",
    screen="lore",
)
async def instructions(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    if not session.prompt_format.takes_instructions:
        raise DungeonError(f"The voice '{session.storyteller.name}' reads plain text and takes no instructions.")
    if request.words:
        session.set_lore(replace(session.adventure.lore, instructions=clean_text(_text(request))))
    text = session.adventure.lore.instructions or session.prompt_format.default_instructions
    frontend.show_lines(
        "Instructions",
        [f"Instructions: {text}", "/instructions WORDS sets those of this adventure, /instructions - clears them."],
    )


def _text(request: Request) -> str:
    """Return the text that the command was given; "" if it is to be cleared."""
    return "" if request.words == _NOTHING else request.words


def _show_text(frontend: PlayFrontend, title: str, text: str, hint: str) -> None:
    frontend.show_lines(title, [f"{title}: {text}" if text else f"{title}: nothing yet. {hint}"])


@command(Group.LORE, "cards", "Story cards: lore that enters the context when it is named.", screen="lore")
async def cards(frontend: PlayFrontend, _: Request) -> None:
    all_cards = frontend.session.adventure.lore.cards
    lines = [f"{number}. {card_to_text(card)}" for number, card in enumerate(all_cards, 1)]
    frontend.show_lines("Cards", lines or ["There are no cards yet. /card KEYS: WORDS adds one."])


@command(
    Group.LORE,
    "card",
    "Add a card: its keys, a colon, and what the voice learns when a key is named.",
    argument="KEYS: WORDS",
)
async def card(frontend: PlayFrontend, request: Request) -> None:
    lore = frontend.session.adventure.lore
    new = card_from_text(request.words)
    frontend.session.set_lore(replace(lore, cards=(*lore.cards, new)))
    frontend.show_lines("Card", [f"Card {len(lore.cards) + 1}: {card_to_text(new)}"])


@command(Group.LORE, "uncard", "Remove card N.", argument="N")
async def uncard(frontend: PlayFrontend, request: Request) -> None:
    lore = frontend.session.adventure.lore
    number = number_in(request)
    if not 0 < number <= len(lore.cards):
        raise DungeonError(f"There is no card {number}. /cards lists them.")
    frontend.session.set_lore(replace(lore, cards=lore.cards[: number - 1] + lore.cards[number:]))
    frontend.show_lines("Cards", [f"Removed: {card_to_text(lore.cards[number - 1])}"])


@command(
    Group.LORE,
    "summary",
    "A summary of the turns that no longer fit into the context; - leaves it to the game again.",
    argument="[WORDS]",
    screen="lore",
)
async def summary(frontend: PlayFrontend, request: Request) -> None:
    session = frontend.session
    context = session.context()
    if request.words:
        words = clean_text(_text(request))
        through = context.summary_through if words else 0
        session.set_lore(replace(session.adventure.lore, summary=words, summary_through=through))
        context = session.context()
    empty = "There is no summary yet: the voice still sees every turn."
    frontend.show_lines("Summary", [f"Summary: {context.summary}" if context.summary else empty])


@command(
    Group.LORE,
    "context",
    "What the voice will read: each part, its tokens, and why it is in.",
    key="f3",
    screen="context",
)
async def context(frontend: PlayFrontend, _: Request) -> None:
    parts = frontend.session.context()
    counts = await count_tokens(frontend.session.storyteller, parts)
    frontend.show_lines("Context", context_lines(parts, counts))
