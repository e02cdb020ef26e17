"""What the live display of a training costs: CPU seconds of its drawing per second, on a pseudo-terminal.

    python -m tests.benchmarks.training_display [--seconds 8]

A process of its own shows the display, takes a step four times a second and does nothing else. The CPU time of one that
shows nothing is taken from its own.
"""

import fcntl
import os
import subprocess
import sys
import termios
import threading
import time

from tests.benchmarks.figures import argument_parser

_SIZES = ((80, 24), (200, 60))
_STEPS = 2000


def measure(seconds: float, shown: bool) -> None:
    """Show the display for so many seconds; print the CPU seconds that this process takes in them."""
    from finetune.training.display import Display, TrainingStatus

    status = TrainingStatus("my-voice", step=1, steps=_STEPS, target_rate=812.4, rate=2034.0, memory=3 << 30)
    status.losses.extend([2.0] * 10)
    status.validation = [(0, 4.0), (200, 2.5)]
    status.seconds_left = 3725.0
    display = Display(status)
    if shown:
        display.start()
    begin, end = time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        time.sleep(0.25)
        status.step += 1
        display.update()
    spent = time.process_time() - begin
    if shown:
        display.stop()  # it holds stdout as well
    print(spent)


def measure_elsewhere(columns: int, lines: int, seconds: float, shown: bool) -> float:
    """Return the CPU seconds of `measure` in a process of its own whose stderr is a terminal of that size."""
    ours, theirs = os.openpty()
    fcntl.ioctl(
        theirs, termios.TIOCSWINSZ, lines.to_bytes(2, sys.byteorder) + columns.to_bytes(2, sys.byteorder) + bytes(4)
    )
    script = f"from {__spec__.name} import measure; measure({seconds}, {shown})"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    threading.Thread(target=_drain, args=(ours,), daemon=True).start()
    output, _ = process.communicate()
    return float(output)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 1 << 16):
            pass
    except OSError:  # the other end is closed
        os.close(terminal)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="Of each measurement.")
    seconds = parser.parse_args().seconds
    print("terminal   CPU seconds of drawing per second")
    for columns, lines in _SIZES:
        shown, hidden = (measure_elsewhere(columns, lines, seconds, shown) for shown in (True, False))
        print(f"{columns:>4} x {lines:<3}  {(shown - hidden) / seconds:.2%}")


if __name__ == "__main__":
    main()
