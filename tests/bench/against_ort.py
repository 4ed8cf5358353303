#!/usr/bin/env python3
"""Time of NAME_run on this machine against ONNX Runtime, one thread, interleaved in one process.

    pip install onnxruntime numpy; taskset -c 1 tests/bench/against_ort.py [--cc gcc] [--adze build/adze] MODEL.onnx...

Prints a line a model: minimum and median microseconds of both, and the ratio adze / ONNX Runtime of the minima. ONNX
Runtime runs with all optimisations through IOBinding; the call overhead of either side from Python (about 2 us each) is
included.
"""
import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime as ort


def build(args, model, folder):
    subprocess.run([args.adze, "compile", model, "-t", "host", "--name", "model", "-o", folder], check=True, stdout=subprocess.DEVNULL)
    library = os.path.join(folder, "model.so")
    sources = [os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.endswith(".c")]
    subprocess.run([args.cc, "-std=c99", "-O3", "-shared", "-fPIC", "-o", library] + sources + ["-lm"], check=True)
    header = open(os.path.join(folder, "model.h")).read()
    arena = int(header.split("#define MODEL_ARENA_BYTES ")[1].split()[0])
    return ctypes.CDLL(library), arena


def session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def measure(args, model):
    with tempfile.TemporaryDirectory() as folder:
        library, arena_bytes = build(args, model, os.path.join(folder, "out"))
    s = session(model)
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal([d if isinstance(d, int) else 1 for d in i.shape]).astype(np.float32) for i in s.get_inputs()]
    wanted = s.run(None, {i.name: x for i, x in zip(s.get_inputs(), inputs)})
    binding = s.io_binding()
    for i, x in zip(s.get_inputs(), inputs):
        binding.bind_cpu_input(i.name, x)
    for o in s.get_outputs():
        binding.bind_output(o.name)
    outputs = [np.zeros_like(w) for w in wanted]
    arena = np.zeros(arena_bytes + 64, np.uint8)
    offset = -arena.ctypes.data % 64
    call = [ctypes.c_void_p(arena.ctypes.data + offset)] + [pointer(x) for x in inputs] + [pointer(y) for y in outputs]
    ours, theirs = [], []
    for _ in range(args.rounds):
        t0 = time.perf_counter()
        s.run_with_iobinding(binding)
        t1 = time.perf_counter()
        library.model_run(*call)
        t2 = time.perf_counter()
        theirs.append(t1 - t0)
        ours.append(t2 - t1)
    worst = max(float(np.max(np.abs(a - b))) for a, b in zip(outputs, wanted))
    print("%-28s adze %8.1f (median %8.1f) us, ONNX Runtime %8.1f (median %8.1f) us, ratio %.2f, largest difference %.1e" % (
        os.path.basename(os.path.dirname(os.path.abspath(model))), min(ours) * 1e6, statistics.median(ours) * 1e6,
        min(theirs) * 1e6, statistics.median(theirs) * 1e6, min(ours) / min(theirs), worst), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--rounds", type=int, default=3000)
    args = parser.parse_args()
    for model in args.models:
        measure(args, model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
