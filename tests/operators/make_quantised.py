#!/usr/bin/env python3
"""Writes tests/operators/Q*.txt: texts of the quantised operators (docs/quantised.md), whose expected outputs are
computed here, in Python's unbounded integers.

    python3 tests/operators/make_quantised.py
"""
import os

import numpy as np

from make import attribute, tensor

rng = np.random.default_rng(5)


def requantize(acc, m, shift):
    """acc, m: integers or object arrays; the formula of docs/quantised.md."""
    return ((acc << shift) * m + (1 << 31)) >> 32


def requantize_even(acc, m, shift):
    q, low = requantize(acc, m, shift), (acc << shift) * m % (1 << 32)
    return q - np.where(low == 1 << 31, q % 2, 0)


def clamp(v, lo, hi):
    return np.array(np.clip(np.asarray(v, dtype=object), lo, hi)).astype(np.int8)


def wide(a):
    return np.asarray(a).astype(object)


def finish(acc, residual, bias_m, a):
    """acc [..., channels]: what QConv and QGemm do behind the sum."""
    y = a.get("y_zero_point", 0)
    shift = a.get("shift", 0)
    q = (acc * wide(bias_m) + (1 << (31 + shift))) >> (32 + shift) if a.get("wide") else requantize(acc, wide(bias_m), shift)
    q = q + y
    lo, hi = a.get("lo", -128), a.get("hi", 127)
    q = np.clip(q, a.get("q_lo", -128), a.get("q_hi", 127))
    if residual is None:
        return clamp(q, lo, hi)
    s = a["add_shift"]
    q = (q - y) * a["q_multiplier"] + (wide(residual) - a.get("r_zero_point", 0)) * a["r_multiplier"] + (1 << (s - 1))
    return clamp((q >> s) + a.get("add_zero_point", 0), lo, hi)


def qconv(x, w, bias, m, residual=None, **a):
    n, h, wd, c = x.shape
    o, kh, kw, per_group = w.shape
    group = a.get("group", 1)
    top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
    sh, sw = a.get("strides", [1, 1])
    dh, dw = a.get("dilations", [1, 1])
    padded = np.full((n, h + top + bottom, wd + left + right, c), a.get("x_zero_point", 0), np.int64)
    padded[:, top:top + h, left:left + wd] = x
    oh = (padded.shape[1] - (kh - 1) * dh - 1) // sh + 1
    ow = (padded.shape[2] - (kw - 1) * dw - 1) // sw + 1
    acc = np.zeros((n, oh, ow, o), np.int64) + bias
    for k in range(o):
        g = k // (o // group)
        for i in range(kh):
            for j in range(kw):
                part = padded[:, i * dh:i * dh + (oh - 1) * sh + 1:sh, j * dw:j * dw + (ow - 1) * sw + 1:sw]
                part = part[..., g * per_group:(g + 1) * per_group]
                acc[..., k] += part @ w[k, i, j].astype(np.int64)
    return finish(wide(acc), residual, m, a)


def qgemm(x, w, bias, m, residual=None, **a):
    return finish(wide(x.astype(np.int64) @ w.astype(np.int64) + bias), residual, m, a)


def qmatmul(x, y, **a):
    acc = np.matmul(x.astype(np.int64) - a.get("a_zero_point", 0), y.astype(np.int64) - a.get("b_zero_point", 0))
    q = requantize(wide(acc), a["multiplier"], a["shift"]) + a.get("y_zero_point", 0)
    return clamp(q, a.get("lo", -128), a.get("hi", 127))


def qadd(x, y, **a):
    s = a["shift"]
    v = (wide(x) - a.get("a_zero_point", 0)) * a["a_multiplier"] + (wide(y) - a.get("b_zero_point", 0)) * a["b_multiplier"]
    return clamp(((v + (1 << (s - 1))) >> s) + a.get("y_zero_point", 0), a.get("lo", -128), a.get("hi", 127))


def qmul(x, y, **a):
    v = (wide(x) - a.get("a_zero_point", 0)) * (wide(y) - a.get("b_zero_point", 0))
    return clamp(requantize(v, a["multiplier"], a["shift"]) + a.get("y_zero_point", 0), a.get("lo", -128), a.get("hi", 127))


