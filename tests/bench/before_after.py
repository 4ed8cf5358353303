#!/usr/bin/env python3
"""What the passes do for each model: steps, MACs, arena and its lower bound, without the passes that are not needed and with all.

    tests/bench/before_after.py [--adze build/adze] [-t TARGET] MODEL.onnx...

Nodes are those of the model. Without: each node is a step of its own, with the Transposes that the layout of the kernels asks
for; integers stay integers, since a pass decides that.
"""
import argparse
import ast
import concurrent.futures
import json
import os
import subprocess
import sys

LEFT_OUT = ["canonicalise", "recognise", "fuse_batchnorm", "io_layout", "transposes", "fuse_pad", "fuse_epilogue", "fuse_elementwise", "shrink_real",
            "shrink", "fuse_matmul"]


def inspect(args, model, *options):
    done = subprocess.run([args.adze, "inspect", model, "--json", *options], capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout.startswith("{") else {}


def npy_shape(path):
    with open(path, "rb") as file:
        start = file.read(512)
    return ast.literal_eval(start[start.index(b"{"):start.index(b"}") + 1].decode())["shape"]


def open_shapes(args, model):
    """Options for what the model leaves open."""
    options = []
    for i, value in enumerate(inspect(args, model).get("inputs", [])):
        vector = os.path.join(os.path.dirname(model), "vectors", "in%d_0.npy" % i)
        if os.path.exists(vector):
            options += ["--shape", "%s=%s" % (value["name"], ",".join(map(str, npy_shape(vector))))]
    return options


def known(args, model):
    """Those of LEFT_OUT that this adze has."""
    return [p for p in LEFT_OUT if subprocess.run([args.adze, "inspect", model, "-t", args.target, "--disable", p], capture_output=True).returncode == 0]


def cells(report):
    total = report.get("total", {})
    if "arena_bytes" not in total:
        return ["", "", "", ""]
    return ["%d" % len(report["layers"]), "%d" % total.get("macs", 0), "%d" % total["arena_bytes"], "%d" % total["arena_lower_bound"]]


def row(args, passes, model):
    name = os.path.basename(os.path.dirname(os.path.abspath(model))) if os.path.basename(model) == "model.onnx" else os.path.basename(model)
    shapes = open_shapes(args, model)
    graph = inspect(args, model, *shapes)
    if not graph.get("compiles"):
        reasons = [p.get("text", "") for p in graph.get("problems", [])]
        return "| %s | does not compile: %s |" % (name, (reasons or ["?"])[0][:90])
    before = inspect(args, model, "-t", args.target, *shapes, *sum((["--disable", p] for p in passes), []))
    after = inspect(args, model, "-t", args.target, *shapes)
    pairs = zip(cells(before), cells(after))
    return "| %s | %d | %s |" % (name, len(graph["layers"]), " | ".join("%s, %s" % pair for pair in pairs))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("-t", "--target", default="cortex-m4")
    args = parser.parse_args()
    print("| model | nodes | steps without, with | MACs | arena | bound |\n|---|---|---|---|---|---|")
    passes = known(args, args.models[0])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda m: row(args, passes, m), args.models):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
