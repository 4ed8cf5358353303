#!/usr/bin/env python3
"""Signal-to-noise ratio of quantised networks on golden vectors, in dB: each case is left out of the calibration in turn, and the
integer program that the others gave computes it. `published` is a model that somebody else quantised, on the same cases.

    tests/bench/sqnr.py [--adze build/adze] [-t TARGET] [--published INT8.onnx] MODEL.onnx [--options "..."]...

DIR/vectors of each model hold in<I>_<K>.npy and out<I>_<K>.npy; the reference is what the float model computes (out0_<K>.npy).
"""
import argparse
import os
import shlex
import shutil
import subprocess
import tempfile

import numpy


def sqnr(want, got):
    signal = sum(float((w.astype(float) ** 2).sum()) for w in want)
    noise = sum(float(((w.astype(float) - g.astype(float)) ** 2).sum()) for w, g in zip(want, got))
    return 10 * numpy.log10(signal / max(noise, 1e-300))


def run(args, model, vectors, case, options, temp):
    out = os.path.join(temp, "y.npy")
    command = [args.adze, "run", model, "-t", args.target, "-i", os.path.join(vectors, "in0_%d.npy" % case), "-o", out, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return numpy.load(out)


def left_out(vectors, case, cases, temp):
    others = os.path.join(temp, "others")
    shutil.rmtree(others, ignore_errors=True)
    os.mkdir(others)
    for to, k in enumerate(k for k in range(cases) if k != case):
        shutil.copy(os.path.join(vectors, "in0_%d.npy" % k), os.path.join(others, "in0_%d.npy" % to))
    return others


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("-t", "--target", default="host")
    parser.add_argument("--published", action="append", default=[])
    parser.add_argument("--options", action="append", default=[])
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    for i, model in enumerate(args.models):
        vectors = os.path.join(os.path.dirname(model), "vectors")
        cases = len([f for f in os.listdir(vectors) if f.startswith("in0_")])
        want = [numpy.load(os.path.join(vectors, "out0_%d.npy" % k)) for k in range(cases)]
        with tempfile.TemporaryDirectory() as temp:
            line = []
            if i < len(args.published):
                got = [run(args, args.published[i], vectors, k, [], temp) for k in range(cases)]
                line.append("published %.1f" % sqnr(want, got))
            for options in args.options or ["--quantize int8"]:
                got = [run(args, model, vectors, k, [*shlex.split(options), "--calibrate", left_out(vectors, k, cases, temp)], temp)
                       for k in range(cases)]
                line.append("`%s` %.1f (least case %.1f)" % (options, sqnr(want, got), min(sqnr([w], [g]) for w, g in zip(want, got))))
        print("%s: %s" % (os.path.basename(os.path.dirname(model)), ", ".join(line)), flush=True)


if __name__ == "__main__":
    main()
