"""Long adventures of real prose: random walks through the stories of the library.

opening, *turns = long_walk(1000, random.Random(6))
"""

from collections.abc import Iterator
from itertools import chain, count, islice
from random import Random

from corpus.labels import label_action
from corpus.story import Story
from corpus.turns import Turn
from dungeon.authored.books import library


def walk(story: Story, chance: Random) -> Iterator[Turn]:
    """Yield the start of `story` and the turns of random choices, up to an ending. A story with loops may have none."""
    passage, action = story.passages[story.start], ""
    while True:
        yield Turn(action, passage.text)
        choices = [choice for choice in passage.choices if choice.target in story.passages]
        if not choices:
            return
        choice = chance.choice(choices)
        passage, action = story.passages[choice.target], label_action(choice.label)


def long_walk(turns: int, chance: Random) -> list[Turn]:
    """Return an opening and `turns` turns: walks through stories picked at random, one after the other."""
    stories = [book.story for book in library()]
    walks = (walk(chance.choice(stories), chance) for _ in count())
    return list(islice(chain.from_iterable(walks), turns + 1))
