#!/usr/bin/env python3
"""Writes tests/operators/*.txt: operator texts whose expected outputs are ONNX Runtime's.

    pip install onnx onnxruntime numpy; python3 tests/operators/make.py [FILE...]

Each text holds a graph of independent nodes (many variants of one operator), a line `---`, and a second graph whose
constants in0, in1, ... and out0, out1, ... are its vectors. docs/ir.md describes the form. Only needed to add cases.
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

TYPES = {"float32": "f32", "float64": "f64", "int8": "i8", "uint8": "u8", "int16": "i16", "uint16": "u16",
         "int32": "i32", "uint32": "u32", "int64": "i64", "uint64": "u64", "bool": "bool", "float16": "f16"}


def number(v, dtype):
    if dtype.kind == "f":
        v = float(v)
        if np.isnan(v):
            return "nan"
        if np.isinf(v):
            return "inf" if v > 0 else "-inf"
        return np.format_float_positional(dtype.type(v), unique=True, trim="-") if 1e-4 <= abs(v) < 1e6 or v == 0 \
            else np.format_float_scientific(dtype.type(v), unique=True, trim="-")
    return str(int(v))


def tensor(a):
    a = np.asarray(a)
    return "%s[%s] = [%s]" % (TYPES[a.dtype.name], ",".join(map(str, a.shape)),
                              ", ".join(number(v, a.dtype) for v in a.ravel()))


def attribute(v):
    if isinstance(v, float):
        return number(v, np.dtype(np.float32)) + "f"
    if isinstance(v, str):
        return '"%s"' % v
    if isinstance(v, (list, tuple)):
        return "[%s]" % ", ".join(attribute(x) for x in v)
    if isinstance(v, np.ndarray):
        return "tensor " + tensor(v)
    return str(int(v))


class Text:
    """One file: nodes with inputs (arrays: graph inputs; Const(array): constants; None: left out)."""

    def __init__(self, name, opset, domain=""):
        self.name, self.opset, self.domain = name, opset, domain
        self.lines, self.nodes, self.inputs, self.values, self.outputs, self.inits = [], [], [], [], [], []

    def add(self, op, inputs, outputs=1, unread=0, **attrs):
        """The first `unread` of its outputs are none of the graph's."""
        names = []
        for v in inputs:
            if v is None:
                names.append("")
            elif isinstance(v, Const):
                name = "c%d" % len(self.inits)
                self.inits.append((name, v.a))
                self.lines.append("  const %%%s: %s" % (name, tensor(v.a)))
                names.append(name)
            else:
                name = "x%d" % len(self.inputs)
                self.inputs.append((name, np.asarray(v)))
                self.lines.append("  input %%%s: %s[%s]" % (name, TYPES[np.asarray(v).dtype.name], ",".join(map(str, np.shape(v)))))
                names.append(name)
        outs = ["y%d_%d" % (len(self.nodes), i) for i in range(outputs)]
        onnx_attrs = {k: numpy_helper.from_array(v) if isinstance(v, np.ndarray) else v for k, v in attrs.items()}
        self.nodes.append(helper.make_node(op, names, outs, name="%s_%d" % (op, len(self.nodes)), domain=self.domain,
                                           **onnx_attrs))
        self.outputs += outs[unread:]
        dotted = self.domain + "." + op if self.domain else op
        text = "  %s = %s(%s)" % (", ".join("%" + o for o in outs), dotted, ", ".join("%" + n if n else "_" for n in names))
        if attrs:
            text += " {%s}" % ", ".join("%s=%s" % (k, attribute(v)) for k, v in attrs.items())
        self.lines.append(text + ' name "%s_%d"' % (op, len(self.nodes) - 1))
        return self

    def write(self, folder):
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in self.inputs]
        graph = helper.make_graph(self.nodes, self.name, infos, [onnx.ValueInfoProto(name=o) for o in self.outputs],
                                  [numpy_helper.from_array(a, n) for n, a in self.inits])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)] +
                                  [helper.make_opsetid(self.domain, 1)] * bool(self.domain), ir_version=8)
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        got = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(
            self.outputs, {n: a for n, a in self.inputs})
        with open(os.path.join(folder, self.name + ".txt"), "w") as f:
            also = ' opset "%s" 1' % self.domain if self.domain else ""
            f.write('graph "%s" opset "" %d%s {\n' % (self.name, self.opset, also))
            f.write("\n".join(self.lines) + "\n")
            f.writelines("  output %%%s\n" % o for o in self.outputs)
            f.write('}\n---\ngraph "vectors" {\n')
            f.writelines("  const %%in%d: %s\n" % (i, tensor(a)) for i, (n, a) in enumerate(self.inputs))
            f.writelines("  const %%out%d: %s\n" % (i, tensor(a)) for i, a in enumerate(got))
            f.write("}\n")


class Const:
    def __init__(self, a):
        self.a = np.asarray(a)


TEXTS = []
rng = np.random.default_rng(0)


def text(name, opset=13, domain=""):
    TEXTS.append(Text(name, opset, domain))
    return TEXTS[-1]


def real(*shape, scale=1.0):
    return np.round(rng.standard_normal(shape) * scale, 3).astype(np.float32)


def ints(*shape, low=-5, high=6, dtype=np.int64):
    return rng.integers(low, high, shape).astype(dtype)


def i64(*v):
    return Const(np.array(v, np.int64))


def conv_texts():
    t = text("Conv")
    for shape, w, attrs in [((1, 3, 7, 6), (5, 3, 3, 3), {}),
                            ((1, 3, 7, 6), (4, 3, 3, 3), dict(pads=[1, 1, 1, 1])),
                            ((2, 4, 9, 5), (8, 4, 3, 3), dict(pads=[0, 1, 2, 1], strides=[2, 1])),
                            ((1, 4, 9, 9), (6, 4, 3, 3), dict(dilations=[2, 3], pads=[2, 3, 2, 3])),
                            ((1, 4, 6, 6), (6, 2, 3, 3), dict(group=2, pads=[1, 1, 1, 1])),
                            ((1, 6, 6, 7), (6, 1, 3, 3), dict(group=6, pads=[1, 1, 1, 1])),
                            ((1, 8, 8, 8), (8, 1, 3, 3), dict(group=8, strides=[2, 2], pads=[0, 0, 1, 1])),
                            ((1, 3, 8, 8), (6, 1, 5, 5), dict(group=3, auto_pad="SAME_UPPER", strides=[2, 2])),
                            ((1, 17, 5, 5), (19, 17, 1, 1), {}),
                            ((1, 16, 6, 6), (32, 16, 3, 3), dict(auto_pad="SAME_LOWER", strides=[2, 2])),
                            ((1, 1, 10, 10), (9, 1, 5, 5), dict(auto_pad="VALID")),
                            ((1, 2, 3, 3), (3, 2, 3, 3), dict(pads=[2, 2, 2, 2]))]:
        t.add("Conv", [real(*shape), Const(real(*w, scale=.5)), Const(real(w[0]))], **attrs)
    t.add("Conv", [real(1, 3, 6, 6), Const(real(20, 3, 3, 3))])
    t = text("Conv1d")
    t.add("Conv", [real(1, 3, 12), Const(real(5, 3, 4)), Const(real(5))], pads=[1, 2], strides=[2])
    t.add("Conv", [real(2, 4, 9), Const(real(4, 1, 3))], group=4, dilations=[2])


