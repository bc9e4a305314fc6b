#!/usr/bin/env python3
"""What bench/server.py has measured, as tables, with the goals and whether they are met.

    server_table.py server.json                  prints them
    server_table.py server.json docs/server.md   puts them between that page's marks

Servers are compared round by round, since the machine is another from minute to minute: each round gives one quotient, and the
figure is the median of all.  A goal is judged by the quartiles.  "Above" is met if the lower quartile is above 1, and "not below"
is missed only if the upper quartile is below it: what noise alone may have done is no merit and no fault.
"""
import json
import sys

SERVERS = ["leash", "naive", "redis"]
READS = {"get", "lrange_100"}
LONGEST = 1.5  # p99.9 beside cycles, over the idle one
BUSY = 0.9     # of its processor: from there on the load generator is the limit
BEGIN, END = "<!-- figures: make server-bench -->\n", "<!-- end of figures -->\n"


def quantile(values, share):
    values = sorted(values)
    at = (len(values) - 1) * share
    below = int(at)
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


def median(values):
    return quantile(values, 0.5)


def quotients(ones, others):
    """One for each round."""
    return [one / other for one, other in zip(ones, others)]


def rates(row, server):
    return [run["rate"] for run in row["runs"][server]]


# --- Goals.

def goals(row):
    """What is wanted of leash in that row: {server: "above" or "not below"}."""
    hot = row["keys"] == 1 and row["test"] in ("get", "set")
    piped = row["pipeline"] > 1
    wanted = {"naive": "above" if hot or (piped and row["test"] in READS) else "not below"}
    if piped:
        wanted["redis"] = "above"
    return wanted


def is_met(wanted, ratios):
    if wanted == "above":
        return quantile(ratios, 0.25) > 1
    return quantile(ratios, 0.75) >= 1


def verdict(met):
    return "met" if met else "missed"


# --- Tables.

def table(heads, rows):
    """Markdown that is aligned: it is read in terminals, too."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]

    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"

    return "\n".join([line(heads), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def shown(number):
    """Three digits."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}" if number >= 1 else f"{number:.2f}"


def with_quartiles(values):
    return f"{median(values):.2f} ({quantile(values, 0.25):.2f}-{quantile(values, 0.75):.2f})"


def rate_cell(row, server):
    runs = row["runs"].get(server)
    if not runs:
        return "-"
    limited = "*" if median([run["busy"] for run in runs]) >= BUSY else ""
    return shown(median(rates(row, server)) / 1e3) + limited


def processor_cell(row, server):
    runs = row["runs"].get(server)
    return shown(median([run["processor"] for run in runs])) if runs else "-"


def ratio_cells(row, server, tally):
    if server not in row["runs"]:
        return ["-", "-"]
    ratios = quotients(rates(row, "leash"), rates(row, server))
    wanted = goals(row).get(server)
    if not wanted:
        return [with_quartiles(ratios), ""]
    met = is_met(wanted, ratios)
    tally.append((f"{row['test']}, {keys_of(row)}, -P {row['pipeline']}: {wanted} {server}", met))
    return [with_quartiles(ratios), f"{wanted}: {verdict(met)}"]


def keys_of(row):
    return "one key" if row["keys"] == 1 else f"{row['keys']:,} keys"


def requests_table(rows, tally):
    heads = ["test", "keys", "-P", *SERVERS, *[f"{server}, µs" for server in SERVERS],
             "leash/naive", "goal", "leash/redis", "goal"]
    return table(heads, [
        [row["test"], f"{row['keys']:,}", row["pipeline"], *[rate_cell(row, server) for server in SERVERS],
         *[processor_cell(row, server) for server in SERVERS], *ratio_cells(row, "naive", tally),
         *ratio_cells(row, "redis", tally)] for row in rows])


def latency_ratios(phases, kind, other):
    """Of p99.9, a round each."""
    by_round = {(phase["round"], phase["kind"]): phase["p99.9"] for phase in phases}
    rounds = sorted({phase["round"] for phase in phases})
    return quotients([by_round[number, kind] for number in rounds], [by_round[number, other] for number in rounds])


def latency_table(phases, tally):
    heads = ["beside", "p50", "p99", "p99.9", "longest", "sent late, p99.9", "collections/s", "objects reclaimed/s",
             "p99.9 / idle", "goal"]
    lines = []
    for kind in ("idle", "cycles", "chains"):
        same = [phase for phase in phases if phase["kind"] == kind]
        line = [kind, *[shown(median([phase[name] for phase in same]))
                        for name in ("p50", "p99", "p99.9", "longest", "late")],
                *[f"{median([phase[name] / phase['seconds'] for phase in same]):,.0f}" for name in ("collections", "reclaimed")]]
        if kind == "idle":
            line += ["", ""]
        else:
            ratios = latency_ratios(phases, kind, "idle")
            line += [with_quartiles(ratios), ""]
        if kind == "cycles":
            met = median(ratios) <= LONGEST
            line[-1] = f"at most {LONGEST}: {verdict(met)}"
            tally.append((f"p99.9 beside cycles at most {LONGEST} times the idle one", met))
        lines.append(line)
    return table(heads, lines)


def is_noisy(phases):
    """Whether the client's own lateness is most of what it has measured while nothing else went on."""
    idle = [phase for phase in phases if phase["kind"] == "idle"]
    return median([phase["late"] for phase in idle]) > median([phase["p99.9"] for phase in idle]) / 2


# --- What the figures mean.

def machine_says(setup):
    working = setup["threads"] + setup["generators"]
    text = (f"{setup['processors']} processors ({setup['model']}); leash-server with {setup['threads']} threads, {setup['clients']} "
            f"clients from {setup['generators']} redis-benchmark{'s' if setup['generators'] > 1 else ''}, {setup['rounds']} rounds of "
            f"{setup['seconds']:g} s.")
    if working > setup["processors"]:
        text += (f"  The load generator and leash-server's threads are {working} threads on {setup['processors']} processors, and "
                 f"take time from each other; redis-server's one thread has a processor for itself.")
    return text


def report(measured):
    """All of it as text."""
    tally, parts = [], []
    if rows := measured.get("requests"):
        parts.append(machine_says(measured["setup"]))
        parts.append("Thousands of requests a second (*: the load generator could not ask for more), and the server's processor "
                     "time a request, in microseconds, which also counts what its other threads do:")
        parts.append(requests_table(rows, tally))
        parts += [f"{server} is missing: {why}." for server, why in measured["missing"].items()]
    if latency := measured.get("latency"):
        parts.append(f"Latency in microseconds, from when a request was due, at {latency['rate']:,} requests a second on "
                     f"{latency['connections']} connections, while another client makes and drops {latency['values']:,} values a "
                     f"minute in cycles, or in chains that counting frees; {latency['rounds']} rounds of {latency['seconds']:g} s each:")
        parts.append(latency_table(latency["phases"], tally))
        if is_noisy(latency["phases"]):
            parts.append("The client itself was late for most of that time: others had the processors, and the ratios say little.")
    else:
        parts.append(f"No latencies: {measured['no_latency']}.")
    missed = [name for name, met in tally if not met]
    parts.append(f"Goals: {len(tally) - len(missed)} met, {len(missed)} missed" + (": " + "; ".join(missed) if missed else "") + ".")
    return "\n\n".join(parts)


def insert(text, path):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{path} has no marks for the figures")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{text}\n\n{END}{after}")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip())
    with open(sys.argv[1], encoding="utf-8") as file:
        text = report(json.load(file))
    if len(sys.argv) == 3:
        insert(text, sys.argv[2])
    else:
        print(text)


if __name__ == "__main__":
    main()
