"""Requests a second: redis-benchmark against each of the servers in turn, forwards and backwards."""
import csv
import functools
import os
import random
import resource
import subprocess
import time

from resp import encode

MANY = 100000  # keys
FIRST = 1000   # requests by which a first guess at the rate is made, for each that is sent at once, and FEW at most
FEW = 10000
NAME = "key:%012d"

# What redis-benchmark -t sends for each, and whether the keys are to be there before.
TESTS = {
    "get": (["GET", "key:__rand_int__"], True),
    "set": (["SET", "key:__rand_int__", "xxx"], True),
    "lpush": (["LPUSH", "mylist", "xxx"], False),
    "lrange_100": (["LRANGE", "mylist", "0", "99"], False),
    "hset": (["HSET", "myhash", "element:__rand_int__", "xxx"], False),
}


def cases():
    """(test, keys, pipeline)"""
    for test in TESTS:
        for keys in (1, MANY) if test in ("get", "set") else (1,):
            for pipeline in (1, 32):
                yield test, keys, pipeline


@functools.cache
def contents(test, keys):
    """Requests that make what the test wants to find, as bytes, and how many they are."""
    requests = [encode("FLUSHALL")]
    if TESTS[test][1]:
        names = ["key:__rand_int__"] if keys == 1 else [NAME % number for number in range(keys)]
        random.Random(0).shuffle(names)
        for begin in range(0, len(names), 100):
            requests.append(encode("MSET", *[word for name in names[begin : begin + 100] for word in (name, "xxx")]))
    if test == "lrange_100":
        requests.append(encode("RPUSH", "mylist", *["xxx"] * 1000))
    return b"".join(requests), len(requests)


def prepare(server, requests):
    data, number = requests
    connection = server.connect()
    connection.send(data)
    for _ in range(number):
        connection.raw()
    connection.close()
    time.sleep(0.02)  # what FLUSHALL has put off


def processor_seconds(server):
    """That all threads of the server have run."""
    folder = f"/proc/{server.process.pid}/task"
    total = 0
    for task in os.listdir(folder):
        with open(f"{folder}/{task}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rate_of(printed):
    """redis-benchmark --csv: a line of names, and one of figures."""
    return float(list(csv.DictReader(printed.splitlines()))[-1]["rps"])


def benchmark(server, case, setup, number):
    """redis-benchmark makes so many requests: {"rate": a second, "processor": the server's µs a request, "busy": share of a
    processor's time that the busiest generator had}."""
    test, keys, pipeline = case
    generators = setup["generators"]
    number = max(number // generators, 1)
    command = ["redis-benchmark", "-p", str(server.port), "-P", str(pipeline), "-n", str(number), "--csv",
               "-c", str(max(setup["clients"] // generators, 1))]
    if keys > 1:
        command += ["-r", str(keys)]
    before, children, begin = processor_seconds(server), children_seconds(), time.monotonic()
    running = [subprocess.Popen(command + TESTS[test][0], stdout=subprocess.PIPE, text=True) for _ in range(generators)]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError(f"{' '.join(command)} fails")
    seconds = time.monotonic() - begin
    return {"rate": sum(map(rate_of, said)), "processor": (processor_seconds(server) - before) / (number * generators) * 1e6,
            "busy": (children_seconds() - children) / generators / seconds}


def measure_case(servers, case, setup):
    test, keys, pipeline = case
    requests = contents(test, keys)
    runs = {name: [] for name in servers}
    guesses = []
    for server in servers.values():
        prepare(server, requests)
        guesses.append(benchmark(server, case, setup, min(FIRST * pipeline, FEW))["rate"])
    number = int(sum(guesses) / len(guesses) * setup["seconds"])
    for turn in range(setup["rounds"]):
        for name in list(servers)[:: -1 if turn % 2 else 1]:
            if not TESTS[test][1]:  # what GET and SET leave is what they have found
                prepare(servers[name], requests)
            runs[name].append(benchmark(servers[name], case, setup, number))
    return {"test": test, "keys": keys, "pipeline": pipeline, "runs": runs}


def measure(servers, setup, tell):
    """`servers` by name."""
    rows = []
    for case in cases():
        tell("requests: %s, %d keys, -P %d" % case)
        rows.append(measure_case(servers, case, setup))
    return rows