def conv_transpose_texts():
    t = text("ConvTranspose")
    for shape, w, attrs in [((1, 3, 4, 5), (3, 4, 3, 3), {}),
                            ((1, 3, 4, 5), (3, 4, 2, 2), dict(strides=[2, 2])),
                            ((2, 3, 4, 5), (3, 2, 3, 3), dict(strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])),
                            ((1, 3, 4, 5), (3, 4, 4, 4), dict(strides=[2, 2], pads=[1, 1, 1, 1])),
                            ((1, 4, 4, 5), (4, 3, 3, 2), dict(group=2, strides=[2, 3], pads=[0, 1, 1, 0])),
                            ((1, 6, 3, 4), (6, 1, 3, 3), dict(group=6, strides=[2, 1])),
                            ((1, 2, 4, 4), (2, 3, 3, 3), dict(strides=[3, 2], dilations=[2, 3], pads=[2, 1, 0, 3])),
                            ((1, 2, 4, 4), (2, 3, 2, 1), dict(strides=[3, 2])),
                            ((1, 2, 4, 4), (2, 3, 2, 2), dict(strides=[2, 2], pads=[1, 1, 0, 0])),
                            ((1, 2, 4, 4), (2, 3, 3, 3), dict(strides=[2, 2], auto_pad="SAME_UPPER")),
                            ((1, 2, 4, 4), (2, 3, 3, 3), dict(strides=[2, 2], auto_pad="SAME_LOWER")),
                            ((1, 2, 4, 4), (2, 3, 3, 3), dict(strides=[2, 2], output_shape=[8, 10])),
                            ((1, 17, 3, 3), (17, 20, 2, 2), dict(strides=[2, 2]))]:
        t.add("ConvTranspose", [real(*shape), Const(real(*w, scale=.5)), Const(real(w[1] * attrs.get("group", 1)))], **attrs)
    t.add("ConvTranspose", [real(1, 3, 3, 3), Const(real(3, 2, 2, 2))], strides=[2, 2])
    t.add("ConvTranspose", [real(1, 3, 7), Const(real(3, 5, 4)), Const(real(5))], strides=[2], pads=[1, 0])
    t.add("ConvTranspose", [real(2, 4, 5), Const(real(4, 1, 3))], group=4, strides=[3])


def recurrent_texts():
    for op, gates in [("LSTM", 4), ("GRU", 3)]:
        t = text(op, 14)
        for seq, batch, n, hidden, directions, attrs in [(5, 1, 3, 4, 1, {}), (3, 2, 5, 7, 2, dict(direction="bidirectional")),
                                                         (4, 1, 2, 3, 1, dict(direction="reverse"))]:
            for reset in [0, 1] if op == "GRU" else [0]:
                extra = dict(linear_before_reset=1) if reset else {}
                w = [Const(real(directions, gates * hidden, k, scale=.6)) for k in (n, hidden)]
                states = [real(directions, batch, hidden) for _ in range(2 if op == "LSTM" else 1)]
                t.add(op, [real(seq, batch, n)] + w + [Const(real(directions, 2 * gates * hidden, scale=.4)), None] + states,
                      outputs=gates - 1, hidden_size=hidden, **attrs, **extra)
        t.add(op, [real(2, 1, 3), Const(real(1, gates * 2, 3)), Const(real(1, gates * 2, 2))], hidden_size=2)


def last_state_texts():
    """The last state is read, the sequence is not."""
    t = text("LastState", 14)
    for op, gates in [("LSTM", 4), ("GRU", 3)]:
        for direction in ["forward", "reverse", "bidirectional"]:
            w = [Const(real(1 + (direction[0] == "b"), gates * 3, k, scale=.6)) for k in (2, 3)]
            t.add(op, [real(5, 2, 2)] + w, outputs=gates - 1, unread=1, hidden_size=3, direction=direction)


def scatter_texts():
    t = text("Scatter", 16)
    t.add("ScatterND", [real(4, 3), Const(np.array([[2], [0]], np.int64)), real(2, 3)])
    t.add("ScatterND", [real(2, 3, 4), Const(np.array([[[0, 1], [0, 2]], [[1, 1], [1, 2]]], np.int64)), real(2, 2, 4)])
    t.add("ScatterND", [real(3, 4), Const(np.array([[0, -1], [1, -1], [2, -1]], np.int64)), real(3)])
    t.add("ScatterND", [ints(5), Const(np.array([[4], [2], [0]], np.int64)), ints(3)])
    t.add("ScatterND", [real(2, 3), Const(np.array([1], np.int64)), real(3)])
    t = text("OneHot", 11)
    t.add("OneHot", [ints(2, 3, low=-4, high=5), i64(4), Const(np.array([-1.5, 2], np.float32))])
    t.add("OneHot", [ints(5, low=0, high=3), Const(np.int64(3)), Const(np.array([0, 1], np.int64))], axis=0)


