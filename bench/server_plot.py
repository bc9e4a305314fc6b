#!/usr/bin/env python3
"""Draws what bench/server.py has measured, as SVG.

    server_plot.py server.json directory

writes directory/server-requests.svg (requests a second by test and server, with the quartiles) and
directory/server-latency.svg (throughput, latency and what the collector did, over time).
"""
import json
import math
import os
import sys

from picture import Picture, apart, decades
from server_table import SERVERS, keys_of, quantile, rates

COLOURS = {"leash": "#1b6ca8", "naive": "#c8553d", "redis": "#8a8a8a"}
NAMES = {"leash": "leash-server", "naive": "the same over naive atomics", "redis": "redis-server"}
SHADES = {"cycles": "#f6d9b8", "chains": "#e4e9ee"}
LINES = {"p50": "#1b6ca8", "p99": "#7a4fa3", "p99.9": "#c8553d"}
FAINT, GREY = "#777777", "#dddddd"


def round_up(number):
    """To 1, 2 or 5 and zeros, and a step for the scale below."""
    step = 10.0 ** math.floor(math.log10(max(number, 1e-9) / 2))
    for factor in (1, 2, 5, 10):
        if number / (step * factor) <= 6:
            return math.ceil(number / (step * factor)) * step * factor, step * factor
    return number, number


# --- Requests a second.

def draw_panel(picture, rows, servers, top):
    """Bars of rows with one scale; where it ends."""
    left, right, thick, gap = 170, 130, 13, 12
    most = max(quantile(rates(row, server), 0.75) for row in rows for server in row["runs"]) / 1e3
    end, step = round_up(most)
    scale = (picture.width - left - right) / end
    height = len(rows) * (len(servers) * thick + gap)
    picture.text(16, top, f"-P {rows[0]['pipeline']}: thousands of requests a second", size=13)
    for i in range(round(end / step) + 1):
        x = left + i * step * scale
        picture.line(x, top + 22, x, top + 24 + height, GREY)
        picture.text(x, top + 18, f"{i * step:,.0f}", "middle", 11, FAINT)
    y = top + 24 + gap / 2
    for row in rows:
        picture.text(left - 10, y + len(servers) * thick / 2 + 4, f"{row['test']}, {keys_of(row)}", "end")
        for server in servers:
            low, middle, high = (quantile(rates(row, server), share) / 1e3 for share in (0.25, 0.5, 0.75))
            picture.bar(left, y, middle * scale, thick - 2, COLOURS[server])
            picture.line(left + low * scale, y + thick / 2 - 1, left + high * scale, y + thick / 2 - 1, "#222222", 1.5)
            picture.text(left + max(high, middle) * scale + 6, y + thick - 3, f"{middle:,.0f}", size=11)
            y += thick
        y += gap
    return top + 24 + height


def draw_requests(measured, path):
    rows = measured["requests"]
    servers = [server for server in SERVERS if server in rows[0]["runs"]]
    pipelines = sorted({row["pipeline"] for row in rows})
    picture = Picture(900, 110 + len(rows) * (len(servers) * 13 + 12) + len(pipelines) * 60)
    picture.text(16, 26, f"redis-benchmark, {measured['setup']['clients']} clients: medians, with the quartiles", size=15)
    x = 16
    for server in servers:
        picture.bar(x, 40, 12, 12, COLOURS[server])
        picture.text(x + 18, 51, NAMES[server])
        x += 45 + 7 * len(NAMES[server])
    y = 86
    for pipeline in pipelines:
        y = draw_panel(picture, [row for row in rows if row["pipeline"] == pipeline], servers, y) + 36
    picture.height = round(y - 16)
    picture.write(path)


# --- Over time.

class Times:
    """Panels above each other, with the same time from left to right."""

    left, right = 76, 130

    def __init__(self, latency):
        self.picture = Picture(1000, 600)
        self.begin = latency["begin"]
        self.end = max(phase["end"] for phase in latency["phases"])
        self.phases = latency["phases"]

    def across(self, at):
        return self.left + (at - self.begin) / (self.end - self.begin) * (self.picture.width - self.left - self.right)

    def shade(self, top, height):
        for phase in self.phases:
            if phase["kind"] in SHADES:
                x = self.across(phase["begin"])
                self.picture.bar(x, top, self.across(phase["end"]) - x, height, SHADES[phase["kind"]])

    def scale(self, y, text):
        self.picture.line(self.left, y, self.picture.width - self.right, y, "#cccccc", 0.7)
        self.picture.text(self.left - 8, y + 4, text, "end", 11, FAINT)

    def panel(self, title, top, height):
        self.picture.text(16, top - 10, title, size=13)
        self.shade(top, height)

    def seconds(self, y):
        length = self.end - self.begin
        _, step = round_up(length)
        at = 0
        while at <= length:
            self.picture.text(self.across(self.begin + at), y, f"{at:g} s", "middle", 11, FAINT)
            at += step


