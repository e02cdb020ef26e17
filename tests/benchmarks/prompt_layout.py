"""How long laying out a prompt takes, and how much of it the engine has read before. Prints, asserts nothing.

    python tests/benchmarks/prompt_layout.py [--turns 1000] [--summary]

The turns are walks through the library's stories, one after the other, so the prose is real. Beside our layout stands
the ancestors': cards on top, and one turn dropped at a time. `--summary` shows what is told of the turns that left.
"""

import argparse
import random
import statistics
import time

from corpus.labels import label_action
from corpus.turns import Kind, Turn, prompt, write
from dungeon.reading.books import library
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import TOKENS_PER_BYTE, PartKind, build_context
from dungeon.tale.lore import Card, Lore, triggered_cards

BUDGET = 2048 - 80 - 20 - 16
CARDS = tuple(Card((f"name{n}",), f"Card number {n} says what it says in a dozen words or so.") for n in range(40))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--summary", action="store_true")
    arguments = parser.parse_args()
    random.seed(6)
    turns = walked(arguments.turns)
    names = tuple(dict.fromkeys(word.strip('.,"') for turn in turns for word in turn.prose.split() if word.istitle()))
    cards = (*CARDS, *(Card((name,), f"{name} is somebody whom you have met before.") for name in names[20:40]))
    adventure = Adventure(1, "A long one", turns[0].prose, lore=Lore("You are a walker in all tales.", "Plain.", cards))

    taken, reread, dropped = [], [], []
    before = before_old = ""
    for number, turn in enumerate(turns[1:], 1):
        node = Node(number, adventure.head, Kind.DO, turn.action, turn.action)
        began = time.process_time()
        context = build_context(adventure, node, BUDGET)
        taken.append(time.process_time() - began)
        old = ancestors(adventure, turn.action)
        reread.append(new_bytes(context.text, before) * TOKENS_PER_BYTE)
        dropped.append(new_bytes(old, before_old) * TOKENS_PER_BYTE)
        before, before_old = context.text + turn.prose, old + turn.prose
        adventure.add(node)
        adventure.set_prose(number, turn.prose, State.DONE)
        if arguments.summary and number in (30, 60, 100, 200, 500, arguments.turns - 1):
            print(f"\nAfter {number} turns: {context.summary}")

    late = taken[-200:]
    show("laying out a prompt, the last 200 turns", late, "ms", 1e3)
    show("  the slowest of all", [max(taken)], "ms", 1e3)
    again = Node(-1, adventure.head, Kind.CONTINUE, "", "")
    began = time.process_time()
    context = build_context(adventure, again, BUDGET)
    show("the same, once more", [time.process_time() - began], "ms", 1e3)
    show("tokens (estimated) the engine must read for a turn", reread[-200:], "")
    show("  with cards on top, one turn dropped at a time", dropped[-200:], "")
    inside = [part for part in context.parts if part.included]
    print(f"turns in the window: {sum(part.kind is PartKind.TURN for part in inside)} of {len(turns) - 1}")


def walked(count: int) -> list[Turn]:
    """Turns of walks through the library, begun again in another story at each ending."""
    books = library()
    turns: list[Turn] = []
    while len(turns) < count + 1:
        story = random.choice(books).story
        passage, action = story.passages[story.start], ""
        while True:
            turns.append(Turn(action, passage.text))
            ways = [choice for choice in passage.choices if choice.target in story.passages]
            if not ways or len(turns) > count:
                break
            choice = random.choice(ways)
            passage, action = story.passages[choice.target], label_action(choice.label)
    return turns[: count + 1]


def ancestors(adventure: Adventure, action: str) -> str:
    """The layout of the games before: memory, cards, as many turns as fit, the author's note in front of the last."""
    lore = adventure.lore
    turns = [node.turn() for node in adventure.path()]
    recent = [write([turn]) for turn in turns[-4:]]
    head = [Turn("", lore.memory), *(Turn("", hit.card.text) for hit in triggered_cards(lore.cards, [*recent, action]))]
    limit = int(BUDGET / TOKENS_PER_BYTE)
    kept: list[Turn] = []
    for turn in reversed(turns):
        if len(prompt(write([*head, turn, *kept, Turn("", lore.note)]), action).encode()) > limit:
            break
        kept.insert(0, turn)
    return prompt(write([*head, *kept[:-2], Turn("", f"[Author's note: {lore.note}]"), *kept[-2:]]), action)


def new_bytes(text: str, before: str) -> int:
    """Bytes of `text` from where it differs from `before`."""
    same = next(
        (at for at, (a, b) in enumerate(zip(text, before, strict=False)) if a != b), min(len(text), len(before))
    )
    return len(text[same:].encode())


def show(what: str, values: list[float], unit: str, scale: float = 1.0) -> None:
    low, mid, high = (scale * f(values) for f in (min, statistics.median, max))
    print(f"{what:58} {mid:8.2f} {unit}   ({low:.2f} to {high:.2f}, {len(values)} times)", flush=True)


if __name__ == "__main__":
    main()