def resize_texts():
    sizes = [((1, 2, 5, 6), (1, 2, 10, 18)), ((1, 2, 5, 6), (1, 2, 7, 4)), ((1, 1, 4, 4), (1, 1, 1, 3)),
             ((2, 1, 3, 1), (2, 1, 9, 5))]
    t = text("Upsample", 9)
    for mode in ["nearest", "linear"]:
        t.add("Upsample", [real(1, 2, 3, 4), Const(np.array([1, 1, 2, 3], np.float32))], mode=mode)
    t = text("Resize10", 10)
    for mode in ["nearest", "linear"]:
        for scales in [[1, 1, 2, 3], [1, 1, .6, 1.7]]:
            t.add("Resize", [real(1, 2, 5, 4), Const(np.array(scales, np.float32))], mode=mode)
    t = text("Resize")
    for transformation in ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]:
        for x, y in sizes:
            for nearest in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
                t.add("Resize", [real(*x), None, None, i64(*y)], nearest_mode=nearest,
                      coordinate_transformation_mode=transformation)
            t.add("Resize", [real(*x), None, None, i64(*y)], mode="linear", coordinate_transformation_mode=transformation)
            t.add("Resize", [real(*x), None, None, i64(*y)], mode="cubic", coordinate_transformation_mode=transformation)
    t.add("Resize", [real(1, 1, 5, 6), None, Const(np.array([1, 1, 1.7, .8], np.float32))], mode="cubic",
          cubic_coeff_a=-.5, exclude_outside=1)
    for mode in ["nearest", "linear"]:
        region = Const(np.array([0, 0, .2, -.3, 1, 1, .7, 1.2], np.float32))
        t.add("Resize", [real(1, 2, 5, 6), region, None, i64(1, 2, 4, 7)], mode=mode, extrapolation_value=9.5,
              coordinate_transformation_mode="tf_crop_and_resize")
    t.add("Resize", [real(1, 2, 5, 6), None, Const(np.array([1, 1, 2, 2], np.float32))], mode="linear")
    t.add("Resize", [real(1, 4, 6, 2), None, Const(np.array([1, .5, 2, 1], np.float32))], mode="linear")
    t.add("Resize", [ints(1, 1, 3, 4, dtype=np.int8), None, None, i64(1, 1, 6, 5)])
    t.add("Resize", [real(2, 5), None, None, i64(4, 10)], coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    t = text("Resize19", 19)
    t.add("Resize", [real(1, 2, 5, 6), None, None, i64(9, 7)], mode="linear", axes=[2, 3])
    t.add("Resize", [real(1, 2, 5, 6), None, None, i64(7, 9)], axes=[2, 3], keep_aspect_ratio_policy="not_larger")
    t.add("Resize", [real(1, 2, 5, 6), None, None, i64(9, 7)], axes=[2, 3], keep_aspect_ratio_policy="not_smaller",
          mode="linear")
    t.add("Resize", [real(1, 1, 5, 6), None, Const(np.array([2.3, 1.7], np.float32))], axes=[2, 3], mode="linear",
          coordinate_transformation_mode="half_pixel_symmetric")


def pool_texts():
    t = text("MaxPool")
    t.add("MaxPool", [real(1, 3, 8, 8)], kernel_shape=[2, 2], strides=[2, 2])
    t.add("MaxPool", [real(2, 5, 7, 9)], kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1])
    t.add("MaxPool", [real(1, 3, 7, 7)], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    t.add("MaxPool", [real(1, 3, 9, 9)], kernel_shape=[3, 3], dilations=[2, 2])
    t.add("MaxPool", [real(1, 3, 6, 6)], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    t = text("AveragePool")
    t.add("AveragePool", [real(1, 3, 8, 8)], kernel_shape=[2, 2], strides=[2, 2])
    t.add("AveragePool", [real(2, 5, 7, 9)], kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1])
    t.add("AveragePool", [real(2, 5, 7, 9)], kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1], count_include_pad=1)
    t.add("AveragePool", [real(1, 3, 7, 7)], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    t.add("AveragePool", [real(1, 3, 6, 6)], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER")
    t = text("GlobalPool")
    t.add("GlobalAveragePool", [real(2, 5, 7, 3)])
    t.add("GlobalMaxPool", [real(2, 5, 7, 3)])


def matrix_texts():
    t = text("Gemm")
    t.add("Gemm", [real(3, 5), Const(real(5, 7)), Const(real(7))])
    t.add("Gemm", [real(1, 20), Const(real(9, 20)), Const(real(1, 9))], transB=1)
    t.add("Gemm", [real(6, 3), Const(real(6, 4)), Const(real(3, 1))], transA=1, alpha=.5, beta=2.0)
    t.add("Gemm", [real(3, 4), Const(real(4, 2))])
    t.add("Gemm", [real(3, 4), real(5, 4), real(3, 5)], transB=1, alpha=.25, beta=.5)
    t.add("Gemm", [real(7, 33), Const(real(33, 17)), Const(real(17))])
    t = text("MatMul")
    t.add("MatMul", [real(3, 5), Const(real(5, 7))])
    t.add("MatMul", [real(2, 3, 5), Const(real(5, 4))])
    t.add("MatMul", [real(2, 3, 5), real(2, 5, 4)])
    t.add("MatMul", [real(2, 1, 3, 5), real(4, 5, 2)])
    t.add("MatMul", [real(5), real(5)])
    t.add("MatMul", [real(5), real(2, 5, 3)])
    t.add("MatMul", [real(2, 3, 5), real(5)])


def some_bytes(dtype, *shape):
    i = np.iinfo(dtype)
    return rng.integers(i.min, i.max + 1, shape).astype(dtype)


def integer_texts():
    u8, i8 = np.uint8, np.int8
    t = text("Integers")
    for a, b in [(u8, i8), (i8, u8), (u8, u8), (i8, i8)]:
        t.add("MatMulInteger", [some_bytes(a, 2, 5, 7), Const(some_bytes(b, 7, 6)), Const(a(3)), Const(some_bytes(b, 6))])
        t.add("MatMulInteger", [some_bytes(a, 3, 4), some_bytes(b, 4, 5), some_bytes(a), some_bytes(b)])
        t.add("ConvInteger", [some_bytes(a, 1, 2, 5, 6), Const(some_bytes(b, 5, 2, 3, 2)), some_bytes(a), Const(b(77))],
              pads=[1, 0, 1, 1], strides=[2, 1], dilations=[1, 2])
    t.add("MatMulInteger", [some_bytes(u8, 2, 1, 3, 9), some_bytes(u8, 4, 9, 2)])
    t.add("MatMulInteger", [some_bytes(u8, 9), Const(some_bytes(u8, 9, 2))])
    t.add("MatMulInteger", [np.full((1, 3000), 255, u8), Const(np.full((3000, 2), 255, u8)), Const(u8(0)), Const(u8(0))])
    t.add("ConvInteger", [some_bytes(u8, 2, 4, 9), Const(some_bytes(i8, 6, 2, 3)), some_bytes(u8)], group=2, pads=[2, 1])
    t.add("ConvInteger", [some_bytes(u8, 1, 4, 6, 5), Const(some_bytes(u8, 4, 1, 3, 3)), some_bytes(u8), Const(some_bytes(u8))],
          group=4, pads=[1, 1, 1, 1])
    for x in [real(3, 5), np.abs(real(7)), -np.abs(real(2, 3)), np.zeros((2, 2), np.float32), real(40, scale=1e-4)]:
        t.add("DynamicQuantizeLinear", [x], outputs=3)


def elementwise_texts():
    t = text("Unary")
    for op in ["Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Floor", "Ceil", "Round", "Sign", "Erf", "Softplus", "Softsign",
               "Sin", "Cos", "Elu", "Selu", "LeakyRelu", "HardSigmoid", "Identity"]:
        t.add(op, [real(2, 3, 4, scale=2)])
    for op in ["Log", "Sqrt", "Reciprocal"]:
        t.add(op, [np.abs(real(2, 5)) + np.float32(.1)])
    t.add("LeakyRelu", [real(7)], alpha=.3)
    t.add("Elu", [real(7)], alpha=.3)
    t.add("HardSigmoid", [real(7, scale=3)], alpha=.3, beta=.4)
    t.add("Not", [ints(5, low=0, high=2, dtype=np.bool_)])
    t = text("Unary14", 14)
    t.add("HardSwish", [real(9, scale=4)])
    t.add("Relu", [real(3, 3)])
    t = text("Gelu", 20)
    t.add("Gelu", [real(9, scale=2)])
    t.add("Gelu", [real(9, scale=2)], approximate="tanh")
    t = text("Clip")
    t.add("Clip", [real(9, scale=4), Const(np.float32(-1)), Const(np.float32(2))])
    t.add("Clip", [real(9, scale=4), Const(np.float32(0))])
    t.add("Clip", [real(9, scale=4), None, Const(np.float32(1))])
    t = text("Clip6", 6)
    t.add("Clip", [real(9, scale=4)], min=-1.0, max=2.0)
    t = text("Binary")
    for op in ["Add", "Sub", "Mul", "Div"]:
        t.add(op, [real(2, 3, 4), real(2, 3, 4)])
        t.add(op, [real(2, 3, 4), Const(real(4))])
        t.add(op, [Const(real(3, 1)), real(2, 3, 4)])
        t.add(op, [real(2, 1, 4), real(1, 3, 1)])
        t.add(op, [real(2, 3), Const(np.float32(.5))])
        t.add(op, [ints(6), ints(6, low=1)])
    t.add("Pow", [np.abs(real(2, 3)), Const(np.float32(2.5))])
    t.add("Pow", [real(2, 3), Const(np.float32(2))])
    t.add("PRelu", [real(1, 3, 2, 2), Const(real(3, 1, 1))])
    t.add("Mod", [ints(8, low=-9, high=10), ints(8, low=1, high=5)])
    t.add("Mod", [real(8, scale=4), Const(real(8))], fmod=1)
    t = text("Variadic")
    for op in ["Min", "Max", "Sum", "Mean"]:
        t.add(op, [real(3, 4), Const(real(4)), real(3, 1)])
        t.add(op, [real(3, 4)])
    t = text("Compare")
    for op in ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]:
        t.add(op, [ints(3, 4), Const(ints(4))])
        t.add(op, [np.round(real(5)), np.round(real(5))])
    for op in ["And", "Or", "Xor"]:
        t.add(op, [ints(6, low=0, high=2, dtype=np.bool_), ints(6, low=0, high=2, dtype=np.bool_)])
    t.add("Where", [ints(3, 1, low=0, high=2, dtype=np.bool_), real(3, 4), Const(real(4))])
    t = text("Cast")
    for to in [onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.UINT8, onnx.TensorProto.BOOL]:
        t.add("Cast", [np.abs(real(6, scale=9))], to=int(to))
        t.add("Cast", [ints(6, low=0, high=100)], to=int(to))
    t.add("Cast", [ints(6)], to=int(onnx.TensorProto.FLOAT))
    t.add("Cast", [ints(6, low=0, high=2, dtype=np.bool_)], to=int(onnx.TensorProto.FLOAT))


def move_texts():
    t = text("Transpose")
    t.add("Transpose", [real(2, 3, 4)])
    t.add("Transpose", [real(2, 3, 4, 5)], perm=[0, 2, 3, 1])
    t.add("Transpose", [ints(3, 4, 2)], perm=[2, 0, 1])
    t = text("Reshape")
    t.add("Reshape", [real(2, 3, 4), i64(4, -1)])
    t.add("Reshape", [real(2, 3, 4), i64(0, 12)])
    t.add("Flatten", [real(2, 3, 4)])
    t.add("Flatten", [real(2, 3, 4)], axis=-1)
    t.add("Squeeze", [real(1, 3, 1, 2), i64(0, 2)])
    t.add("Squeeze", [real(1, 3, 1, 2)])
    t.add("Unsqueeze", [real(3, 2), i64(0, -1)])
    t = text("Join")
    t.add("Concat", [real(2, 3), Const(real(2, 2)), real(2, 4)], axis=1)
    t.add("Concat", [real(2, 3), real(1, 3)], axis=-2)
    t.add("Split", [real(6, 4)], outputs=3, axis=0)
    t.add("Split", [real(2, 7), i64(3, 4)], outputs=2, axis=1)
    t.add("Expand", [real(3, 1), i64(2, 1, 4)])
    t.add("Tile", [real(2, 3), i64(2, 3)])
    t = text("Slice")
    t.add("Slice", [real(5, 6), i64(1, 0), i64(4, 100)])
    t.add("Slice", [real(5, 6), i64(-1), i64(-100), i64(0), i64(-1)])
    t.add("Slice", [real(5, 6), i64(1), i64(-1), i64(1), i64(2)])
    t.add("Gather", [real(5, 3), Const(np.array([[0, 4], [-1, 2]], np.int64))])
    t.add("Gather", [real(2, 5, 3), ints(4, low=0, high=5)], axis=1)
    t.add("Gather", [real(2, 5), Const(np.int64(3))], axis=1)
    t = text("Pad")
    t.add("Pad", [real(2, 3), i64(1, 0, 0, 2)])
    t.add("Pad", [real(2, 3), i64(1, 0, 0, 2), Const(np.float32(-1.5))])
    t.add("Pad", [real(1, 2, 4, 4), i64(0, 0, 1, 2, 0, 0, 2, 1)], mode="edge")
    t.add("Pad", [real(1, 2, 4, 4), i64(0, 0, 1, 2, 0, 0, 2, 1)], mode="reflect")
    t.add("DepthToSpace", [real(1, 8, 2, 3)], blocksize=2)
    t.add("DepthToSpace", [real(1, 8, 2, 3)], blocksize=2, mode="CRD")
    t.add("SpaceToDepth", [real(1, 2, 4, 6)], blocksize=2)
    t = text("Shape")
    t.add("Shape", [real(2, 3, 4)])
    t.add("Size", [real(2, 3, 4)])
    t.add("ConstantOfShape", [i64(2, 3)], value=np.array([7], np.int64))
    t.add("Range", [Const(np.int64(1)), Const(np.int64(9)), Const(np.int64(3))])


def reduce_texts():
    t = text("Softmax")
    t.add("Softmax", [real(3, 5)])
    t.add("Softmax", [real(2, 3, 4)], axis=1)
    t.add("LogSoftmax", [real(3, 5)])
    t.add("Softmax", [real(2, 4, scale=60)])
    t = text("Softmax11", 11)
    t.add("Softmax", [real(2, 3, 4)])
    t.add("Softmax", [real(2, 3, 4)], axis=2)
    t = text("Reduce")
    for op in ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"]:
        t.add(op, [real(2, 3, 4)], axes=[1], keepdims=0)
        t.add(op, [real(2, 3, 4)], axes=[-1, 0])
        t.add(op, [real(2, 3, 4)])
    t.add("ReduceSum", [real(2, 3, 4), i64(1)], keepdims=0)
    t.add("ReduceSum", [real(2, 3, 4)])
    t.add("ReduceSum", [ints(2, 3), i64(0)])
    t.add("ArgMax", [real(3, 5)], axis=1)
    t.add("ArgMin", [real(3, 5)], axis=0, keepdims=0)
    t = text("Normalise", 17)
    t.add("LayerNormalization", [real(2, 3, 8), Const(real(8)), Const(real(8))])
    t.add("LayerNormalization", [real(2, 3, 8), Const(real(3, 8))], axis=1, epsilon=.01)
    t.add("BatchNormalization", [real(2, 3, 4, 5), Const(real(3)), Const(real(3)), Const(real(3)), Const(np.abs(real(3)))])
    t.add("BatchNormalization", [real(2, 3), Const(real(3)), Const(real(3)), Const(real(3)), Const(np.abs(real(3)))], epsilon=.1)
    t = text("Groups", 21)
    t.add("InstanceNormalization", [real(2, 3, 4, 5), Const(real(3)), Const(real(3))])
    t.add("InstanceNormalization", [real(1, 9, 70), Const(real(9)), Const(real(9))], epsilon=.1)
    t.add("InstanceNormalization", [real(1, 2, 3, 2, 3), Const(real(2)), real(2)])
    t.add("GroupNormalization", [real(2, 6, 4, 5), Const(real(6)), Const(real(6))], num_groups=2)
    t.add("GroupNormalization", [real(1, 20, 7), Const(real(20)), Const(real(20))], num_groups=10, epsilon=.01)
    t.add("GroupNormalization", [real(2, 6), Const(real(6)), Const(real(6))], num_groups=3)
    t = text("Groups18", 18)
    t.add("GroupNormalization", [real(2, 6, 4, 5), Const(real(2)), Const(real(2))], num_groups=2)


def grid(*shape):
    """Values that meet thresholds exactly, and those that compare in their own way."""
    x = rng.integers(-4, 5, shape).astype(np.float32) / 2
    return np.where(rng.random(shape) < .1, rng.choice(np.array([np.nan, np.inf, -np.inf, -0.0], np.float32), shape), x)


def grow(lists, tree, depth, features, modes, missing):
    """A random tree, depth first; its leaves' ids."""
    ids = lists["nodes_nodeids"]
    start, leaves = len(ids), []

    def node(level):
        at = len(ids) - start
        leaf = level == depth or (level > 0 and rng.random() < .2)
        for key, v in [("treeids", tree), ("nodeids", at), ("featureids", 0 if leaf else int(rng.integers(features))),
                       ("values", float(rng.integers(-4, 5)) / 2), ("modes", "LEAF" if leaf else str(rng.choice(modes))),
                       ("truenodeids", 0), ("falsenodeids", 0)]:
            lists["nodes_" + key].append(v)
        if missing:
            lists["nodes_missing_value_tracks_true"].append(0 if leaf else int(rng.integers(2)))
        if leaf:
            return leaves.append(at)
        for side in ["true", "false"]:
            lists["nodes_%snodeids" % side][start + at] = len(ids) - start
            node(level + 1)

    node(0)
    return leaves


def ensemble(prefix, features, targets, depth=3, trees=3, modes=["BRANCH_LEQ"], missing=False, of=None, share=1.0,
             positive=False):
    """of: the only target with weights; share: of the targets that a leaf has weights for."""
    lists = {"nodes_" + k: [] for k in ["treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids"]}
    if missing:
        lists["nodes_missing_value_tracks_true"] = []
    lists.update({prefix + k: [] for k in ["_treeids", "_nodeids", "_ids", "_weights"]})
    for tree in range(trees):
        for leaf in grow(lists, tree, depth, features, modes, missing):
            for target in range(targets):
                if (target != of) if of is not None else targets > 1 and rng.random() >= share:
                    continue
                weight = float(rng.integers(0 if positive else -8, 9)) / 8 / (trees if positive else 1)
                for key, v in [("_treeids", tree), ("_nodeids", leaf), ("_ids", target), ("_weights", weight)]:
                    lists[prefix + key].append(v)
    return lists


ALL_MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def tree_texts():
    t = text("TreeRegressor", 13, "ai.onnx.ml")
    for mode in ALL_MODES:
        t.add("TreeEnsembleRegressor", [grid(9, 4)], n_targets=1, **ensemble("target", 4, 1, modes=[mode]))
        t.add("TreeEnsembleRegressor", [grid(9, 4)], n_targets=1, **ensemble("target", 4, 1, modes=[mode], missing=True))
    t.add("TreeEnsembleRegressor", [grid(6, 5)], n_targets=1, base_values=[.5], **ensemble("target", 5, 1, 6, 8, ALL_MODES))
    t.add("TreeEnsembleRegressor", [grid(5, 3)], n_targets=1, post_transform="PROBIT",
          **ensemble("target", 3, 1, trees=1, positive=True))
    for how in ["SUM", "AVERAGE", "MIN", "MAX"]:
        for share in [1, .4]:
            # ONNX Runtime leaves out the base of a target that no leaf has weights for; ours has it, as the standard.
            base = {} if share < 1 else dict(base_values=[.5, -1.0, 2.0])
            t.add("TreeEnsembleRegressor", [grid(7, 4)], n_targets=3, aggregate_function=how, **base,
                  **ensemble("target", 4, 3, modes=ALL_MODES, share=share))
    t = text("TreeClassifier", 13, "ai.onnx.ml")
    t.add("TreeEnsembleClassifier", [ints(5, 3)], outputs=2, classlabels_int64s=[4, 5, 9], **ensemble("class", 3, 3))
    for post in ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]:
        for positive in [False, True]:
            for of in [0, 1, None]:
                t.add("TreeEnsembleClassifier", [grid(6, 3)], outputs=2, post_transform=post, classlabels_int64s=[7, 3],
                      **ensemble("class", 3, 2, positive=positive, of=of))
            t.add("TreeEnsembleClassifier", [grid(6, 3)], outputs=2, post_transform=post, classlabels_int64s=[0, 1],
                  base_values=[.25], **ensemble("class", 3, 2, positive=positive, of=0))
        t.add("TreeEnsembleClassifier", [grid(6, 3)], outputs=2, post_transform=post, classlabels_int64s=[4, 5, 9],
              **ensemble("class", 3, 3, 4, 6))
        t.add("TreeEnsembleClassifier", [grid(6, 3)], outputs=2, post_transform=post, classlabels_int64s=[0, 1, 2, 3],
              base_values=[.5, -.5, .25, 0.0], **ensemble("class", 3, 4, 4, 6))