def draw_throughput(times, latency, top, height):
    points = [(point["at"] + point["seconds"] / 2, point["answers"] / point["seconds"] / 1e3) for point in latency["intervals"]]
    end, step = round_up(max(rate for _, rate in points) * 1.1)
    times.panel("Throughput: thousands of answers a second", top, height)
    for i in range(round(end / step) + 1):
        times.scale(top + height - i * step / end * height, f"{i * step:g}")
    times.picture.path([(times.across(at), top + height - rate / end * height) for at, rate in points], LINES["p50"])


def draw_latencies(times, latency, top, height):
    points = latency["intervals"]
    low, high = decades([point[name] for point in points for name in LINES])
    times.panel(f"Latency in microseconds, every {points[0]['seconds']:.2g} s (logarithmic)", top, height)

    def up(value):
        return top + height - (math.log10(value) - low) / (high - low) * height

    for exponent in range(low, high + 1):
        times.scale(up(10.0 ** exponent), f"{10.0 ** exponent:,.0f}")
    labels = apart({name: up(points[-1][name]) for name in LINES}, 14)
    for name, colour in LINES.items():
        times.picture.path([(times.across(point["at"] + point["seconds"] / 2), up(point[name])) for point in points], colour)
        times.picture.text(times.picture.width - times.right + 10, labels[name] + 4, name, fill=colour)


def draw_collector(times, latency, top, height):
    watched = latency["watched"]
    steps = [(one["at"], other["at"], (other["reclaimed"] - one["reclaimed"]) / (other["at"] - one["at"]) / 1e3,
              (other["collections"] - one["collections"]) / (other["at"] - one["at"])) for one, other in zip(watched, watched[1:])]
    steps = [step for step in steps if step[0] >= times.begin and step[1] <= times.end]
    if not steps:
        return
    times.panel("The collector: thousands of objects reclaimed a second (bars), rounds a second (line)", top, height)
    end, step = round_up(max([reclaimed for _, _, reclaimed, _ in steps] + [1]))
    for i in range(round(end / step) + 1):
        times.scale(top + height - i * step / end * height, f"{i * step:g}")
    for one, other, reclaimed, _ in steps:
        if reclaimed > 0:
            times.picture.bar(times.across(one), top + height - reclaimed / end * height, times.across(other) - times.across(one),
                              reclaimed / end * height, LINES["p50"])
    most, mark = round_up(max([rounds for _, _, _, rounds in steps] + [1]))
    for i in range(round(most / mark) + 1):
        times.picture.text(times.picture.width - times.right + 10, top + height - i * mark / most * height + 4, f"{i * mark:g}",
                           size=11, fill=LINES["p99.9"])
    times.picture.path([(times.across((one + other) / 2), top + height - rounds / most * height) for one, other, _, rounds in steps],
                       LINES["p99.9"])


def draw_latency(measured, path):
    latency = measured["latency"]
    times = Times(latency)
    picture = times.picture
    picture.text(16, 26, f"leash-server asked {latency['rate']:,} times a second, while another client makes and drops "
                         f"{latency['values']:,} values a minute", size=15)
    x = 16
    for kind, text in (("cycles", "in cycles, for the collector"), ("chains", "in chains, which counting frees")):
        picture.bar(x, 40, 12, 12, SHADES[kind])
        picture.text(x + 18, 51, text)
        x += 230
    draw_throughput(times, latency, 90, 80)
    draw_latencies(times, latency, 210, 190)
    draw_collector(times, latency, 440, 110)
    times.seconds(572)
    picture.height = 590
    picture.write(path)


def draw(measured, folder):
    draw_requests(measured, os.path.join(folder, "server-requests.svg"))
    if measured["latency"]:
        draw_latency(measured, os.path.join(folder, "server-latency.svg"))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    with open(sys.argv[1], encoding="utf-8") as file:
        draw(json.load(file), sys.argv[2])


if __name__ == "__main__":
    main()