def qpool(x, m, **a):
    n, h, w, c = x.shape
    kh, kw = a["kernel_shape"]
    top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
    sh, sw = a.get("strides", [1, 1])
    oh, ow = (h + top + bottom - kh) // sh + 1, (w + left + right - kw) // sw + 1
    y = np.zeros((n, oh, ow, c), np.int8)
    for i in range(oh):
        for j in range(ow):
            rows = [r for r in range(i * sh - top, i * sh - top + kh) if 0 <= r < h]
            cols = [q for q in range(j * sw - left, j * sw - left + kw) if 0 <= q < w]
            part = x[:, rows][:, :, cols].astype(np.int64) - a.get("x_zero_point", 0)
            taps = kh * kw if a.get("count_include_pad") else len(rows) * len(cols)
            v = requantize_even(wide(part.sum((1, 2))), int(m[taps]), a.get("shift", 0)) + a.get("y_zero_point", 0)
            y[:, i, j] = clamp(v, a.get("lo", -128), a.get("hi", 127))
    return y


def qlookup(x, table):
    return table[x.astype(int) + 128]


def qsoftmax(x, table, **a):
    axis = a.get("axis", -1)
    e = wide(table)[255 - (x.max(axis, keepdims=True).astype(int) - x)]
    total = e.sum(axis, keepdims=True) * a.get("y_divisor", 1)
    return clamp((e * a["y_inverse_scale"] + total // 2) // total + a.get("y_zero_point", 0), -128, 127)


def reciprocal_root(w):
    r = 2290045340 - (w * 1308597337 >> 32)
    for _ in range(4):
        r = r * ((3 << 29) - (w * (r * r >> 31) >> 32)) >> 30
    return min(r, 2**31 - 1)


def qlayernorm(x, scale, bias, **a):
    """As runtime/ref/qlayernorm.h says; W's root is that of its upper 32 bits."""
    axis, f = a.get("axis", -1) % x.ndim, a.get("epsilon_shift", 0)
    count = int(np.prod(x.shape[axis:]))
    half = next(h for h in range(40) if 4**h >= count)
    y = []
    for row in x.reshape(-1, count):
        q = [int(v) for v in row]
        total = sum(q)
        w = max((count * sum(v * v for v in q) - total * total) * 2**f + a["epsilon"], 1)
        up = next(u for u in range(32) if w << 2 * u >= 1 << 62)
        root = reciprocal_root(w << 2 * up >> 32)
        left = f // 2 + 29 - half - 30 + up
        for v, s, b in zip(q, scale, bias):
            d = count * v - total
            n = ((d << left if left > 0 else d >> -left) * root) >> 32
            y.append(((n * int(s) >> 32) + int(b)) >> a["shift"])
    i = np.iinfo(x.dtype)
    return np.clip(y, a.get("lo", i.min), a.get("hi", i.max)).astype(x.dtype).reshape(x.shape)


def per_axis(v, x, axis):
    return v.reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]) if v.ndim else v


def quantize(x, scale, zero_point, axis=1, to=3):
    t = {2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16}[to]
    i = np.iinfo(t)
    q = np.rint(x / per_axis(scale, x, axis)).astype(np.float64) + per_axis(zero_point, x, axis)
    return np.clip(q, i.min, i.max).astype(t)


def dequantize(x, scale, zero_point, axis=1):
    return ((x.astype(np.int64) - per_axis(zero_point, x, axis)).astype(np.float32) * per_axis(scale, x, axis)).astype(np.float32)


class Const:
    def __init__(self, a):
        self.a = np.asarray(a)


class Text:
    """As make.py's, with the function that computes the expected output beside the operator's name."""

    def __init__(self, name):
        self.name, self.lines, self.inputs, self.outputs, self.constants = name, [], [], [], 0

    def add(self, op, function, inputs, **attrs):
        names, values = [], []
        for v in inputs:
            values.append(v.a if isinstance(v, Const) else v)
            if isinstance(v, Const):
                names.append("%%c%d" % self.constants)
                self.lines.append("  const %s: %s" % (names[-1], tensor(v.a)))
                self.constants += 1
            else:
                names.append("%%x%d" % len(self.inputs))
                text = tensor(v)
                self.lines.append("  input %s: %s" % (names[-1], text[:text.index("]") + 1]))
                self.inputs.append(v)
        name = "%%y%d" % len(self.outputs)
        line = "  %s = adze.%s(%s)" % (name, op, ", ".join(names))
        if attrs:
            line += " {%s}" % ", ".join("%s=%s" % (k, attribute(v)) for k, v in attrs.items())
        self.lines.append(line + ' name "%s_%d"' % (op, len(self.outputs)))
        self.outputs.append(function(*values, **attrs))

    def write(self, folder):
        with open(os.path.join(folder, self.name + ".txt"), "w") as f:
            f.write('graph "%s" opset "" 13 {\n%s\n' % (self.name, "\n".join(self.lines)))
            f.writelines("  output %%y%d\n" % i for i in range(len(self.outputs)))
            f.write('}\n---\ngraph "vectors" {\n')
            f.writelines("  const %%in%d: %s\n" % (i, tensor(a)) for i, a in enumerate(self.inputs))
            f.writelines("  const %%out%d: %s\n" % (i, tensor(a)) for i, a in enumerate(self.outputs))
            f.write("}\n")


