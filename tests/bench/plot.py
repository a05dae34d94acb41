#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws what an ingest costs as packages, and as bytes, grow:

    plot.py [--build DIR] [--runs N] FILE.svg

All sizes take turns, N times (5), so that a machine that is slow for a while
is so for all of them: each point is the median of its ratios to the largest
ingest of the same turn. The line goes through the first and the last point:
where cost is linear, the others lie on it. The last line says how far they are
from it; more than a quarter is an error.
"""
import argparse
import os
import statistics
import sys

import run
import workload

WIDE, HIGH, EDGE = 360, 240, 48
AXES = {"packages": "packages of 8 kB", "bytes": "MB in 20 packages"}


def costs(build, name, runs):
    """The points (size, processor seconds) of one series."""
    work = os.path.join(build, "bench", "work")
    sizes = workload.SERIES[name]
    lines = {n: run.contenders(build, run.prepare(build, "%s-%d" % (name, n)),
                               work)["sallyport"] for n in sizes}
    turns = [[one["cpu"] for one in turn]
             for turn in zip(*run.measure(lines, work, runs).values())]
    largest = statistics.median(turn[-1] for turn in turns)
    return [(n, largest * statistics.median(turn[i] / turn[-1]
                                            for turn in turns))
            for i, n in enumerate(sizes)]


def expected(points, x):
    (x0, y0), (x1, y1) = points[0], points[-1]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def panel(points, label, left):
    most_x, most_y = points[-1][0], max(y for _, y in points) * 1.1

    def place(x, y):
        return (left + EDGE + x / most_x * (WIDE - EDGE - 24),
                HIGH - EDGE - y / most_y * (HIGH - EDGE - 24))

    yield '<path d="M%.1f %.1fL%.1f %.1fL%.1f %.1f" class="axis"/>' % (
        *place(0, most_y), *place(0, 0), *place(most_x, 0))
    yield '<path d="M%.1f %.1fL%.1f %.1f" class="line"/>' % (
        *place(*points[0]), *place(*points[-1]))
    for x, y in points:
        px, py = place(x, y)
        yield '<circle cx="%.1f" cy="%.1f" r="3"/>' % (px, py)
        yield '<text x="%.1f" y="%.1f">%.2f</text>' % (px, py - 8, y)
        if x > most_x / 10:
            yield '<text x="%.1f" y="%d">%d</text>' % (px, HIGH - EDGE + 16, x)
    yield '<text x="%.1f" y="%d">%s</text>' % (
        left + (WIDE + EDGE) / 2, HIGH - 10, label)
    yield '<text x="%.1f" y="14">processor seconds</text>' % (left + EDGE + 40)


def draw(series):
    yield ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11" text-anchor="middle">'
           % (WIDE * len(series), HIGH))
    yield ("<style>.axis{stroke:#333;fill:none}.line{stroke:#8ab;fill:none}"
           "</style>")
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    for number, (name, points) in enumerate(series.items()):
        yield from panel(points, AXES[name], number * WIDE)
    yield "</svg>"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("file")
    options = parser.parse_args()
    build, series, worst = os.path.abspath(options.build), {}, 0
    for name in workload.SERIES:
        series[name] = costs(build, name, options.runs)
        for x, y in series[name]:
            away = y / expected(series[name], x) - 1
            worst = max(worst, abs(away))
            print("%8s %5d  %7.3f s, %+.0f %% of the line" % (
                name, x, y, away * 100), flush=True)
    with open(options.file, "w", encoding="ascii") as out:
        out.write("\n".join(draw(series)) + "\n")
    print("at most %.0f %% from the line" % (worst * 100))
    sys.exit(worst > 0.25)


if __name__ == "__main__":
    main()
