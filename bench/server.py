#!/usr/bin/env python3
"""leash-server, the same over naive atomics, and redis-server, compared under the same clients.

    server.py [OPTION...] FOLDER

from the top of the build tree; `make server-bench` does it.  Writes server.json, server-requests.svg and server-latency.svg
to the folder and prints tables with the goals.  What is missing (the program over naive atomics, redis-server, server-load) is
left out, and the tables say so.
"""
import argparse
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))

import server_latency
import server_plot
import server_requests
import server_table
from servers import Leash, Redis

LEASH = "examples/server/leash-server"
LOAD = "bench/server-load"
THREADS = 2


def read_options():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("folder", help="where server.json and the pictures go")
    options.add_argument("--seconds", type=float, default=0.5, help="of a run of redis-benchmark (%(default)s)")
    options.add_argument("--rounds", type=int, default=5, help="runs of each server in each row (%(default)s)")
    options.add_argument("--clients", type=int, default=20, help="connections of redis-benchmark (%(default)s)")
    options.add_argument("--phase", type=float, default=2, help="seconds beside cycles, beside chains, and idle (%(default)s)")
    options.add_argument("--phases", type=int, default=10, help="of each kind (%(default)s)")
    options.add_argument("--rate", type=int, default=5000, help="requests a second whose latency is measured (%(default)s)")
    return options.parse_args()


def tell(text):
    print(f"server-bench: {text}", file=sys.stderr, flush=True)


def model():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else os.uname().machine


def start_leash(program):
    os.environ["LEASH_SERVER"] = os.path.abspath(program)
    return Leash("--threads", THREADS)


def start_all():
    """The servers that there are, and why others are missing, by name."""
    servers, missing = {"leash": start_leash(LEASH)}, {}
    if os.access(LEASH + "-naive", os.X_OK):
        servers["naive"] = start_leash(LEASH + "-naive")
    else:
        missing["naive"] = f"{LEASH}-naive is not built"
    if shutil.which("redis-server"):
        servers["redis"] = Redis()
    else:
        missing["redis"] = "install redis-server (Debian's name)"
    return servers, missing


def measure_requests(options):
    processors = len(os.sched_getaffinity(0))
    setup = {"processors": processors, "model": model(), "threads": THREADS, "generators": max(1, processors - THREADS),
             "clients": options.clients, "rounds": options.rounds, "seconds": options.seconds}
    servers, missing = start_all()
    try:
        return {"setup": setup, "missing": missing, "requests": server_requests.measure(servers, setup, tell)}
    finally:
        for server in servers.values():
            server.stop()


def measure_latency(options):
    if not os.access(LOAD, os.X_OK):
        return {"latency": None, "no_latency": f"{LOAD} is not built: install libhiredis-dev (Debian's name) and configure again"}
    setup = {"rate": options.rate, "connections": 10, "values": 1000000, "rounds": options.phases, "seconds": options.phase}
    with start_leash(LEASH) as server:
        return {"latency": server_latency.measure(server, LOAD, setup, tell)}


def main():
    options = read_options()
    for name, wanted in ((LEASH, "libuv1-dev, and configure again"), ("redis-benchmark", "redis-tools")):
        if not shutil.which(name):
            sys.exit(f"server-bench: no {name}: install {wanted} (Debian's names)")
    measured = {**measure_requests(options), **measure_latency(options)}
    with open(os.path.join(options.folder, "server.json"), "w", encoding="utf-8") as file:
        json.dump(measured, file, indent=1)
    server_plot.draw(measured, options.folder)
    print(server_table.report(measured))


if __name__ == "__main__":
    main()
