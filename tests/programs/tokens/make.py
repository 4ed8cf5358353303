#!/usr/bin/env python3
"""Writes a small quantised transformer (QDQ, opset 17, int8 in and out) and its vectors, which ONNX Runtime computes.

    python3 tests/programs/tokens/make.py
"""
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(3)
nodes, constants = [], []


def const(value, name=None):
    name = name or "c%d" % len(constants)
    constants.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def node(op, *inputs, **attributes):
    name = "v%d" % len(nodes)
    nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
    return name


def integers(x, scale, zero):
    return node("QuantizeLinear", x, const(np.float32(scale)), const(np.int8(zero)))


def reals(q, scale, zero):
    return node("DequantizeLinear", q, const(np.float32(scale)), const(np.int8(zero)))


def stored(x, scale, zero=0):
    return reals(integers(x, scale, zero), scale, zero)


def weights(*shape, axis):
    scale = rng.uniform(.005, .015, shape[axis]).astype(np.float32)
    q = const(rng.integers(-127, 128, shape).astype(np.int8))
    return node("DequantizeLinear", q, const(scale), const(np.zeros(shape[axis], np.int8)), axis=axis)


def row(count):
    return const(rng.uniform(-1, 1, count).astype(np.float32))


def normalised(x, scale, zero):
    gamma = reals(const(rng.integers(40, 127, WIDTH).astype(np.int8)), .013, 0)
    return stored(node("LayerNormalization", x, gamma, row(WIDTH), axis=-1, epsilon=1e-5), scale, zero)


def linear(x, n, scale, zero):
    return stored(node("Add", node("MatMul", x, weights(WIDTH, n, axis=1)), row(n)), scale, zero)


WIDTH, LENGTH = 16, 20
x = reals("x", .031, -4)
h = stored(node("Conv", x, weights(WIDTH, 8, 3, axis=0), row(WIDTH), pads=[1, 1]), .037, 5)
h = node("Transpose", h, perm=[0, 2, 1])
n = normalised(h, .0293, 3)
q, k, v = (linear(n, WIDTH, .041, 2) for _ in range(3))
scores = stored(node("MatMul", q, node("Transpose", k, perm=[0, 2, 1])), .0173, -7)
shares = stored(node("Softmax", scores, axis=-1), 1 / 256, -128)
h = stored(node("Add", h, stored(node("MatMul", shares, v), .019, 1)), .043, 0)
n = normalised(h, .0311, -2)
g = linear(n, WIDTH, .039, 0)
e = node("Erf", node("Div", g, const(np.float32(2**.5))))
g = stored(node("Mul", node("Mul", g, node("Add", e, const(np.float32(1)))), const(np.float32(.5))), .0213, -110)
h = stored(node("Add", h, g), .047, -9)
mean = stored(node("ReduceMean", h, axes=[1], keepdims=0), .0117, 11)
y = node("MatMul", mean, weights(WIDTH, 5, axis=1))
nodes.append(helper.make_node("QuantizeLinear", [y, const(np.float32(.0403)), const(np.int8(6))], ["y"], name="out"))

shapes = [("x", [1, 8, LENGTH]), ("y", [1, 5])]
inputs, outputs = ([helper.make_tensor_value_info(s[0], TensorProto.INT8, s[1])] for s in shapes)
graph = helper.make_graph(nodes, "tokens", inputs, outputs, constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
path = os.path.join(FOLDER, "tokens.onnx")
onnx.save(model, path)
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
session = onnxruntime.InferenceSession(path, options)
os.makedirs(os.path.join(FOLDER, "vectors"), exist_ok=True)
for case in range(3):
    data = rng.integers(-128, 128, shapes[0][1]).astype(np.int8)
    np.save(os.path.join(FOLDER, "vectors", "in0_%d.npy" % case), data)
    np.save(os.path.join(FOLDER, "vectors", "out0_%d.npy" % case), session.run(None, {"x": data})[0])
