#!/usr/bin/env python3
"""What calibration costs, in passes of the float model over the same samples.

    tests/bench/calibration_cost.py [--adze build/adze] MODEL.onnx SAMPLES.npy

CPU time of `adze compile --quantize int8 --calibrate SAMPLES.npy --stop-after calibrate`, least of three, over that of one pass: first of
the emitted float program (`adze bench -t host`, least time of one inference, times the samples), then of adze's own evaluator with its
portable kernels (calibration by min-max alone, which is one pass).
"""
import argparse
import json
import os
import resource
import subprocess

import numpy

ALONE = ["--calibration-method", "minmax", "--no-equalisation", "--no-rounding", "--no-bias-correction"]


def cpu(command):
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("model")
    parser.add_argument("samples")
    args = parser.parse_args()
    count = numpy.load(args.samples, mmap_mode="r").shape[0]
    compile_ = [args.adze, "compile", args.model, "--quantize", "int8", "--calibrate", args.samples, "--stop-after", "calibrate", "-o", os.devnull + "x"]
    bench = subprocess.run([args.adze, "bench", args.model, "-t", "host", "--json"], check=True, capture_output=True, text=True).stdout
    report = json.loads(bench)
    seconds = report.get("seconds", report.get("total", {}).get("seconds"))
    whole, alone = cpu(compile_), cpu(compile_ + ALONE)
    print("calibration with %d samples: %.1f passes of the emitted float program, %.1f of the evaluator" % (count, whole / (seconds * count), whole / alone))


if __name__ == "__main__":
    main()
