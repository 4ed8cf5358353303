#!/usr/bin/env python3
"""A Markdown table of models by targets: verdict, MACs, arena, code, constants, stack, instructions.

    tests/bench/table.py [--adze build/adze] [-t TARGET]... [--rtol X] [--atol X] FOLDER...

Each FOLDER holds model.onnx and vectors/. Sizes are those of the linked ELF with the model less the same program with an
empty one; instructions are exact counts of NAME_run in QEMU, for the case that needs most.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys


def row(args, folder, target):
    command = [args.adze, "verify", os.path.join(folder, "model.onnx"), "-t", target, "--vectors", os.path.join(folder, "vectors"),
               "--rtol", args.rtol, "--atol", args.atol, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    name = os.path.basename(os.path.normpath(folder))
    if done.returncode not in (0, 3):
        return "| %s | %s | exit %d: %s |" % (name, target, done.returncode, done.stderr.strip().splitlines()[-1][:100])
    total = json.loads(done.stdout)["total"]
    macs, count = total.get("macs", 0), total.get("instructions")
    return "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |" % (
        name, target, "ok" if done.returncode == 0 else "DIFFERS", macs or "", total["arena_bytes"], total["arena_lower_bound"],
        total["code_bytes"], total["weight_bytes"], total.get("stack_bytes", ""),
        "%d (%.2f a MAC)" % (count, count / macs) if count and macs else count or "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("-t", "--target", action="append")
    parser.add_argument("--rtol", default="1e-4")
    parser.add_argument("--atol", default="1e-5")
    args = parser.parse_args()
    print("| model | target | verdict | MACs | arena | bound | code | constants | stack | instructions |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    work = [(f, t) for f in args.folders for t in args.target or ["host", "cortex-m4", "rv32imc"]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda w: row(args, *w), work):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