def ml_texts():
    t = text("MachineLearning", 18, "ai.onnx.ml")
    for post in ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]:
        for labels in [[0, 1, 2], [5, 2, 8, 1]]:
            t.add("LinearClassifier", [real(4, 5)], outputs=2, post_transform=post, classlabels_ints=labels, multi_class=1,
                  coefficients=real(5 * len(labels)).tolist(), intercepts=real(len(labels)).tolist())
        t.add("LinearClassifier", [real(4, 5)], outputs=2, post_transform=post, classlabels_ints=[3, 1],
              coefficients=real(5).tolist(), intercepts=[.25])
        t.add("LinearRegressor", [real(4, 5)], post_transform=post, targets=2, coefficients=real(10).tolist(),
              intercepts=[.5, -.25])
    t.add("LinearRegressor", [real(6)], coefficients=real(6).tolist())
    for norm in ["MAX", "L1", "L2"]:
        t.add("Normalizer", [np.concatenate([real(4, 5), np.zeros((1, 5), np.float32)])], norm=norm)
        t.add("Normalizer", [real(5)], norm=norm)
    t.add("Scaler", [real(3, 4)], offset=[.5], scale=[2.0])
    t.add("Scaler", [real(3, 4)], offset=[.5, 1.0, -1.0, 0.0], scale=[2.0, .5, 1.0, 3.0])
    t.add("Scaler", [ints(3, 2)], offset=[1.0, 2.0], scale=[2.0, .5])
    t.add("Binarizer", [grid(3, 5)], threshold=.5)
    t.add("Imputer", [np.array([[1, np.nan, 2], [np.nan, 3, np.nan]], np.float32)], imputed_value_floats=[9.0],
          replaced_value_float=float("nan"))
    t.add("Imputer", [np.array([[1, 2, 1], [2, 1, 3]], np.float32)], imputed_value_floats=[9.0, 8.0, 7.0],
          replaced_value_float=1.0)
    t.add("ArrayFeatureExtractor", [real(3, 5), i64(4, 0, 0)])
    t.add("ArrayFeatureExtractor", [real(5), i64(3)])
    t.add("FeatureVectorizer", [real(2, 3), real(2, 1), real(2, 2)], inputdimensions=[3, 1, 2])