def bytes_of(*shape):
    """Every value, its ends often."""
    x = rng.integers(-128, 128, shape)
    ends = rng.random(shape)
    return np.where(ends < .1, -128, np.where(ends > .9, 127, x)).astype(np.int8)


def multipliers(n, low, high):
    return Const(rng.integers(low, high, n).astype(np.int32))


def biases(n):
    return Const(rng.integers(-2000, 2000, n).astype(np.int32))


def weights(*shape, dtype=np.int8):
    return Const(bytes_of(*shape).astype(dtype) if dtype == np.int8 else rng.integers(-300, 301, shape).astype(dtype))


RESIDUAL = dict(r_zero_point=7, q_multiplier=1 << 18, r_multiplier=300000, add_shift=19, add_zero_point=-11)


def conv_text(name, dtype):
    t = Text(name)
    for x, w, attrs in [((1, 7, 6, 3), (5, 3, 3, 3), {}),
                        ((1, 7, 6, 3), (4, 3, 3, 3), dict(pads=[1, 1, 1, 1], x_zero_point=-128)),
                        ((2, 9, 5, 4), (8, 3, 3, 4), dict(pads=[0, 1, 2, 1], strides=[2, 1], x_zero_point=127, lo=-20, hi=40)),
                        ((1, 9, 9, 4), (6, 3, 3, 4), dict(dilations=[2, 3], pads=[2, 3, 2, 3], x_zero_point=3, y_zero_point=-128)),
                        ((1, 6, 6, 4), (6, 3, 3, 2), dict(group=2, pads=[1, 1, 1, 1], y_zero_point=127)),
                        ((1, 6, 7, 6), (6, 3, 3, 1), dict(group=6, pads=[1, 1, 1, 1], x_zero_point=-5, y_zero_point=9)),
                        ((1, 8, 8, 9), (9, 3, 3, 1), dict(group=9, strides=[2, 2], pads=[0, 0, 1, 1], shift=3)),
                        ((1, 8, 8, 3), (6, 5, 5, 1), dict(group=3, strides=[2, 2], pads=[2, 2, 2, 2], q_lo=-50, q_hi=50, lo=-60, hi=20)),
                        ((1, 5, 5, 17), (19, 1, 1, 17), dict(shift=1)),
                        ((1, 6, 6, 16), (32, 3, 3, 16), dict(strides=[2, 2], pads=[1, 1, 0, 0], x_zero_point=-1)),
                        ((1, 10, 1, 1), (9, 4, 1, 1), {}),
                        ((1, 3, 3, 2), (3, 3, 3, 2), dict(pads=[2, 2, 2, 2], x_zero_point=100))]:
        big = attrs.get("shift", 0)
        m = multipliers(w[0], (1 << 22) >> big, (1 << 25) >> big)
        t.add("QConv", qconv, [bytes_of(*x), weights(*w, dtype=dtype), biases(w[0]), m], **attrs)
        shape = t.outputs[-1].shape
        if len(t.outputs) < 14:
            t.add("QConv", qconv, [bytes_of(*x), weights(*w, dtype=dtype), biases(w[0]), m, bytes_of(*shape)],
                  **{**attrs, **RESIDUAL})
    t.write(FOLDER)


