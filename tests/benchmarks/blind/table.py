"""What readers found: each teller's scores, and how often one is preferred to another, with the uncertainty.

print_table(reading, scores)

Shares have a 95% interval (Wilson 1927). Scores are compared within one reader only: how strict readers are differs
more than voices do.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from math import sqrt
from statistics import mean

from tests.benchmarks.blind.reading import ReadPrompt, Score, Scored

_Z = 1.96


def wilson(hits: float, number: int) -> tuple[float, float]:
    """Return the 95% interval of a share of `number` independent trials (Wilson 1927)."""
    if not number:
        return 0.0, 1.0
    share = hits / number
    middle = share + _Z**2 / (2 * number)
    spread = _Z * sqrt(share * (1 - share) / number + _Z**2 / (4 * number**2))
    return (middle - spread) / (1 + _Z**2 / number), (middle + spread) / (1 + _Z**2 / number)


def shown_share(hits: int, number: int) -> str:
    """Return a share with its interval: "12 of 30, 40% (25 to 58)"."""
    low, high = wilson(hits, number)
    return f"{hits} of {number}, {hits / max(1, number):.0%} ({100 * low:.0f} to {100 * high:.0f})"


def scores_by_teller(reading: Sequence[ReadPrompt], scored: Iterable[Scored]) -> dict[str, list[Score]]:
    """Return the scores of each teller."""
    found: dict[str, list[Score]] = {}
    for one in scored:
        for letter, score in one.answers.items():
            found.setdefault(reading[one.prompt - 1].tellers[letter], []).append(score)
    return dict(sorted(found.items()))


def preferences(reading: Sequence[ReadPrompt], scored: Iterable[Scored]) -> Counter[tuple[str, str]]:
    """Return how often the first teller of a pair was put before the second."""
    found: Counter[tuple[str, str]] = Counter()
    for one in scored:
        tellers = [reading[one.prompt - 1].tellers[letter] for letter in one.order]
        found.update(combinations(tellers, 2))
    return found


def print_table(reading: Sequence[ReadPrompt], scores: dict[str, list[Scored]], kinds: Sequence[str]) -> None:
    """Print the tables of all readers, for prompts of these kinds."""
    for reader, all_scored in scores.items():
        scored = [one for one in all_scored if reading[one.prompt - 1].kind in kinds]
        by_teller = scores_by_teller(reading, scored)
        print(f"\nReader {reader}: {len(scored)} prompts of {len(reading)}")
        firsts = Counter(reading[one.prompt - 1].tellers[one.order[0]] for one in scored)
        for teller, found in by_teller.items():
            senses = Counter(score.sense for score in found)
            faults = Counter(score.fault for score in found if score.fault != "none").most_common(4)
            print(f"  {teller}")
            print(f"    sense 3/2/1/0: {' / '.join(str(senses[value]) for value in (3, 2, 1, 0))}", end="; ")
            print(f"2 or better {shown_share(senses[3] + senses[2], len(found))}", end="; ")
            print(f"mean {mean(score.sense for score in found):.2f}; prose {mean(s.prose for s in found):.2f}")
            print(f"    first choice {firsts[teller]}; faults {', '.join(f'{n} {name}' for name, n in faults)}")
        wins = preferences(reading, scored)
        for one, other in combinations(by_teller, 2):
            number = wins[one, other] + wins[other, one]
            print(f"  {one} before {other}: {shown_share(wins[one, other], number)}")
    print_agreement(scores)


def print_agreement(scores: dict[str, list[Scored]]) -> None:
    """Print how often two readers agree whether an answer makes sense, and which of two answers is better."""
    for one, other in combinations(scores, 2):
        theirs = {scored.prompt: scored for scored in scores[other]}
        sense, order = [], []
        for mine in scores[one]:
            if (yours := theirs.get(mine.prompt)) is None:
                continue
            sense += [(mine.answers[a].sense >= 2) == (yours.answers[a].sense >= 2) for a in mine.answers]
            order += [
                (mine.order.index(a) < mine.order.index(b)) == (yours.order.index(a) < yours.order.index(b))
                for a, b in combinations(mine.answers, 2)
            ]
        if sense:
            print(f"\n{one} and {other} agree on sense in {shown_share(sum(sense), len(sense))}", end="; ")
            print(f"on pairs in {shown_share(sum(order), len(order))}")
