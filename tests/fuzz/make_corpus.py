#!/usr/bin/env python3
"""Writes the seeds tests/fuzz/corpus/model/* and npy/*: small files that hold one of each thing (pip install onnx numpy)."""
import os

import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as n

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def save(name, nodes, inputs, outputs, consts=(), opset=13, extra=(), **graph):
    g = h.make_graph(nodes, name, inputs, outputs, [n.from_array(a, k) for k, a in consts], **graph)
    m = h.make_model(g, opset_imports=[h.make_opsetid("", opset)] + [h.make_opsetid(d, 1) for d in extra])
    m.ir_version = 8
    with open(os.path.join(HERE, "model", name + ".onnx"), "wb") as f:
        f.write(m.SerializeToString())


def value(name, shape, kind=T.FLOAT):
    return h.make_tensor_value_info(name, kind, shape)


def floats(*shape):
    return (np.arange(np.prod(shape)).reshape(shape) % 7 - 3).astype(np.float32) / 4


def main():
    x, y = value("x", [1, 2, 4, 4]), value("y", None)
    node = h.make_node
    save("conv", [node("Conv", ["x", "w", "b"], ["c"], "conv", pads=[1, 1, 1, 1]), node("Relu", ["c"], ["y"])], [x], [y],
         [("w", floats(3, 2, 3, 3)), ("b", floats(3))])
    save("bn", [node("Conv", ["x", "w"], ["c"]), node("BatchNormalization", ["c", "s", "b", "m", "v"], ["d"]),
                node("MaxPool", ["d"], ["y"], kernel_shape=[2, 2])], [x], [y],
         [("w", floats(2, 2, 1, 1)), ("s", floats(2)), ("b", floats(2)), ("m", floats(2)), ("v", np.ones(2, np.float32))])
    save("gemm", [node("Flatten", ["x"], ["f"]), node("Gemm", ["f", "w", "b"], ["g"], transB=1), node("Softmax", ["g"], ["y"])],
         [x], [y], [("w", floats(3, 32)), ("b", floats(3))])
    save("shape", [node("Shape", ["x"], ["s"]), node("Gather", ["s", "i"], ["g"]), node("Concat", ["g", "m"], ["t"], axis=0),
                   node("Reshape", ["x", "t"], ["y"])], [x], [y], [("i", np.array([0])), ("m", np.array([-1]))])
    save("cast", [node("Cast", ["x"], ["i"], to=T.INT32), node("Cast", ["i"], ["y"], to=T.FLOAT)], [x], [y])
    save("slice", [node("Slice", ["x", "b", "e", "a"], ["s"]), node("Transpose", ["s"], ["y"], perm=[0, 2, 3, 1])], [x], [y],
         [("b", np.array([1])), ("e", np.array([9])), ("a", np.array([-1]))])
    save("split", [node("Split", ["x"], ["p", "q"], axis=1), node("Add", ["p", "q"], ["y"])], [x], [y])
    save("dynamic", [node("Sigmoid", ["x"], ["y"])], [value("x", ["batch", 3])], [y])
    inner = h.make_graph([node("Neg", ["x"], ["t"])], "then", [], [value("t", None)])
    other = h.make_graph([node("Abs", ["x"], ["e"])], "else", [], [value("e", None)])
    save("if", [node("If", ["k"], ["y"], then_branch=inner, else_branch=other)], [x], [y], [("k", np.array(True))])
    save("qdq", [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])], [x], [y],
         [("s", np.array(0.05, np.float32)), ("z", np.array(3, np.int8))])
    save("types", [node("Constant", [], ["c"], value=h.make_tensor("", T.FLOAT16, [2], [1.0, 2.0])), node("Cast", ["c"], ["d"], to=1),
                   node("Mul", ["x", "e"], ["f"]), node("Expand", ["d", "t"], ["u"]), node("Sum", ["f", "f"], ["y"])], [x], [y],
         [("e", floats(1)), ("t", np.array([2, 2])), ("unused", np.array([1, 2], np.uint8))])
    trees = dict(nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[1, 0, 0], nodes_values=[.5, 0.0, 0.0],
                 nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0])
    save("trees", [node("TreeEnsembleClassifier", ["x"], ["l", "y"], domain="ai.onnx.ml", class_treeids=[0, 0, 0],
                        class_nodeids=[1, 1, 2], class_ids=[0, 2, 1], class_weights=[.5, 1.0, 2.0],
                        classlabels_strings=["a", "b", "c"], post_transform="SOFTMAX", **trees)],
         [value("x", [1, 2])], [value("y", None)], extra=["ai.onnx.ml"])
    function = h.make_function("local", "Twice", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])], [h.make_opsetid("", 13)])
    g = h.make_graph([node("Twice", ["x"], ["y"], domain="local")], "function", [x], [y])
    m = h.make_model(g, functions=[function], opset_imports=[h.make_opsetid("", 13), h.make_opsetid("local", 1)])
    with open(os.path.join(HERE, "model", "function.onnx"), "wb") as f:
        f.write(m.SerializeToString())
    t = n.from_array(floats(2, 3), "t")
    with open(os.path.join(HERE, "model", "tensor.pb"), "wb") as f:
        f.write(t.SerializeToString())
    for k, a in enumerate([floats(2, 3), np.asfortranarray(floats(2, 3)), np.arange(4, dtype=">i2"), np.array(True), np.zeros((0, 3), np.int64),
                           np.arange(3, dtype=np.float16), np.arange(3, dtype=np.uint8)]):
        np.save(os.path.join(HERE, "npy", "%d.npy" % k), a)


main()
