"""The command line; the package's docstring describes it."""

import asyncio
from pathlib import Path

from tests.benchmarks import blind
from tests.benchmarks.blind.answers import load_drivings, read_lines, record
from tests.benchmarks.blind.prompts import HALVES, blind_prompts
from tests.benchmarks.blind.reading import load_reading, load_scores, make_reading
from tests.benchmarks.blind.scoring import score
from tests.benchmarks.blind.table import print_table
from tests.benchmarks.figures import argument_parser

_KINDS = "opening,later,history"


def main() -> None:
    parser = argument_parser(blind.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    answer = commands.add_parser("answer", help="let a voice answer the prompts")
    answer.add_argument("voice")
    answer.add_argument("answers", type=Path, metavar="ANSWERS.jsonl")
    answer.add_argument("--drivings", type=Path, metavar="FILE.toml")
    answer.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth prompt only")
    answer.add_argument("--skip", type=int, default=0, metavar="N", help="leave out N prompts before the first")
    answer.add_argument("--first", type=int, metavar="N", help="stop after N prompts")
    make = commands.add_parser("make", help="shuffle answers into a reading")
    make.add_argument("reading", type=Path)
    make.add_argument("answers", type=Path, nargs="+", metavar="ANSWERS.jsonl")
    make.add_argument("--tellers", required=True, help="a voice and its driving each, separated by commas")
    make.add_argument("--seed", type=int, default=0)
    for each in (answer, make):
        each.add_argument("--half", choices=HALVES, default="build")
    ask = commands.add_parser("score", help="judge the answers of a reading")
    ask.add_argument("reading", type=Path)
    ask.add_argument("reader", help="your name, for the file of your scores")
    show = commands.add_parser("table", help="print what the readers found")
    show.add_argument("readings", type=Path, nargs="+")
    for each in (answer, show):
        each.add_argument("--kinds", default=_KINDS, help=f"of prompts (default: {_KINDS})")
    arguments = parser.parse_args()

    if arguments.command == "answer":
        chosen = [each for each in blind_prompts(arguments.half) if each.kind in arguments.kinds.split(",")]
        chosen = chosen[arguments.skip :: arguments.every][: arguments.first]
        drivings = load_drivings(arguments.drivings)
        asyncio.run(record(arguments.voice, drivings, chosen, arguments.answers))
    elif arguments.command == "make":
        answers = [answer for path in arguments.answers for answer in read_lines(path)]
        tellers, prompts = arguments.tellers.split(","), list(blind_prompts(arguments.half))
        number = make_reading(arguments.reading, prompts, answers, tellers, arguments.seed)
        print(f"{number} prompts, {len(tellers)} answers each: {arguments.reading / 'reading.md'}")
    elif arguments.command == "score":
        score(arguments.reading, arguments.reader)
    else:
        for folder in arguments.readings:
            reading = load_reading(folder)
            print(f"\n{folder.name}")
            print_table(reading, load_scores(folder, reading), arguments.kinds.split(","))


if __name__ == "__main__":
    main()
