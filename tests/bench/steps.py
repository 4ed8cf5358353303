#!/usr/bin/env python3
"""Elements of the integers inside quantised networks, adze's against ONNX's: equal, one step, worst.

    tests/bench/steps.py [-t TARGET] [--all] [--exact] [--adze build/adze] MODEL_FOLDER...

Of each folder (model.onnx, vectors/in<I>_<K>.npy) the tensor in front of the last Softmax (without one: the last quantised
tensor) becomes an output of the model; with --all every quantised activation does, each in a program of its own. ONNX
Runtime computes it without graph optimisations, in float32 as the graph says; with --exact ONNX's reference evaluator does, in
float64. Python packages onnx, onnxruntime, numpy."""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.reference
import onnxruntime

def quantised(graph):
    """Names of quantised activations, in the graph's order."""
    return [n.output[0] for n in graph.node if n.op_type in ("QuantizeLinear",) or n.op_type.startswith("QLinear")]


def before_softmax(graph):
    made = {o: n for n in graph.node for o in n.output}
    last = None
    for node in graph.node:
        if node.op_type == "Softmax" and node.input[0] in made:
            source = made[node.input[0]]
            last = source.input[0] if source.op_type == "DequantizeLinear" else last
        elif node.op_type == "QLinearSoftmax":
            last = node.input[0]
    return last or quantised(graph)[-1]


def type_of(graph, name):
    """Of a QuantizeLinear's or QLinear operator's result: its zero point's."""
    node = next(n for n in graph.node if name in n.output)
    at = {"QuantizeLinear": 2, "QLinearConv": 7}.get(node.op_type, len(node.input) - 1)
    kinds = {t.name: t.data_type for t in graph.initializer}
    for other in graph.node:
        if other.op_type == "Constant":
            kinds[other.output[0]] = other.attribute[0].t.data_type
    zero = node.input[at] if at < len(node.input) else ""
    return kinds.get(zero, onnx.TensorProto.UINT8)


def cut(model, name, path):
    m = onnx.ModelProto()
    m.CopyFrom(model)
    kind = type_of(m.graph, name)
    del m.graph.output[:]
    m.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
    onnx.save(m, path)


def cases(folder):
    for k in range(1000):
        files = sorted(glob.glob(f"{folder}/vectors/in*_{k}.npy"))
        if not files:
            return
        yield files


def onnx_runtime(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options)
    return lambda inputs: session.run(None, dict(zip([i.name for i in session.get_inputs()], inputs)))[0]


def exact(path):
    m = onnx.load(path)
    for tensor in m.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    m.opset_import[0].version = 21  # its oldest DequantizeLinear
    evaluator = onnx.reference.ReferenceEvaluator(m)
    names = [i.name for i in m.graph.input]
    wide = lambda x: x.astype(np.float64) if x.dtype == np.float32 else x
    return lambda inputs: evaluator.run(None, dict(zip(names, map(wide, inputs))))[0]


def judge(args, folder, name, model):
    """(elements, equal, one step, worst)"""
    with tempfile.TemporaryDirectory() as work:
        path = f"{work}/model.onnx"
        cut(model, name, path)
        reference = (exact if args.exact else onnx_runtime)(path)
        total = np.zeros(3, dtype=np.int64)
        worst = 0
        for files in cases(folder):
            want = reference([np.load(f) for f in files]).astype(np.int64)
            line = [args.adze, "run", path, "-t", args.target, "-o", f"{work}/y.npy"]
            for f in files:
                line += ["-i", f]
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
            got = np.load(f"{work}/y.npy").astype(np.int64)
            apart = np.abs(got - want.reshape(got.shape))
            total += (apart.size, (apart == 0).sum(), (apart == 1).sum())
            worst = max(worst, int(apart.max(initial=0)))
        return *total, worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-t", "--target", default="host")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--adze", default="build/adze")
    parser.add_argument("folders", nargs="+")
    a = parser.parse_args()
    for folder in a.folders:
        model = onnx.load(f"{folder}/model.onnx")
        names = quantised(model.graph) if a.all else [before_softmax(model.graph)]
        for name in names:
            count, equal, one, worst = judge(a, folder, name, model)
            print(f"{os.path.basename(folder)} {name}: {equal} of {count} equal ({100 * equal / count:.3f} %), "
                  f"{one} one step apart, worst {worst}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
