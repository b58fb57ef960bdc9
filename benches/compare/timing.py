"""Runs processes and measures each: wall time, CPU and peak memory of the whole process.

As a program (`timing.py LOG COMMAND...`) it runs one. It is a small process, because the peak of a new process
starts from that of its parent.
"""

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time


@dataclasses.dataclass
class Cost:
    """The cost of one run."""

    wall: float
    cpu: float
    peak: float  # MiB


def run(command, log):
    """Runs a command, with its output going to the file `log`."""
    os.sync()
    line = subprocess.run([sys.executable, "-I", __file__, log, *command], check=True, stdout=subprocess.PIPE).stdout
    return Cost(**json.loads(line))


def main(log, *command):
    """Runs a command and prints its cost."""
    with open(log, "w") as out:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"exit {child.returncode}: {' '.join(command)}\n{open(log).read()[-4000:]}")
    print(json.dumps({"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024}))


def pairs(ours, theirs, count):
    """Runs two functions that return a cost alternately, A B A B; returns the costs of each."""
    costs = [(ours(), theirs()) for _ in range(count)]
    return [a for a, _ in costs], [b for _, b in costs]


def median(costs, what="wall"):
    """The median of a figure."""
    return statistics.median(getattr(cost, what) for cost in costs)


def ratios(ours, theirs, what="wall"):
    """Minimum, median and maximum of the ratios of the pairs: how many times as much the peer takes."""
    each = sorted(getattr(b, what) / getattr(a, what) for a, b in zip(ours, theirs, strict=True))
    return each[0], statistics.median(each), each[-1]


if __name__ == "__main__":
    main(*sys.argv[1:])