def rest_texts():
    t = Text("QGemm")
    for dtype in [np.int8, np.int16]:
        for x, n, attrs in [((1, 13), 7, {}), ((3, 32), 8, dict(y_zero_point=-128, lo=-128, hi=100)),
                            ((2, 2, 5), 3, dict(y_zero_point=127)), ((1, 1), 1, dict(shift=4)), ((4, 64), 10, {})]:
            m = multipliers(n, 1 << 22, 1 << 25)
            t.add("QGemm", qgemm, [bytes_of(*x), weights(x[-1], n, dtype=dtype), biases(n), m], **attrs)
            t.add("QGemm", qgemm, [bytes_of(*x), weights(x[-1], n, dtype=dtype), biases(n), m, bytes_of(*x[:-1], n)],
                  **{**attrs, **RESIDUAL})
    # the largest accumulators: all operands at their ends
    ends = np.full((1, 1000), -128, np.int8)
    t.add("QGemm", qgemm, [ends, Const(np.full((1000, 2), -128, np.int8)), Const(np.array([0, 2000000000], np.int32)),
                           Const(np.array([35000, 200], np.int32))], y_zero_point=-128)
    t.add("QGemm", qgemm, [ends, Const(np.full((1000, 1), 127, np.int8)), Const(np.array([-2000000000], np.int32)),
                           Const(np.array([200], np.int32))], y_zero_point=127)
    t.write(FOLDER)
    t = Text("QMatMul")
    for a, b, attrs in [((3, 5), (5, 4), {}), ((2, 3, 8), (2, 8, 4), dict(a_zero_point=-128, b_zero_point=127)),
                        ((2, 1, 3, 5), (4, 5, 2), dict(a_zero_point=4, y_zero_point=-3)), ((5,), (2, 5, 3), dict(lo=-10, hi=10))]:
        t.add("QMatMul", qmatmul, [bytes_of(*a), bytes_of(*b)], multiplier=9000001, shift=2, **attrs)
    t.write(FOLDER)
    t = Text("QBinary")
    for a, b in [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (4,)), ((2, 1, 4), (3, 1)), ((3, 5), ()), ((), ())]:
        for zero in [(0, 0, 0), (-128, 127, -128), (127, -128, 127), (3, -7, 11)]:
            zeros = dict(zip(["a_zero_point", "b_zero_point", "y_zero_point"], zero))
            t.add("QAdd", qadd, [bytes_of(*a), bytes_of(*b)], a_multiplier=400000, b_multiplier=-1234567, shift=20, **zeros)
            t.add("QMul", qmul, [bytes_of(*a), bytes_of(*b)], multiplier=1777777, shift=5, **zeros)
    t.add("QAdd", qadd, [bytes_of(40), Const(bytes_of(40))], a_multiplier=1, b_multiplier=1, shift=1, lo=-5, hi=99)
    t.write(FOLDER)
    t = Text("QAveragePool")
    for x, attrs in [((1, 6, 6, 3), dict(kernel_shape=[2, 2], strides=[2, 2])),
                     ((2, 7, 5, 4), dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], x_zero_point=-128, y_zero_point=-128)),
                     ((1, 7, 5, 2), dict(kernel_shape=[3, 2], pads=[1, 0, 1, 1], strides=[2, 1], count_include_pad=1, x_zero_point=5)),
                     ((1, 5, 5, 3), dict(kernel_shape=[5, 5], x_zero_point=127, y_zero_point=3, lo=-9, hi=9))]:
        taps = np.arange(int(np.prod(attrs["kernel_shape"])) + 1)
        m = np.round(0.9 * 2.0**27 / np.maximum(taps, 1)).astype(np.int32)
        t.add("QAveragePool", qpool, [bytes_of(*x), Const(m)], shift=5, **attrs)
    t.write(FOLDER)
    t = Text("QLookup")
    every = np.arange(-128, 128, dtype=np.int8).reshape(4, 64)
    t.add("QLookup", qlookup, [every, Const(bytes_of(256))])
    t.add("QLookup", qlookup, [bytes_of(3, 5), Const(every[:, ::-1].ravel())])
    t.write(FOLDER)
    t = Text("QSoftmax")
    table = np.round(np.exp((np.arange(256) - 255) * .05) * 1e6).astype(np.uint32)
    for x, axis in [((3, 10), -1), ((2, 5, 3), 1), ((1, 1), 1)]:
        t.add("QSoftmax", qsoftmax, [bytes_of(*x), Const(table)], axis=axis, y_inverse_scale=256, y_zero_point=-128)
    t.add("QSoftmax", qsoftmax, [np.full((1, 256), -128, np.int8), Const(table)], y_inverse_scale=4000, y_zero_point=0)
    t.write(FOLDER)
    t = Text("Quantize")
    x = np.concatenate([np.arange(-8, 9) / 2, [1e30, -1e30, np.inf, -np.inf, 400.3, -77.7]]).astype(np.float32)
    for to, one in [(3, 0), (3, 127), (2, 0), (2, 200), (5, -300), (4, 65535)]:
        for scale in [1.0, .3, 1e-3]:
            t.add("Quantize", quantize, [x, Const(np.float32(scale)), Const(np.int32(one))], to=to)
    scale, zero = np.array([.5, .25, 3], np.float32), np.array([-1, 0, 100], np.int32)
    t.add("Quantize", quantize, [np.round(rng.standard_normal((2, 3, 4)) * 9, 3).astype(np.float32), Const(scale), Const(zero)])
    t.write(FOLDER)
    t = Text("Dequantize")
    for dtype, one in [(np.int8, 127), (np.uint8, 3), (np.int16, -32768), (np.uint16, 65535), (np.int32, 0)]:
        i = np.iinfo(dtype)
        x = np.array([i.min, i.min + 1, 0, 1, 77, i.max], dtype)
        t.add("Dequantize", dequantize, [x, Const(np.float32(.01)), Const(np.int32(one))])
        t.add("Dequantize", dequantize, [x.reshape(2, 3), Const(scale), Const(zero)], axis=-1)
    t.write(FOLDER)
    t = Text("QAveragePoolHalves")
    for zero in [(0, 0), (3, -8), (-128, -127)]:
        m = np.array([0, 2**30, 2**29, 0, 2**28], np.int32)
        t.add("QAveragePool", qpool, [bytes_of(1, 6, 6, 3), Const(m)], shift=2, kernel_shape=[2, 2], pads=[1, 1, 0, 0],
              x_zero_point=zero[0], y_zero_point=zero[1])
    t.write(FOLDER)
    t = Text("QSoftmaxDivisor")
    table = np.rint(2.0**32 / (1000 + 60 * 8) * np.exp(-np.arange(255, -1, -1) * .07)).astype(np.uint32)
    t.add("QSoftmax", qsoftmax, [bytes_of(3, 7), Const(table)], y_inverse_scale=1000, y_divisor=60, y_zero_point=-9)
    t.add("QSoftmax", qsoftmax, [bytes_of(7, 2), Const(table)], axis=0, y_inverse_scale=769, y_divisor=3, y_zero_point=-128)
    t.write(FOLDER)
    t = Text("QWide")
    t.add("QGemm", qgemm, [np.full((2, 300), -128, np.int8), Const(np.full((300, 3), -32768, np.int16)),
                           Const(np.array([2**31 - 1, 2**30 + 12345, 0], np.int32)), Const(np.array([100, 50, 131], np.int32))], wide=1)
    t.add("QConv", qconv, [bytes_of(1, 5, 4, 4), Const(rng.integers(-32768, 32768, (2, 3, 3, 4)).astype(np.int16)),
                           Const(np.array([2**31 - 1, -2**31 + 1], np.int32)), Const(np.array([2**31 - 1, 2**30 + 77], np.int32))], wide=1, shift=24,
          pads=[1, 1, 1, 1], x_zero_point=-128, lo=-100)
    t.write(FOLDER)
    t = Text("QLayerNormalization")
    for x, axis, epsilon, f in [((3, 64), -1, 7, 32), ((2, 3, 5), 1, 2**40, 28), ((1, 2), -1, 0, 32), ((4, 1), -1, 1, 0),
                                ((2, 300), -1, 2**62, 20)]:
        count = int(np.prod(x[axis:]))
        for dtype, suffix in [(np.int8, ""), (np.int16, "16")]:
            i = np.iinfo(dtype)
            v = rng.integers(i.min, i.max + 1, x)
            v[0] = [i.min, i.max][count % 2]  # a row of equal elements
            v[-1].flat[0] = i.max
            scale = Const(rng.integers(-2**30, 2**30, count).astype(np.int32))
            bias = Const(rng.integers(-2**20, 2**20, count).astype(np.int32))
            bounds = dict(lo=-50, hi=99) if count == 15 else {}
            t.add("QLayerNormalization" + suffix, qlayernorm, [v.astype(dtype), scale, bias], axis=axis, epsilon=epsilon,
                  epsilon_shift=f if not suffix else min(f, 12), shift=18 if not suffix else 10, **bounds)
    t.write(FOLDER)


FOLDER = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__":
    conv_text("QConv", np.int8)
    conv_text("QConvWide", np.int16)
    rest_texts()
