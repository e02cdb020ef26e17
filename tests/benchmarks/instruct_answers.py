"""Records what an instruct model without our tuning answers to players, for rules and tests of the output policy.

    python -m tests.benchmarks.instruct_answers MODEL.gguf ANSWERS.jsonl [--every 2] [--skip 0]

The model gets the prompts of `voice_prompts.py` in its own chat frame, as in the game. Every second prompt has
instructions that say only what the game is; the others say also what not to write. Each line of the file is an answer:
`source`, `action`, `opening`, `before` (pairs of action and prose), `instructions` ("short" or "long") and `sent`, up
to the next action.

Two seconds to half a minute an answer on two cores, for a model of 1.5 billion parameters.
"""

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path

from dungeon.generation.generate import turn_request
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.request import GenerationParams
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.find import find_voice
from dungeon.tale.prompt_format import with_instructions
from tests.benchmarks.figures import argument_parser
from tests.benchmarks.voice_prompts import VoicePrompt, prompts

INSTRUCTIONS = {
    "short": "You are the narrator of a text adventure. The player's actions begin with >. Answer each action.",
    "long": (
        "You are the narrator of a text adventure. The player's actions begin with >. Tell what happens next, in the "
        "second person and the present tense, in one or two short paragraphs. People speak in quotes. Never speak or "
        "decide for the player, never ask the player what to do, and write no lists and no headings."
    ),
}
_SAMPLING = Sampling(
    temperature=0.8,
    top_k=0,
    top_p=1.0,
    min_p=0.05,
    repeat_penalty=1.05,
    repeat_last_n=256,
    dry_multiplier=0.0,
    length=110,
)
_EARLIER_TURNS = 3


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--every", type=int, default=2, metavar="N", help="take every Nth prompt only")
    parser.add_argument("--skip", type=int, default=0, help="prompts to leave out before the first")
    arguments = parser.parse_args()
    asyncio.run(record(arguments.model, arguments.answers, list(prompts())[arguments.skip :: arguments.every]))


async def record(model: Path, answers: Path, chosen: list[VoicePrompt]) -> None:
    """Append the model's answer to each prompt."""
    storyteller = LocalStoryteller(find_voice(str(model)))
    await storyteller.start()
    with answers.open("a", encoding="utf-8") as file:
        for number, prompt in enumerate(chosen):
            instructions = list(INSTRUCTIONS)[number % 2]
            chat = with_instructions(storyteller.prompt_format, INSTRUCTIONS[instructions])
            params = GenerationParams(_SAMPLING, number, 2000, prompt_format=chat)
            sent = ""
            async with aclosing(storyteller.stream(turn_request(prompt.adventure, prompt.node, params))) as pieces:
                async for piece in pieces:
                    sent += piece
            adventure = prompt.adventure
            row = {
                "source": prompt.source,
                "action": prompt.node.action,
                "opening": adventure.opening,
                "before": _before(prompt),
                "instructions": instructions,
                "sent": sent,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            print(f"{number + 1} of {len(chosen)}", file=sys.stderr, flush=True)
    await storyteller.close()


def _before(prompt: VoicePrompt) -> list[list[str]]:
    return [[node.action, node.prose] for node in prompt.adventure.path()[:-1][-_EARLIER_TURNS:]]


if __name__ == "__main__":
    main()
