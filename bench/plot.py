#!/usr/bin/env python3
"""Draws Google Benchmark's JSON as SVG, with the standard library alone.

    plot.py results.json directory

writes directory/costs.svg (a bar for every case that runs on one thread, families together),
directory/threads.svg (a line for every case that runs on several) and directory/growth.svg (a line for
every family whose cases differ by the number of objects).  Costs are processor time of the whole process
an operation, on a logarithmic scale: equal distances are equal ratios.
"""
import json
import math
import os
import sys

from picture import Picture, apart, decades

COLOURS = {"leash": "#1b6ca8", "naive": "#c8553d", "plain": "#8a8a8a", "malloc": "#c8553d",
           "private": "#8a8a8a", "std": "#7a4fa3", "glib": "#3f8f4f", "extra": "#6aa6d0", "builder": "#6aa6d0", "foreign": "#1b6ca8",
           "cyclic": "#1b6ca8", "leaf": "#8a8a8a", "garbage": "#1b6ca8", "ring": "#6aa6d0"}
GROWING = {"garbage", "ring"}  # families; the last part of a case's name is the number of objects
DASHES = ["none", "7 3", "2 2", "9 2 2 2", "12 4"]  # a family each
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def read(path):
    """{(case, threads): nanoseconds}; the median where a case was repeated."""
    with open(path, encoding="utf-8") as file:
        runs = json.load(file)["benchmarks"]
    costs, medians = {}, {}
    for run in runs:
        if "cpu_time" not in run or run.get("error_occurred"):
            continue
        case = "/".join(part for part in run["run_name"].split("/")
                        if part not in ("process_time", "real_time") and ":" not in part)
        key = case, run.get("threads", 1)
        cost = run["cpu_time"] * UNITS[run.get("time_unit", "ns")]
        if run.get("run_type") == "aggregate":
            if run.get("aggregate_name") == "median":
                medians[key] = cost
        else:
            costs.setdefault(key, cost)
    return {**costs, **medians}


def family(case):
    return case.split("/")[0]


def colour(case):
    return COLOURS.get(case.split("/")[1] if "/" in case else case, "#444444")


def draw_costs(costs, path):
    families = {}
    for (case, threads), cost in costs.items():
        if threads == 1 and cost > 0 and family(case) not in GROWING:
            families.setdefault(family(case), []).append((case, cost))
    if not families:
        return
    low, high = decades([cost for cases in families.values() for _, cost in cases])
    left, right, row, gap, top = 170, 90, 18, 10, 50
    rows = sum(len(cases) for cases in families.values())
    picture = Picture(900, top + rows * row + len(families) * gap + 20)
    scale = (picture.width - left - right) / (high - low)
    picture.text(16, 24, "Processor time an operation, one thread (ns, logarithmic)", size=15)
    for exponent in range(low, high + 1):
        x = left + (exponent - low) * scale
        picture.line(x, top - 6, x, picture.height - 16)
        picture.text(x, top - 10, f"{10.0 ** exponent:g}", "middle", 11, "#777777")
    y = top
    for cases in families.values():
        for case, cost in cases:
            length = (math.log10(cost) - low) * scale
            picture.text(left - 8, y + row - 5, case, "end")
            picture.bar(left, y + 2, length, row - 4, colour(case))
            picture.text(left + length + 6, y + row - 5, f"{cost:.3g}")
            y += row
        y += gap
    picture.write(path)


def draw_lines(lines, title, across_title, path):
    """{name: [(x, cost)]}, both on logarithmic scales."""
    lines = {name: sorted(points) for name, points in lines.items() if len(points) > 1}
    if not lines:
        return
    low, high = decades([cost for points in lines.values() for _, cost in points])
    marks = sorted({x for points in lines.values() for x, _ in points})
    picture = Picture(700, 440)
    left, right, top, bottom = 70, 150, 50, 50
    across = (picture.width - left - right) / math.log2(marks[-1] / marks[0])
    up = (picture.height - top - bottom) / (high - low)

    def place(x, cost):
        return (left + math.log2(x / marks[0]) * across,
                picture.height - bottom - (math.log10(cost) - low) * up)

    picture.text(16, 24, title, size=15)
    for exponent in range(low, high + 1):
        _, y = place(marks[0], 10.0 ** exponent)
        picture.line(left, y, picture.width - right, y)
        picture.text(left - 8, y + 4, f"{10.0 ** exponent:g}", "end", 11, "#777777")
    for mark in marks:
        x, _ = place(mark, 10.0 ** low)
        picture.text(x, picture.height - bottom + 18, f"{mark:,}", "middle", 11, "#777777")
    picture.text((left + picture.width - right) / 2, picture.height - 12, across_title, "middle")
    labels = apart({name: place(*points[-1])[1] for name, points in lines.items()}, 13)
    families = list(dict.fromkeys(family(name) for name in lines))
    for name, points in lines.items():
        places = [place(*point) for point in points]
        dashes = DASHES[families.index(family(name)) % len(DASHES)]
        for (x1, y1), (x2, y2) in zip(places, places[1:]):
            picture.line(x1, y1, x2, y2, colour(name), 2, dashes)
        for x, y in places:
            picture.dot(x, y, colour(name))
        picture.text(places[-1][0] + 8, labels[name] + 4, f"{name} {points[-1][1]:.3g}", fill=colour(name))
    picture.write(path)


def draw_threads(costs, path):
    lines = {}
    for (case, threads), cost in sorted(costs.items()):
        if cost > 0 and family(case) not in GROWING:
            lines.setdefault(case, []).append((threads, cost))
    draw_lines(lines, "One thing used by several threads: time a use takes one thread (ns)", "threads", path)


def draw_growth(costs, path):
    lines = {}
    for (case, _), cost in costs.items():
        if cost > 0 and family(case) in GROWING:
            lines.setdefault(family(case), []).append((int(case.split("/")[-1]), cost))
    draw_lines(lines, "The cycle collector: processor time an object (ns)", "objects in one collection", path)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    costs = read(sys.argv[1])
    draw_costs(costs, os.path.join(sys.argv[2], "costs.svg"))
    draw_threads(costs, os.path.join(sys.argv[2], "threads.svg"))
    draw_growth(costs, os.path.join(sys.argv[2], "growth.svg"))


if __name__ == "__main__":
    main()
