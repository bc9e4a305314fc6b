"""What is right about FOLDER/text, json and prometheus, which life(1) has written; one check for each word.

    statistics.py FOLDER agree|consistent|grammar|client
"""

import json
import re
import sys

folder, word = sys.argv[1:]


def read(name):
    with open(f"{folder}/{name}") as file:
        return file.read()


def text():
    numbers = {}
    for line in read("text").splitlines():
        match = re.fullmatch(r"([a-z][a-z0-9_]*) ([0-9]+)", line)
        assert match, f"not a name and a number: {line!r}"
        assert match[1] not in numbers, f"twice: {match[1]}"
        numbers[match[1]] = int(match[2])
    return numbers


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"a name twice: {names}"
    return dict(pairs)


def from_json():
    """The same names, put together from the objects'."""
    numbers = {}
    for name, value in json.loads(read("json"), object_pairs_hook=no_duplicates).items():
        for label, number in value.items() if isinstance(value, dict) else [("", value)]:
            if label == "le":
                numbers.update({f"{name}_le_{bound}": count for bound, count in number.items()})
            else:
                numbers[f"{name}_{label}" if label else name] = number
    return numbers


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([a-z]+)="([^"\\]*)"\})? ([0-9]+(?:\.[0-9]+)?)')


def families():
    """(name, type, [(name, label, its value, number)]) in their order, with every rule of the format that ours is subject to."""
    found, names, current = [], set(), None
    everything = read("prometheus")
    assert everything.endswith("\n"), "the last line has no end"
    for line in everything.splitlines():
        if line.startswith("# HELP "):
            match = re.fullmatch(r"# HELP (\S+) ([^\\]+\.)", line)
            assert match and match[1] not in names, f"HELP without text, or twice: {line!r}"
            names.add(match[1])
            current = [match[1], None, []]
            found.append(current)
        elif line.startswith("#"):
            match = re.fullmatch(r"# TYPE (\S+) (counter|gauge|histogram)", line)
            assert match and current and match[1] == current[0], f"TYPE where it should not be: {line!r}"
            assert current[1] is None and not current[2], f"TYPE twice, or after samples: {line!r}"
            current[1] = match[2]
        else:
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line!r}"
            assert current and current[1], f"a sample before its TYPE: {line!r}"
            assert match[1] in [current[0]] + [current[0] + end for end in ("_bucket", "_sum", "_count")
                                               if current[1] == "histogram"], f"of another family: {line!r}"
            current[2].append(match.groups())
    return found


def from_prometheus():
    numbers = {}
    for family, kind, samples in families():
        base = re.sub("_total$", "", family.removeprefix("leash_"))
        for name, label, value, number in samples:
            if kind == "histogram":
                assert base.endswith("_seconds")
                ours = base.removesuffix("_seconds")
                if label == "le":
                    ours += "_count" if value == "+Inf" else f"_le_{round(float(value) * 1e6)}us"
                else:
                    ours += "_nanoseconds" if name.endswith("_sum") else "_count"
            else:
                ours = re.sub("_seconds$", "_nanoseconds", base) + (f"_{value}" if label else "")
            whole, _, rest = number.partition(".")
            if rest:
                assert ours.split("_")[-1] == "nanoseconds" or "_nanoseconds_" in ours and len(rest) == 9, ours
                number = int(whole + rest)
            assert numbers.setdefault(ours, int(number)) == int(number), f"{ours} is two numbers"
    return numbers


def agree():
    ours = text()
    for other in from_json(), from_prometheus():
        assert set(ours) == set(other), f"only in one: {set(ours) ^ set(other)}"
        # jemalloc's figures change with every file that is written.
        different = {name: (ours[name], other[name]) for name in ours
                     if ours[name] != other[name] and not name.startswith("allocator_")}
        assert not different, different


def consistent():
    n = text()
    assert n["births"] - n["frees"] == n["alive"] == 2, "births - frees = alive"
    assert n["immortal"] == 1
    assert sum(v for name, v in n.items() if name.startswith("deaths_")) == n["frees"] + n["finalized"], "deaths"
    for name in "deaths_owner deaths_shared deaths_deferred deaths_revoked deaths_collected finalized " \
                "revocations flushes collections_0 collections_2 collection_visited_2".split():
        assert n[name] > 0, f"{name} is 0"
    assert sum(n[f"collection_reclaimed_{g}"] for g in range(3)) == n["deaths_collected"]
    assert sum(n[f"collections_{g}"] for g in range(3)) == n["round_count"]
    assert sum(n[f"collection_nanoseconds_{g}"] for g in range(3)) == n["round_nanoseconds"]
    for name in "waiting_revocation waiting_finalizers waiting_retired logged husks husk_bytes depot_bytes threads".split():
        assert n[name] == 0, f"{name} is {n[name]} at the end"
    assert n["block_bytes"] == 2 * 32, f"two objects of 32 bytes are left, and {n['block_bytes']} bytes"
    if "allocator_bytes_active" in n:
        assert 0 < n["allocator_bytes_allocated"] <= n["allocator_bytes_active"] <= n["allocator_bytes_mapped"]


def grammar():
    for family, kind, samples in families():
        assert kind and samples, f"{family}: nothing in it"
        assert family.startswith("leash_")
        assert family.endswith("_total") == (kind == "counter"), family
        assert "nanoseconds" not in family, family
        assert len({sample[:3] for sample in samples}) == len(samples), f"{family}: a sample twice"
        if kind != "histogram":
            continue
        *buckets, last = [s for s in samples if s[0] == family + "_bucket"]
        bounds, counts = [float(b[2]) for b in buckets], [int(b[3]) for b in buckets]
        assert bounds == sorted(set(bounds)) and bounds[0] == 1e-6 and 10 < bounds[-1] < 20, bounds
        assert all(abs(b / a - 4) < 1e-9 for a, b in zip(bounds, bounds[1:])), bounds
        assert counts == sorted(counts) and counts[-1] <= int(last[3]), "not cumulative"
        assert last[1:3] == ("le", "+Inf")
        rest = {name: number for name, label, _, number in samples if not label}
        assert set(rest) == {family + "_sum", family + "_count"}
        assert rest[family + "_count"] == last[3], "the count is not that of all buckets"
        mean = float(rest[family + "_sum"]) / max(int(last[3]), 1)
        assert mean == 0 or next(b for b, c in zip(bounds, counts) if c) / 4 < mean < 20, "mean out of all buckets"


def client():
    """Prometheus' own library reads the same numbers."""
    from prometheus_client.parser import text_string_to_metric_families

    theirs = [(f.type, s.name, tuple(s.labels.items()), s.value)
              for f in text_string_to_metric_families(read("prometheus")) for s in f.samples]
    ours = [(kind, name, ((label, value),) if label else (), float(number))
            for _, kind, samples in families() for name, label, value, number in samples]
    assert ours == theirs, set(ours) ^ set(theirs)


{"agree": agree, "consistent": consistent, "grammar": grammar, "client": client}[word]()