def written_texts():
    t = text("Written", 18)
    for upper in [0, 1]:
        t.add("Trilu", [real(3, 4)], upper=upper)
        t.add("Trilu", [ints(2, 4, 3), Const(np.array(-1, np.int64))], upper=upper)
        t.add("Trilu", [real(1, 3, 3), Const(np.array(2, np.int64))], upper=upper)
    for axis in [0, 1, -1]:
        t.add("Hardmax", [np.round(real(3, 4, 5))], axis=axis)
    t.add("CastLike", [real(3, 2, scale=5), Const(np.array([1], np.int32))])
    t.add("EyeLike", [ints(3, 5, dtype=np.int32)], k=1)
    t.add("EyeLike", [real(4, 3)], k=-1, dtype=7)
    t.add("Shrink", [real(4, 5)], lambd=.75, bias=.25)
    t.add("MeanVarianceNormalization", [real(2, 3, 4, 5)])
    t.add("MeanVarianceNormalization", [real(2, 3, 5)], axes=[0, 2])
    for size in [1, 3, 5]:
        t.add("LRN", [real(2, 7, 3, 4, scale=3)], size=size, alpha=.02, beta=.6, bias=1.5)
    t.add("LRN", [real(1, 4, 6, 1, scale=9)], size=5)
    t.add("LpNormalization", [real(3, 4)], p=1)
    t.add("LpNormalization", [np.concatenate([real(2, 4), np.zeros((1, 4), np.float32)])], axis=-1)
    t = text("HardmaxFlat", 11)
    t.add("Hardmax", [real(2, 3, 4)])
    t.add("Hardmax", [real(2, 3, 4)], axis=0)
    t.add("Hardmax", [real(2, 3, 4)], axis=2)
    t = text("Einsum", 12)
    for equation, shapes in [("ij->ji", [(3, 4)]), ("ij->", [(3, 4)]), ("ijk->kj", [(2, 3, 4)]), ("...ij->...ji", [(2, 5, 3, 4)]),
                             ("ba", [(3, 4)]), ("ij,jk->ik", [(3, 4), (4, 5)]), ("ij,jk", [(3, 4), (4, 5)]),
                             ("bhid,bhjd->bhij", [(2, 3, 4, 5), (2, 3, 6, 5)]), ("bhij,bhjd->bihd", [(2, 3, 4, 6), (2, 3, 6, 5)]),
                             ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]), ("i,j->ij", [(3,), (4,)]), ("i,i->", [(5,), (5,)]),
                             ("nchw,c->nhw", [(2, 3, 4, 5), (3,)]), ("ijk,jl->li", [(2, 3, 4), (3, 5)]),
                             ("bn , nm -> b m", [(2, 3), (3, 4)]), ("abc,abc->abc", [(2, 3, 4), (2, 3, 4)]),
                             ("...,...->...", [(3, 4), (3, 4)])]:
        t.add("Einsum", [real(*s) for s in shapes], equation=equation)
    t.add("Einsum", [real(3, 4), Const(real(4, 5))], equation="ij,jk->ki")


