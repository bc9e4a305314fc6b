"""bench/server.py: that what it prints, writes and draws is all there, and that its arithmetic is right on figures that are known.
Which figures it measures is not looked at."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from xml.etree import ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, "..", "bench")
sys.path.insert(0, BENCH)

import server_latency
import server_plot
import server_requests
import server_table
from servers import Leash
from tap import Tap

LOAD = os.path.abspath("bench/server-load")
tap = Tap()


def texts(path):
    return [element.text for element in ElementTree.parse(path).iter() if element.tag.endswith("text")]


def cells(report, test, keys, pipeline):
    """Of that line of the table."""
    for line in report.splitlines():
        found = [cell.strip() for cell in line.strip("|").split("|")]
        if found[:3] == [test, f"{keys:,}", str(pipeline)]:
            return found
    return []


# --- Known figures.

def run(rate):
    return {"rate": rate, "processor": 1e6 / rate, "busy": 0.5}


def row(test, keys, pipeline, leash, naive, redis):
    rates = {"leash": leash, "naive": naive, "redis": redis}
    return {"test": test, "keys": keys, "pipeline": pipeline, "runs": {name: list(map(run, rates[name])) for name in rates}}


def phase(kind, turn, tail):
    return {"kind": kind, "round": turn, "begin": turn, "end": turn + 1, "seconds": 1, "collections": 7, "reclaimed": 2000, "requests": 100,
            "p50": 10, "p99": 20, "p99.9": tail, "longest": tail, "late": 1}


def canned(cycles):
    phases = [phase(kind, turn, tail) for turn in range(3) for kind, tail in (("idle", 100), ("cycles", cycles[turn]), ("chains", 110))]
    return {
        "setup": {"processors": 2, "model": "a machine", "threads": 2, "generators": 1, "clients": 20, "rounds": 3, "seconds": 1},
        "missing": {},
        "requests": [
            row("get", 1, 1, [110e3, 240e3, 300e3], [100e3, 200e3, 200e3], [200e3, 200e3, 200e3]),  # 1.1 1.2 1.5
            row("get", 1, 32, [90e3, 110e3, 120e3], [100e3, 100e3, 100e3], [50e3, 100e3, 120e3]),   # 0.9 1.1 1.2; 1.8 1.1 1.0
            row("set", 100000, 1, [97e3, 98e3, 104e3], [100e3, 100e3, 100e3], [50e3, 50e3, 50e3]),  # around 1
            row("hset", 1, 32, [97e3, 98e3, 99e3], [100e3, 100e3, 100e3], [50e3, 50e3, 50e3]),      # below 1
        ],
        "latency": {"rate": 1000, "connections": 10, "values": 1000000, "rounds": 3, "seconds": 1, "begin": 0, "phases": phases,
                    "intervals": [{"at": 0, "seconds": 1, "answers": 100, "p50": 10, "p99": 20, "p99.9": 100}], "watched": []},
    }


def arithmetic():
    tap.same([server_table.quantile([4, 1, 3, 2], share) for share in (0, 0.25, 0.5, 1)], [1, 1.75, 2.5, 4], "quantiles")
    report = server_table.report(canned([140, 150, 190]))
    tap.same(cells(report, "get", 1, 1)[3:], ["240", "200", "200", "4.17", "5", "5", "1.20 (1.15-1.35)", "above: met", "1.20 (0.88-1.35)", ""],
             "the ratio is the median of the rounds' quotients, with quartiles")
    tap.same(cells(report, "get", 1, 32)[9:], ["1.10 (1.00-1.15)", "above: missed", "1.10 (1.05-1.45)", "above: met"],
             "more than noise must be above")
    tap.same(cells(report, "set", 100000, 1)[9:11], ["0.98 (0.97-1.01)", "not below: met"], "noise may be below")
    tap.same(cells(report, "hset", 1, 32)[9:11], ["0.98 (0.97-0.98)", "not below: missed"], "more than noise may not")
    tap.ok("at most 1.5: met" in report and "1.50 (1.45-1.70)" in report, "latencies: a goal met", report)
    tap.ok("Goals: 5 met, 2 missed: get, one key, -P 32: above naive; hset, one key, -P 32: not below naive." in report,
           "all goals are counted", report)
    measured = canned([140, 150, 190])
    for one in measured["latency"]["phases"]:
        one["late"] = 60
    tap.ok("say little" in server_table.report(measured) and "say little" not in report, "a machine that is too busy is called so")
    report = server_table.report(canned([140, 160, 190]))
    tap.ok("at most 1.5: missed" in report and "Goals: 4 met, 3 missed" in report, "latencies: a goal missed", report)


def absences():
    measured = canned([100, 100, 100])
    measured["missing"] = {"naive": "it is not built"}
    for one in measured["requests"]:
        del one["runs"]["naive"]
    measured |= {"latency": None, "no_latency": "nobody asks"}
    report = server_table.report(measured)
    tap.same(cells(report, "get", 1, 1)[4:10:5], ["-", "-"], "a server that is missing has empty columns")
    tap.ok("naive is missing: it is not built." in report and "No latencies: nobody asks." in report and "2 met, 0 missed." in report,
           "and the reason is given", report)


def pages(folder):
    path = os.path.join(folder, "page.md")
    for text in ("first", "second"):
        if text == "first":
            with open(path, "w") as file:
                file.write(f"before\n{server_table.BEGIN}old\n{server_table.END}after\n")
        server_table.insert(text, path)
        with open(path) as file:
            page = file.read()
    tap.same(page, f"before\n{server_table.BEGIN}\nsecond\n\n{server_table.END}after\n", "figures take the place of others in a page")
    with open(os.path.join(HERE, "..", "docs", "server.md"), encoding="utf-8") as file:
        page = file.read()
    tap.ok(server_table.BEGIN in page and server_table.END in page, "docs/server.md has a place for them")


def pictures(folder):
    measured = canned([100, 100, 100])
    for one in measured["requests"]:
        one["test"] = f"<{one['test']}>"
    server_plot.draw_requests(measured, os.path.join(folder, "known.svg"))
    found = texts(os.path.join(folder, "known.svg"))
    tap.ok({"<get>, one key", "<set>, 100,000 keys", "240", "200", "redis-server"} <= set(found), "bars have their names and figures",
           found)


def turns():
    """Servers take turns, forwards and backwards, after a guess at the rate."""
    asked, kept = [], (server_requests.prepare, server_requests.benchmark)

    def benchmark(server, case, setup, number):
        asked.append(f"{server}{number}")
        return {"rate": {"a": 100, "b": 300}[server]}

    server_requests.prepare, server_requests.benchmark = lambda *_: None, benchmark
    found = server_requests.measure_case({"A": "a", "B": "b"}, ("get", 1, 1), {"rounds": 3, "seconds": 2})
    server_requests.prepare, server_requests.benchmark = kept
    tap.same(asked[2:], ["a400", "b400", "b400", "a400", "a400", "b400"], "servers take turns")
    tap.same({name: len(runs) for name, runs in found["runs"].items()}, {"A": 3, "B": 3}, "each round is kept")
    tap.same(server_requests.rate_of('"test","rps","p50"\n"GET key:__rand_int__","123.45","0.1"\n'), 123.45, "redis-benchmark is understood")


def times():
    found = server_latency.figures([(0, late, late + 1) for late in range(1001)])
    tap.same({name: round(value) for name, value in found.items()},
             {"requests": 1001, "p50": 501, "p99": 991, "p99.9": 1000, "longest": 1001, "late": 999}, "figures of a phase")
    items = [(10 + one / 10, 0, 250000) for one in range(30)]
    tap.same([(point["at"], point["requests"], point["answers"]) for point in server_latency.intervals(items, 10, 15)],
             [(10, 5, 3), (10.5, 5, 5), (11, 5, 5), (11.5, 5, 5), (12, 5, 5), (12.5, 5, 5)],
             "an interval has what was due in it, and the answers that came in it")


# --- A short run.

def short_run(folder):
    done = subprocess.run([sys.executable, os.path.join(BENCH, "server.py"), "--seconds", "0.02", "--rounds", "2", "--phase", "0.3",
                           "--phases", "1", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not tap.same(done.returncode, 0, "a short run"):
        tap.diag(done.stderr)
        return
    with open(os.path.join(folder, "server.json"), encoding="utf-8") as file:
        measured = json.load(file)
    servers = set(server_table.SERVERS) - set(measured["missing"])
    tap.same([(one["test"], one["keys"], one["pipeline"]) for one in measured["requests"]], list(server_requests.cases()), "all cases")
    tap.same({name for name, *_ in server_requests.cases()}, {"get", "set", "lpush", "lrange_100", "hset"}, "the tests")
    tap.ok(all(set(one["runs"]) == servers and all(len(runs) == 2 and min(min(run.values()) for run in runs) > 0
                                                   for runs in one["runs"].values()) for one in measured["requests"]),
           "each server, in each round", measured["requests"])
    lines = [cells(done.stdout, *case) for case in server_requests.cases()]
    tap.ok(all(len(line) == 13 and all(line[3 + i] != "-" for i, name in enumerate(server_table.SERVERS) if name in servers)
               for line in lines), "each row has its columns", done.stdout)
    found = texts(os.path.join(folder, "server-requests.svg"))
    tap.ok(all(found.count(name) == 2 for name in ("get, one key", "get, 100,000 keys", "hset, one key")), "and its bars", found)
    if measured["latency"]:
        short_latency(measured["latency"], os.path.join(folder, "server-latency.svg"))
    else:
        tap.skip("latencies", measured["no_latency"])


def short_latency(latency, path):
    by_kind = {one["kind"]: one for one in latency["phases"]}
    made = latency["values"] / 60 * latency["seconds"]
    tap.same(sorted(by_kind), ["chains", "cycles", "idle"], "latencies beside each load")
    tap.ok(by_kind["cycles"]["reclaimed"] > made / 2 > by_kind["chains"]["reclaimed"], "the collector has reclaimed cycles, and no chains",
           by_kind)
    asked = sum(one["requests"] for one in latency["phases"])
    wanted = sum(one["seconds"] for one in latency["phases"]) * latency["rate"]
    tap.ok(abs(asked - wanted) < wanted / 20, "requests were due all the time", f"{asked} of {wanted:.0f}")
    tap.ok({"p50", "p99", "p99.9", "in cycles, for the collector"} <= set(texts(path)), "they are drawn")


# --- The client that does not wait.

def patience():
    """A server that stops for a while, and then the client: all that is due meanwhile is late, not only what was asked first."""
    with Leash("--threads", 2) as server:
        load = server_latency.Load(LOAD, server, "ask", 2000, 1.5, 4)
        for process, seconds in ((server.process, 0.4), (load.process, 0.3)):
            time.sleep(0.3)
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(process.pid, signal.SIGCONT)
        items = load.items()
    waited = sum(latency - late > 1e5 for _, late, latency in items)
    late = [item for item in items if item[1] > 1e5]
    tap.same(len(items), 3000, "each item has its latency")
    tap.ok(waited >= 400, "latency counts from when a request was due", f"{waited} of more than 0.1 s, and 600 were due in that time")
    tap.ok(len(late) >= 200, "also where the client was late", f"{len(late)} by more than 0.1 s, and 400 were due in that time")
    tap.ok(all(latency >= late for _, late, latency in items), "and that the client was late counts", late)


def refusals():
    for words, wanted in ((["1", "ask", "1", "1"], "usage"), (["1", "hope", "1", "1", "1"], "hope"), (["1", "ask", "0", "1", "1"], "0"),
                          (["1", "ask", "1", "1", "1"], "no connection")):
        done = subprocess.run([LOAD, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        tap.ok(done.returncode == 1 and not done.stdout and wanted in done.stderr, f"server-load {' '.join(words)}: {wanted}", done.stderr)


def main():
    arithmetic()
    absences()
    turns()
    times()
    with tempfile.TemporaryDirectory() as folder:
        pages(folder)
        pictures(folder)
        short_run(folder)
    if os.access(LOAD, os.X_OK):
        patience()
        refusals()
    else:
        tap.skip("server-load", "it is not built: no hiredis")
    return tap.finish()


sys.exit(main())
