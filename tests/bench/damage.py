#!/usr/bin/env python3
"""Damaged copies of models through `adze compile`: counts of exit statuses. Anything but 0 and 1, a folder left behind
by a refusal, or more than 60 s is a finding, whose copy is kept.

    tests/bench/damage.py [--adze build/adze] [--copies 2000] [--seed 1] MODEL.onnx...

Damage, by turns: bytes changed, bits flipped, cut short, a piece removed, a piece copied elsewhere, a length changed.
"""
import argparse
import collections
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile


def damage(data, r):
    b = bytearray(data)
    kind = r.randrange(6)
    # half of the damage goes where the structure is: the first and last 4 KB
    def at():
        return r.choice([r.randrange(len(b)), r.randrange(min(len(b), 4096)), len(b) - 1 - r.randrange(min(len(b), 4096))])
    if kind == 0:
        for _ in range(r.randrange(1, 9)):
            b[at()] = r.randrange(256)
    elif kind == 1:
        for _ in range(r.randrange(1, 4)):
            b[at()] ^= 1 << r.randrange(8)
    elif kind == 2:
        del b[at():]
    elif kind == 3:
        i = at()
        del b[i:i + r.randrange(1, 64)]
    elif kind == 4:
        i, n = at(), r.randrange(1, 64)
        piece = b[i:i + n]
        j = at()
        b[j:j] = piece
    else:
        i = at()
        b[i:i + 1] = r.choice([b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x08", b"\x00", b"\x7f", b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"])
    return bytes(b)


def one(job):
    args, data, seed, lab = job
    r = random.Random(seed)
    model, out = os.path.join(lab, "m%d.onnx" % seed), os.path.join(lab, "out%d" % seed)
    with open(model, "wb") as f:
        f.write(damage(data, r))
    try:
        done = subprocess.run([args.adze, "compile", model, "-t", "cortex-m4", "-o", out], capture_output=True, timeout=60)
        status = done.returncode
        said = b"adze: error: " in done.stderr
    except subprocess.TimeoutExpired:
        status, said = "more than 60 s", False
    left = os.path.exists(out)
    finding = status not in (0, 1) or (status == 1) == left or (status == 1 and not said)
    if finding:
        shutil.copy(model, "damaged-%d.onnx" % seed)
    os.remove(model)
    shutil.rmtree(out, ignore_errors=True)
    return status, finding


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("--copies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as lab, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for k, path in enumerate(args.models):
            with open(path, "rb") as f:
                data = f.read()
            jobs = [(args, data, (args.seed * 1000 + k) * 1000000 + i, lab) for i in range(args.copies)]
            results = list(pool.map(one, jobs))
            counts = collections.Counter(status for status, _ in results)
            findings = sum(f for _, f in results)
            bad += findings
            print("%s: %s; findings: %d" % (path, ", ".join("status %s: %d" % c for c in sorted(counts.items(), key=str)), findings), flush=True)
    return 1 if bad else 0


sys.exit(main())
