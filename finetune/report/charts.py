"""A study as charts: bits per byte against the share of text and against minutes, memory, and money.

    charts = draw_charts(study, Path("report/pictures"))      # writes PNG files
    charts["share"]                                           # SVG for a page: scalable, in the page's text colour

Colours are Okabe and Ito's, which colour-blind readers tell apart (https://jfly.uni-koeln.de/color/); each method has
its own marker as well, and its name stands at its line.
"""

import io
import re
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from statistics import fmean

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from finetune.report.published_trainings import published_trainings
from finetune.report.study import LABELS, Study
from finetune.report.units import dollars, gibibytes, percent

_INK = "#1f2329"
"""Of text and axes; in a page its own text colour replaces it."""
_STYLE = {
    "base": (_INK, "D"),
    "last-layers": ("#009e73", "^"),
    "lora": ("#0072b2", "o"),
    "full": ("#d55e00", "s"),
    "scratch": ("#cc79a7", "v"),
}
_STYLE_FILE = files("finetune.report") / "charts.mplstyle"
_FAR_ABOVE = 3.0
"""Where random weights are further above the rest than this many times its spread, the rest gets its own panel."""


def draw_charts(study: Study, folder: Path) -> dict[str, str]:
    """Draw share, minutes, memory and money of `study`, the PNG files into `folder`; return `<svg>` elements by name.

    A chart that has nothing to show is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {"share": _share, "minutes": _minutes, "memory": _memory, "money": _money}
    drawn = {}
    for name, drawing in drawings.items():
        # The salt makes a chart's ids: the same each time, and different from its neighbours' on a page.
        with as_file(_STYLE_FILE) as style, matplotlib.rc_context({"svg.hashsalt": name}, style):
            if figure := drawing(study):
                drawn[name] = _save(figure, folder / f"{name}.png")
    return drawn


def _share(study: Study) -> Figure | None:
    lines = {m: [(r.share, r.bits_per_byte) for r in study.of(m)] for m in study.methods if m != "base"}
    if not lines:
        return None
    level = study.base_run.bits_per_byte if study.base_run else None

    def finish(axes: Axes) -> None:
        shares = sorted({x for points in lines.values() for x, _ in points})
        if len(shares) > 1:  # of one, an axis has no range yet that could be made logarithmic
            axes.set_xscale("log")
        axes.set_xticks(shares, [percent(share) for share in shares])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("share of the training text")

    return _panels(lines, level, f"bits per byte, {study.split} split (lower is better)", finish)


def _minutes(study: Study) -> Figure | None:
    # Before its first step a tuned model is the base.
    start = [(0.0, evaluation.bits_per_byte) for run in study.of("base") for evaluation in run.curve]
    lines = {
        run.method: (start if run.method != "scratch" else [])
        + [(evaluation.seconds / 60, evaluation.bits_per_byte) for evaluation in run.curve]
        for run in study.largest_trained
        if run.curve
    }
    if not lines:
        return None

    def finish(axes: Axes) -> None:
        axes.set_xlim(left=0)
        axes.set_xlabel("minutes of training, on the largest share")

    return _panels(lines, None, "bits per byte, validation split", finish)


def _memory(study: Study) -> Figure | None:
    runs = study.largest[::-1]
    figure, (axes,) = _figure(1, height=0.9 + 0.42 * len(runs))
    for row, run in enumerate(runs):
        axes.barh(row, run.memory / 2**30, color=_STYLE[run.method][0], height=0.6)
        axes.annotate(gibibytes(run.memory), (run.memory / 2**30, row), (5, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(runs)), [run.label for run in runs])
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.15)
    axes.set_xlabel("GiB at most, beyond the program itself")
    return figure


def _money(study: Study) -> Figure | None:
    """Draw dots on a logarithmic scale: from a fraction of a cent to a fortune."""
    runs = study.largest_trained
    if not runs or not study.price:
        return None
    points = [(run.label, study.cost(run.seconds), *_STYLE[run.method]) for run in runs]
    published = [(other.name, other.dollars) for other in published_trainings() if other.dollars]
    points += [(f"{name} (published)", cost, _INK, "*") for name, cost in published]
    points.sort(key=lambda point: -point[1])
    figure, (axes,) = _figure(1, height=0.9 + 0.38 * len(points))
    for row, (_, cost, colour, marker) in enumerate(points):
        axes.plot(cost, row, marker=marker, color=colour, markersize=8)
        axes.annotate(dollars(cost), (cost, row), (9, 0), textcoords="offset points", va="center")
    axes.set_xscale("log")
    axes.xaxis.minorticks_off()
    axes.set_yticks(range(len(points)), [name for name, *_ in points])
    axes.margins(x=0.12)
    axes.set_xlabel(f"dollars per training, ours at {dollars(study.price)} an hour (logarithmic)")
    axes.xaxis.set_major_formatter(lambda value, _: dollars(value))
    return figure


Lines = dict[str, list[tuple[float, float]]]


def _panels(lines: Lines, level: float | None, ylabel: str, finish: Callable[[Axes], None]) -> Figure:
    """Return one panel of all lines, and a second one without random weights where those are far above."""
    rest = {method: points for method, points in lines.items() if method != "scratch"}
    near = [y for points in rest.values() for _, y in points] + ([level] if level is not None else [])
    far = [y for _, y in lines.get("scratch", [])]
    both = bool(rest and far) and min(far) - max(near) > _FAR_ABOVE * (max(near) - min(near))
    figure, panels = _figure(2 if both else 1, height=4.2)
    panels[0].set_ylabel(ylabel)
    for axes, shown in zip(panels, (lines, rest), strict=False):
        _lines(axes, shown, level)
        finish(axes)
        ends = [(points[-1][1], LABELS[method], _STYLE[method][0]) for method, points in shown.items()]
        if level is not None:
            ends.append((level, LABELS["base"], _INK))
        if both and axes is panels[0]:
            ends = [
                (lines["scratch"][-1][1], LABELS["scratch"], _STYLE["scratch"][0]),
                (sum(near) / len(near), "The others", _INK),
            ]
        _name_lines(axes, ends)
    if both:
        panels[1].set_title("The others, closer", fontsize=10)
    return figure


def _lines(axes: Axes, lines: Lines, level: float | None) -> None:
    for method, points in lines.items():
        colour, marker = _STYLE[method]
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, color=colour, marker=marker, markersize=5, linewidth=1.8)
    if level is not None:
        axes.axhline(level, color=_INK, linestyle=(0, (4, 3)), linewidth=1.2)


def _name_lines(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Write names to the right of the panel, each at the height of its line's end, none over another."""
    low, high = axes.get_ylim()
    ends.sort()
    for height, (_, name, colour) in zip(_apart([(y - low) / (high - low) for y, *_ in ends]), ends, strict=True):
        axes.annotate(
            name,
            (1, height),
            (6, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            color=colour,
            va="center",
            fontweight="bold",
        )


def _apart(heights: Sequence[float], gap: float = 0.065) -> list[float]:
    """Return rising heights, moved to be `gap` apart: touching ones spread about their mean, none below 0."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and fmean(groups[-1]) - fmean(groups[-2]) < gap * len(groups[-2] + groups[-1]) / 2:
            last = groups.pop()
            groups[-1] += last
    lowest = 0.0
    placed: list[float] = []
    for group in groups:
        first = max(lowest, fmean(group) - gap * (len(group) - 1) / 2)
        placed += [first + gap * n for n in range(len(group))]
        lowest = placed[-1] + gap
    return placed


def _figure(panels: int, height: float) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(8.2, height), layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def _save(figure: Figure, file: Path) -> str:
    """Write the chart as PNG, and return it as SVG."""
    figure.savefig(file, dpi=150, facecolor="white")
    text = io.StringIO()
    no_metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(text, format="svg", transparent=True, metadata=no_metadata)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    return re.sub(r'<g id="[^"]*"', "<g", svg)