def signal_texts():
    t = text("Signal", 17)
    for op in ["HannWindow", "HammingWindow", "BlackmanWindow"]:
        for periodic in [0, 1]:
            t.add(op, [Const(np.array(8, np.int64))], periodic=periodic)
    t.add("MelWeightMatrix", [Const(np.array(v, np.int64)) for v in [8, 32, 8000]] +
          [Const(np.array(v, np.float32)) for v in [20, 4000]])
    for shape, attrs in [((2, 8, 1), {}), ((2, 8, 2), {}), ((2, 16, 1), dict(onesided=1)), ((2, 9, 2), dict(inverse=1)),
                         ((7, 3, 1), dict(axis=0)), ((2, 3, 8, 2), dict(axis=2, inverse=1))]:
        t.add("DFT", [real(*shape)], **attrs)
    t.add("DFT", [real(1, 12, 1), Const(np.array(8, np.int64))])
    window = np.hanning(16).astype(np.float32)
    t.add("STFT", [real(1, 64, 1), Const(np.array(8, np.int64)), Const(window)])
    t.add("STFT", [real(2, 50, 1), Const(np.array(7, np.int64)), Const(window), Const(np.array(16, np.int64))], onesided=0)
    t.add("STFT", [real(1, 40, 1), Const(np.array(10, np.int64)), None, Const(np.array(16, np.int64))])


