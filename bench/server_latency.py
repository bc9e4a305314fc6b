"""Latency over time, while another client makes cycles and drops them.

One client asks at a fixed rate for as long as it takes.  Beside it, by turns: nothing; a client that makes rings of hashes
and deletes their names; one that sends the same, except that nothing closes the ring.  The third tells what the load costs from what
the collector does.  Between the phases there is a pause, that the one does not pay for the other.
"""
import subprocess
import threading
import time

from server_table import quantile

KINDS = ["idle", "cycles", "chains"]
RING = 10       # values, as in server-load.c
PAUSE = 0.5     # seconds; no longer than a phase
INTERVAL = 0.5  # seconds of a point in the picture


def counters(server):
    """Rounds of the collector, and what they have reclaimed."""
    text = server.ask("LEASH", "STATS").decode().replace(":", " ")
    values = {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if len(line.split()) == 2}
    return {"collections": sum(value for name, value in values.items() if name.startswith("collections_")),
            "reclaimed": values["deaths_collected"]}


class Load:
    """server-load, running."""

    def __init__(self, program, server, kind, rate, seconds, connections):
        command = [program, server.port, kind, rate, seconds, connections]
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.process.terminate()
        return self.items()

    def items(self):
        """When it has ended: [(when it was due, how late it was sent, latency)], seconds and microseconds."""
        printed = self.process.communicate()[0]
        if self.process.returncode:
            raise RuntimeError(f"{self.process.args} fails")
        return [tuple(map(float, line.split())) for line in printed.splitlines()]


class Watch(threading.Thread):
    """Asks now and then what the collector has done."""

    def __init__(self, server, interval):
        super().__init__()
        self.server, self.interval, self.seen, self.stopped = server, interval, [], threading.Event()
        self.start()

    def run(self):
        while not self.stopped.wait(self.interval):
            self.seen.append({"at": time.monotonic(), **counters(self.server)})

    def stop(self):
        self.stopped.set()
        self.join()


def figures(items):
    """Of a phase, or of an interval."""
    latencies = [latency for _, _, latency in items]
    return {"requests": len(items), "p50": quantile(latencies, 0.5), "p99": quantile(latencies, 0.99),
            "p99.9": quantile(latencies, 0.999), "longest": max(latencies),
            "late": quantile([late for _, late, _ in items], 0.999)}


def play(server, program, setup):
    """The phases, with their times."""
    phases = []
    for turn in range(setup["rounds"]):
        for kind in KINDS[:: -1 if turn % 2 else 1]:
            time.sleep(min(PAUSE, setup["seconds"]))
            before, begin = counters(server), time.monotonic()
            if kind == "idle":
                time.sleep(setup["seconds"])
            else:
                Load(program, server, kind, setup["values"] / 60 / RING, setup["seconds"], 1).items()
            end, after = time.monotonic(), counters(server)
            phases.append({"kind": kind, "round": turn, "begin": begin, "end": end, "seconds": end - begin,
                           **{name: after[name] - before[name] for name in after}})
    return phases


def intervals(items, begin, end):
    """What was due in each, and how many answers came."""
    length = min(INTERVAL, (end - begin) / 10)
    asked, answers = {}, {}
    for item in items:
        asked.setdefault(int((item[0] - begin) // length), []).append(item)
        answered = int((item[0] + item[2] / 1e6 - begin) // length)
        answers[answered] = answers.get(answered, 0) + 1
    return [{"at": begin + number * length, "seconds": length, "answers": answers.get(number, 0), **figures(asked[number])}
            for number in range(int((end - begin) / length)) if number in asked]


def measure(server, program, setup, tell):
    """`setup`: "rate" and "connections" of the client that asks, "values" a minute of the other, "rounds", "seconds" a phase."""
    total = len(KINDS) * setup["rounds"] * (setup["seconds"] + PAUSE)
    tell(f"latency: about {total:.0f} seconds")
    asking = Load(program, server, "ask", setup["rate"], 10 * total + 60, setup["connections"])
    watch = Watch(server, min(INTERVAL, setup["seconds"] / 4))
    phases = play(server, program, setup)
    watch.stop()
    items = asking.stop()
    for phase in phases:
        phase.update(figures([item for item in items if phase["begin"] <= item[0] < phase["end"]]))
    begin, end = phases[0]["begin"], phases[-1]["end"]
    return {**setup, "begin": begin, "phases": phases, "intervals": intervals(items, begin, end), "watched": watch.seen}
