"""Figures in words, as the report prints them."""


def percent(share: float) -> str:
    """Format 12.34 as "12%", 0.87 as "0.9%"."""
    return f"{share:.1f}%" if share < 9.95 else f"{share:.0f}%"


def duration(seconds: float) -> str:
    """Format 40 as "40 s", 400 as "6.7 minutes", 9000 as "2.5 hours"."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def dollars(amount: float) -> str:
    """Format 1234.5 as "$1,235", 0.0456 as "$0.046"."""
    if amount == 0 or amount >= 10:
        return f"${amount:,.0f}"
    if amount < 1e-5:
        return "under $0.00001"
    return f"${amount:.2f}" if amount >= 0.1 else f"${float(f'{amount:.2g}'):f}".rstrip("0")


def parameter_count(count: float) -> str:
    """Format 134515008 as "135M"."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.0f}"


def gibibytes(count: float) -> str:
    """Format bytes as GiB, or MiB where that is less than a tenth."""
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 / 10 else f"{count / 2**20:.0f} MiB"


def stories(count: int) -> str:
    """Format 1 as "1 story", 3 as "3 stories"."""
    return f"{count} {'story' if count == 1 else 'stories'}"