def microsoft_texts():
    t = text("Microsoft", 13, "com.microsoft")
    for activation, p in [("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [.2]), ("HardSigmoid", [.25, .4]),
                          ("Clip", [-.5, 1.5])]:
        attrs = dict(activation_params=p) if p else {}
        t.add("FusedConv", [real(1, 2, 5, 5), Const(real(3, 2, 3, 3)), Const(real(3))], activation=activation, pads=[1, 1, 1, 1], **attrs)
    t.add("FusedConv", [real(1, 2, 4, 4), Const(real(2, 2, 1, 1)), Const(real(2)), real(1, 2, 4, 4)], activation="Relu")
    t.add("FusedGemm", [real(2, 3), Const(real(4, 3)), Const(real(4))], transB=1, activation="Relu")
    t.add("FusedGemm", [real(2, 3), Const(real(3, 4)), Const(real(4))], activation="LeakyRelu", activation_alpha=.3)
    for a, b, attrs in [((2, 3, 4), (2, 4, 5), dict(alpha=.5)), ((2, 4, 3), (2, 4, 5), dict(transA=1)),
                        ((2, 3, 4), (2, 5, 4), dict(transB=1, alpha=.125)), ((3, 4), (5, 4), dict(transB=1))]:
        t.add("FusedMatMul", [real(*a), real(*b)], **attrs)
    t.add("Gelu", [real(3, 4, scale=2)])
    t.add("BiasGelu", [real(3, 4), Const(real(4))])
    t.add("FastGelu", [real(3, 4), Const(real(4))])
    t.add("FastGelu", [real(3, 4)])
    t.add("QuickGelu", [real(3, 4)], alpha=1.5)
    t.add("SkipLayerNormalization", [real(2, 3, 8), real(2, 3, 8), Const(real(8)), Const(real(8)), Const(real(8))], epsilon=1e-3)
    t.add("SkipLayerNormalization", [real(2, 3, 8), real(2, 3, 8), Const(real(8))])
    t.add("SkipSimplifiedLayerNormalization", [real(2, 3, 8), real(2, 3, 8), Const(real(8))])


def topk_texts():
    odd = np.array([[3, np.nan, 1, -np.inf, np.nan, 3], [np.inf, -0.0, 0.0, 1, 1, np.nan]], np.float32)
    for opset, largests in [(10, [None]), (13, [1, 0])]:
        t = text("TopK" + ("10" if opset == 10 else ""), opset)
        for largest in largests:
            attrs = {} if largest is None else dict(largest=largest)
            for k in [1, 3, 6]:
                t.add("TopK", [odd, i64(k)], outputs=2, **attrs)
            for axis in [0, 1, -1]:
                t.add("TopK", [real(4, 5, 3), i64(3)], outputs=2, axis=axis, **attrs)
            for dtype in [] if opset == 10 else [np.int8, np.uint8, np.int32, np.int64]:
                t.add("TopK", [ints(3, 9, low=0, dtype=dtype), i64(5)], outputs=2, **attrs)
    t = text("TopK1", 9)
    t.add("TopK", [real(3, 5)], outputs=2, k=2)
    t.add("TopK", [real(3, 5)], outputs=2, k=3, axis=0)


def scan_texts():
    t = text("CumSum", 14)
    for attrs in [{}, dict(exclusive=1), dict(reverse=1), dict(exclusive=1, reverse=1)]:
        for axis in [0, 1, -1]:
            t.add("CumSum", [real(3, 4, 5), Const(np.array(axis, np.int32))], **attrs)
        t.add("CumSum", [ints(6, dtype=np.int32), i64(0)], **attrs)
        t.add("CumSum", [ints(2, 3), i64(1)], **attrs)
    t = text("CumProd", 26)
    for attrs in [{}, dict(exclusive=1), dict(reverse=1), dict(exclusive=1, reverse=1)]:
        t.add("CumProd", [real(3, 4, 2), i64(1)], **attrs)
        t.add("CumProd", [ints(5, dtype=np.int32), i64(-1)], **attrs)


def elements_texts():
    """Indices that are known only at run time, negative ones too."""
    t = text("GatherElements", 13)
    for dtype in [np.int32, np.int64]:
        t.add("GatherElements", [real(4, 3), ints(2, 3, low=-4, high=4, dtype=dtype)])
        t.add("GatherElements", [real(2, 3, 4), ints(2, 2, 7, low=-4, high=4, dtype=dtype)], axis=2)
        t.add("GatherElements", [ints(3, 5), ints(2, 9, low=-5, high=5, dtype=dtype)], axis=-1)
    for dtype in [np.uint8, np.int16, bool]:
        t.add("GatherElements", [ints(4, 3, low=0, dtype=dtype), ints(5, 2, low=0, high=4)])
    t.add("GatherElements", [real(4, 3), Const(ints(2, 3, low=-4, high=4))])
    t.add("GatherND", [real(3, 4, 5), ints(6, 2, low=-3, high=3)])
    t.add("GatherND", [real(3, 4), ints(2, 3, 2, low=-3, high=3)])
    t.add("GatherND", [real(2, 3, 4, 2), ints(2, 5, 1, low=-3, high=3)], batch_dims=1)
    t.add("GatherND", [ints(2, 3, 4), ints(2, 3, 1, low=-4, high=4)], batch_dims=2)
    t.add("GatherND", [ints(4, 3, low=0, dtype=np.uint8), Const(ints(2, 1, low=-4, high=4))])
    t = text("ScatterElements", 18)
    for how in ["none", "add", "mul", "min", "max"]:
        for dtype in [np.float32, np.int32, np.int64]:
            for index in [np.int32, np.int64]:
                at = np.array([[2, -4, 1], [0, 3, -1]] if how == "none" else [[2, -4, 1], [2, 0, -1]], index)
                x, u = (real if dtype == np.float32 else lambda *s: ints(*s, dtype=dtype) for _ in range(2))
                t.add("ScatterElements", [x(4, 3), at, u(2, 3)], reduction=how)
        t.add("ScatterElements", [real(2, 3, 5), np.array([[[4], [-2]]]), real(1, 2, 1)], axis=-1, reduction=how)
    for dtype in [np.uint8, np.int16, bool]:
        t.add("ScatterElements", [ints(5, low=0, dtype=dtype), np.array([3, -5]), ints(2, low=0, dtype=dtype)])
    t = text("ScatterRows", 18)
    for how in ["none", "add", "mul", "min", "max"]:
        at = np.array([[2], [-4]] if how == "none" else [[2], [-2]])
        for x, u in [(real(4, 3), real(2, 3)), (ints(4, 3, dtype=np.int32), ints(2, 3, dtype=np.int32)), (ints(4, 3), ints(2, 3))]:
            t.add("ScatterND", [x, at, u], reduction=how)
        t.add("ScatterND", [real(3, 4, 2), Const(np.array([[0, 1], [2, -1], [0, 1 if how != "none" else 0]])), real(3, 2)], reduction=how)
    t.add("ScatterND", [ints(6, low=0, dtype=np.uint8), np.array([[[5], [0]]]), ints(1, 2, low=0, dtype=np.uint8)])
    t.add("ScatterND", [ints(6, dtype=np.int16), np.array([[-1]]), ints(1, dtype=np.int16)])


def statistics_texts():
    t = text("LayerStatistics", 17)
    for axis, shape in [(-1, [6]), (1, [5, 6]), (0, [3, 5, 6])]:
        t.add("LayerNormalization", [real(3, 5, 6), Const(real(*shape)), Const(real(*shape))], outputs=3, axis=axis)
    t.add("LayerNormalization", [real(4, 6), Const(real(6))], outputs=2, epsilon=.01)


def rnn_texts():
    t = text("RNN", 14)
    for direction, activations in [("forward", None), ("reverse", ["Relu"]), ("bidirectional", ["Sigmoid", "Tanh"])]:
        d = 2 if direction == "bidirectional" else 1
        attrs = dict(activations=activations) if activations else {}
        t.add("RNN", [real(5, 2, 3), Const(real(d, 4, 3, scale=.6)), Const(real(d, 4, 4, scale=.6)), Const(real(d, 8, scale=.4)),
                      None, real(d, 2, 4)], outputs=2, hidden_size=4, direction=direction, **attrs)
    t.add("RNN", [real(3, 1, 2), Const(real(1, 3, 2)), Const(real(1, 3, 3))], outputs=2, unread=1, hidden_size=3)


def add_batch_first(t, op, inputs, outputs, **attrs):
    """ONNX Runtime has no layout 1: it gets layout 0 between Transposes, the text says layout 1."""
    t.add(op, inputs, outputs=outputs, layout=1, **attrs)
    node = t.nodes.pop()
    turn = lambda name, to, perm: t.nodes.append(helper.make_node("Transpose", [name], [to], perm=perm))
    names, outs = list(node.input), list(node.output)
    for i in [0, 5, 6]:
        if i < len(names) and names[i]:
            turn(names[i], names[i] + "_turned", [1, 0, 2])
            names[i] += "_turned"
    t.nodes.append(helper.make_node(op, names, [o + "_turned" for o in outs], name=node.name, **attrs))
    for i, o in enumerate(outs):
        turn(o + "_turned", o, [1, 0, 2] if i else [2, 0, 1, 3])


def batch_first_texts():
    t = text("BatchFirst", 14)
    for op, gates, states in [("RNN", 1, 1), ("GRU", 3, 1), ("LSTM", 4, 2)]:
        for batch, direction in [(3, "bidirectional"), (1, "reverse"), (2, "forward")]:
            d = 2 if direction == "bidirectional" else 1
            w = [Const(real(d, gates * 4, k, scale=.6)) for k in (3, 4)] + [Const(real(d, 2 * gates * 4, scale=.4))]
            first = [None] + [real(batch, d, 4) for _ in range(states)] if batch > 1 else []
            add_batch_first(t, op, [real(batch, 5, 3)] + w + first, 1 + states, hidden_size=4, direction=direction)


def bit_texts():
    """ONNX Runtime has no Min and Max of 16 bits: ONNX's node tests judge those."""
    t = text("Bits", 18)
    kinds = [np.uint8, np.uint16, np.uint32, np.uint64]
    for dtype in kinds:
        for direction in ["LEFT", "RIGHT"]:
            width = 8 * np.dtype(dtype).itemsize
            t.add("BitShift", [ints(3, 4, low=0, high=200, dtype=dtype), ints(4, low=0, high=width, dtype=dtype)], direction=direction)
    for dtype in kinds + [np.int8, np.int16, np.int32, np.int64]:
        for op in ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]:
            t.add(op, [ints(3, 4, low=0, high=120, dtype=dtype), ints(4, low=0, high=120, dtype=dtype)])
        t.add("BitwiseNot", [ints(6, low=0, high=120, dtype=dtype)])
    for dtype in [np.uint16, np.int16]:
        low = 1 if dtype == np.uint16 else -9
        for fmod in [0, 1]:
            t.add("Mod", [ints(3, 4, low=low, high=90, dtype=dtype), Const(np.array([3, 7 if low > 0 else -7, 2, 5], dtype))], fmod=fmod)
    x = np.array([1, np.inf, -np.inf, np.nan, 0], np.float32)
    for negative, positive in [(0, 1), (1, 0), (0, 0)]:
        t.add("IsInf", [x], detect_negative=negative, detect_positive=positive)
    t.add("OneHot", [np.array([2, -1, 0, 5], np.float32), Const(np.array([4], np.float32)), Const(np.array([-1, 3], np.float32))])


def main():
    for make in [conv_texts, pool_texts, matrix_texts, elementwise_texts, move_texts, reduce_texts,
                 conv_transpose_texts, resize_texts, scatter_texts, recurrent_texts, last_state_texts, tree_texts,
                 ml_texts, written_texts, signal_texts, microsoft_texts, integer_texts,
                 topk_texts, scan_texts,
                 elements_texts, statistics_texts, rnn_texts,
                 batch_first_texts, bit_texts]:
        make()
    folder = os.path.dirname(os.path.abspath(__file__))
    for t in TEXTS:
        if len(sys.argv) == 1 or t.name in sys.argv[1:]:
            t.write(folder)
            print(t.name, len(t.nodes))


if __name__ == "__main__":
    main()
