"""Measures a voice on this machine: seconds to the first token, cold and warm, and tokens a second.

    speed = await try_voice(LocalStoryteller(find_voice("ember")))

It plays two turns of a short adventure. The first prompt, of about 300 tokens, is new to the engine; the second is the
first, its answer and a new action, as in play. Engines send about a token a piece.
"""

import time
from contextlib import aclosing

from corpus.actions import action_line
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.storyteller.hardware.measurements import Speed
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import build_context

_OPENING = """\
The ferry is a flat boat on a rope, and the ferryman has one good eye. He looks at your boots, at the mud on your \
coat and at the wooden box under your arm, and he says nothing. On the far bank stands the toll house, with a lamp \
in its only window. Two riders have waited there since noon. You saw the sun on their helmets from the hill.

The box is heavier than it looks. The clockmaker of Averne gave it to you three days ago, wrapped in a blue cloth, \
and asked you to bring it to his daughter in the harbour town before the new moon. He paid you in silver. He did \
not tell you what is in it, and twice in the night you have heard it tick.

Rain begins to fall on the river. The ferryman's boy, who is no more than ten, sits on the rail and swings his \
legs. He points at the riders with his chin. "They ask everybody for a box," he says. "They gave my father a coin \
to look."

The ferryman spits into the water. The rope creaks. It is a hundred strokes to the other side, and the current is \
strong after the storm. Behind you the road climbs back into the wood, where the charcoal burners live and where no \
rider likes to go after dark."""
_ACTIONS = ("ask the ferryman's boy what the riders look like", "hide the box under the rope and pay the ferryman")
_SEED = 7
_SPOKEN = 64
"""Tokens of a turn: enough to measure the speed."""
_LEAST = 8


async def try_voice(storyteller: LocalStoryteller) -> Speed:
    """Start the voice, measure it and end it.

    Raises:
        DungeonError: it can't be started, or says too little to be measured.
    """
    try:
        await storyteller.start()
        adventure = Adventure(1, "Trial", _OPENING)
        (first_cold, _), (first_warm, rate) = [await _measure_turn(storyteller, adventure, number) for number in (1, 2)]
    finally:
        await storyteller.close()
    return Speed(first_cold, first_warm, rate)


async def _measure_turn(storyteller: LocalStoryteller, adventure: Adventure, number: int) -> tuple[float, float]:
    """Play a turn; return the seconds to its first token, and tokens a second after it."""
    words = _ACTIONS[number - 1]
    node = Node(number, adventure.head, Kind.DO, words, action_line(Kind.DO, words))
    adventure.add(node)
    budget = storyteller.context_size - _SPOKEN
    context = build_context(adventure, node, budget, None, storyteller.prompt_format)
    params = GenerationParams(storyteller.sampling, _SEED, budget)
    request = GenerationRequest(context, "", params, _SPOKEN)
    began = first = latest = time.monotonic()
    prose, tokens = "", 0
    async with aclosing(storyteller.stream(request)) as pieces:
        async for piece in pieces:
            latest = time.monotonic()
            first = latest if not tokens else first
            tokens += 1
            prose += piece
    if tokens < _LEAST:
        raise DungeonError(
            f"The voice '{storyteller.name}' said only {tokens} tokens, too few to measure its speed. Try it again, or "
            f"play with it: dungeon --voice {storyteller.name}"
        )
    adventure.set_prose(number, prose.strip(), State.DONE)
    return first - began, (tokens - 1) / max(1e-6, latest - first)
