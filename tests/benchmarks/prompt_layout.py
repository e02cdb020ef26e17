"""How long building a prompt takes in a long adventure, and how many of its tokens the engine must read anew.

    python -m tests.benchmarks.prompt_layout [--turns 1000] [--summary]

Plays walks through the library's stories, so the prose is real, without a storyteller. Prints the CPU time of
`build_context`, and the tokens (estimated from bytes) behind the prefix that the prompt shares with the text that the
engine has cached, over the last 200 turns: with our layout, and with that of older games, which put cards at the top
and drop one turn at a time. `--summary` also prints the summary of the turns that have left the window.
"""

import time
from random import Random

from corpus.turns import Kind, Turn, prompt, write
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import TOKENS_PER_BYTE, PartKind, build_context
from dungeon.tale.lore import Card, Lore, triggered_cards
from tests.benchmarks.figures import argument_parser, show
from tests.benchmarks.walks import long_walk

BUDGET = 2048 - 80 - 20 - 16
"""Tokens of a prompt for the bundled voice."""
_LAST = 200
"""Turns that are measured: by then the window has long been full."""
_UNUSED_CARDS = tuple(Card((f"name{n}",), f"Card number {n} has a text of a dozen words or so.") for n in range(40))


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--summary", action="store_true", help="print the summary at some turns")
    arguments = parser.parse_args()
    opening, *turns = long_walk(arguments.turns, Random(6))
    adventure = Adventure(1, "A long walk", opening.prose, lore=_lore(turns))
    build_times, new_tokens, new_tokens_older = [], [], []
    cached = cached_older = ""
    for node_id, turn in enumerate(turns, 1):
        node = Node(node_id, adventure.head, Kind.DO, turn.action, turn.action)
        began = time.process_time()
        context = build_context(adventure, node, BUDGET)
        build_times.append(time.process_time() - began)
        older = cards_first_prompt(adventure, node)
        new_tokens.append(_new_bytes(context.text, cached) * TOKENS_PER_BYTE)
        new_tokens_older.append(_new_bytes(older, cached_older) * TOKENS_PER_BYTE)
        cached, cached_older = context.text + turn.prose, older + turn.prose
        adventure.add(node)
        adventure.set_prose(node_id, turn.prose, State.DONE)
        if arguments.summary and node_id in (30, 60, 100, 200, 500, arguments.turns):
            print(f"\nAfter {node_id} turns: {context.summary}")
    show(f"building a prompt, the last {_LAST} turns", build_times[-_LAST:])
    show("  the slowest of all", [max(build_times)])
    show("tokens to read anew for a turn", new_tokens[-_LAST:], "tokens", 1)
    show("  with cards at the top, one turn dropped at a time", new_tokens_older[-_LAST:], "tokens", 1)
    shown = sum(part.kind is PartKind.TURN for part in context.parts if part.included)
    print(f"turns in the window: {shown} of {len(turns)}")


def _lore(turns: list[Turn]) -> Lore:
    """Return memory, a note, and cards, of which half are for names that occur in the turns."""
    names = tuple(dict.fromkeys(word.strip('.,"') for turn in turns for word in turn.prose.split() if word.istitle()))
    cards = (Card((name,), f"{name} is someone whom you have met before.") for name in names[20:40])
    return Lore("You are a walker in all tales.", "Plain.", (*_UNUSED_CARDS, *cards))


def cards_first_prompt(adventure: Adventure, node: Node) -> str:
    """Return the prompt for `node` as older games lay it out.

    Memory, cards, as many of the latest turns as fit, the author's note before the last two turns, the action.
    """
    lore = adventure.lore
    nodes = [] if node.parent is None else adventure.path(node.parent)
    turns = [Turn("", adventure.opening), *(earlier.turn() for earlier in nodes)]
    recent = [write([turn]) for turn in turns[-4:]]
    cards = triggered_cards(lore.cards, [*recent, node.action])
    head = [Turn("", lore.memory), *(Turn("", hit.card.text) for hit in cards)]
    limit = int(BUDGET / TOKENS_PER_BYTE)
    kept: list[Turn] = []
    for turn in reversed(turns):
        if len(prompt(write([*head, turn, *kept, Turn("", lore.note)]), node.action).encode()) > limit:
            break
        kept.insert(0, turn)
    note = Turn("", f"[Author's note: {lore.note}]")
    return prompt(write([*head, *kept[:-2], note, *kept[-2:]]), node.action)


def _new_bytes(text: str, cached: str) -> int:
    """Return the bytes of `text` from where it differs from `cached`."""
    shorter = min(len(text), len(cached))
    same = next((at for at in range(shorter) if text[at] != cached[at]), shorter)
    return len(text[same:].encode())


if __name__ == "__main__":
    main()
