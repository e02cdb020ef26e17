"""Show on stderr which files a command skipped because it could not read them."""

from collections.abc import Sequence

import click

from corpus.story import Skipped
from corpus.text import visible

_SHOWN = 20


def show_skipped(skipped: Sequence[Skipped], more: str) -> None:
    """Print the reason for each file that can't be read; of many, for the first, and `more` says where the others are.

    Files that are intact but have no story are not shown.
    """
    reasons = [each.reason for each in skipped if not each.without_story]
    for reason in reasons[:_SHOWN]:
        click.echo(visible(f"Skipped: {reason}"), err=True)
    if len(reasons) > _SHOWN:
        click.echo(f"Skipped: {len(reasons) - _SHOWN} more files; {more}", err=True)
