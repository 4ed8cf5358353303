#!/usr/bin/env python3
"""What adze itself costs: instructions of `adze compile` under callgrind, and which share each stage and each pass has.

    tests/bench/callgrind.py [--adze build/adze] [-t TARGET] [--passes N] MODEL.onnx...

Counts are exact (user space, one thread) and repeat up to the length of paths and of the environment. Instructions in a
stage include those of all it calls; the column of passes names the N with most. Needs valgrind.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

from before_after import open_shapes

# Stage: functions, none of which calls another of the table.
STAGES = [("load", ["load_onnx_file", "graph_read"]), ("passes", ["passes_run"]), ("lower", ["lower_graph"]), ("emit", ["emit_folder"])]


def inclusive(profile):
    """Instructions of each function with its callees, and of the whole program."""
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--show-percs=no", profile], check=True,
                          capture_output=True, text=True).stdout
    counts, total = {}, 0
    for line in text.splitlines():
        match = re.match(r"\s*([\d,]+)\s+(.*)", line)
        if not match:
            continue
        count = int(match[1].replace(",", ""))
        if match[2].startswith("PROGRAM TOTALS"):
            total = count
            continue
        name = re.match(r"\S+?:([A-Za-z_]\w*)", match[2])
        if name:
            counts[name[1]] = max(count, counts.get(name[1], 0))
    return counts, total


def row(args, model):
    with tempfile.TemporaryDirectory() as work:
        profile = os.path.join(work, "profile")
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + profile, args.adze, "compile", model, *open_shapes(args, model), "-t", args.target,
                               "-o", os.path.join(work, "out")], capture_output=True, text=True)
        name = os.path.basename(os.path.dirname(os.path.abspath(model))) if os.path.basename(model) == "model.onnx" else os.path.basename(model)
        if done.returncode:
            return "| %s | exit %d |" % (name, done.returncode)
        counts, total = inclusive(profile)
    cells = ["%.1f M" % (total / 1e6)]
    for _, functions in STAGES:
        cells.append("%.0f %%" % (100 * sum(counts.get(f, 0) for f in functions) / total))
    passes = sorted(((count, f[5:]) for f, count in counts.items() if f.startswith("pass_") and f != "pass_run"), reverse=True)
    cells.append(", ".join("%s %.1f" % (f, 100 * count / total) for count, f in passes[:args.passes]))
    return "| %s | %s |" % (name, " | ".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("-t", "--target", default="cortex-m4")
    parser.add_argument("--passes", type=int, default=4)
    args = parser.parse_args()
    print("| model | instructions | %s | passes with most, %% |" % " | ".join(name for name, _ in STAGES))
    print("|---|---|%s---|" % ("---|" * len(STAGES)))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda m: row(args, m), args.models):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
