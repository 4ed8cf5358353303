"""Writes Sixteen.txt: the quantised operators of 16-bit activations with random inputs and what they give, computed here
in Python's integers as docs/quantised.md says. Run from the root: python3 tests/operators/make_sixteen.py"""
import itertools
import math
import random

random.seed(4)
lines, vectors, counts = [], [], {'x': 0, 'c': 0, 'y': 0}


def ints(n, lo, hi):
    return [random.choice((lo, hi)) if random.random() < 0.1 else random.randint(lo, hi) for _ in range(n)]


def name(kind):
    counts[kind] += 1
    return f'%{kind}{counts[kind] - 1}'


def text(v):
    return '[' + ', '.join(map(str, v)) + ']'


def op(kind, operands, attrs, shape, result):
    """operands: (type, shape, values, is it an input)"""
    names = []
    for dtype, dims, values, is_input in operands:
        n = name('x' if is_input else 'c')
        names.append(n)
        if is_input:
            lines.append(f'  input {n}: {dtype}{dims}')
            vectors.append(f'  const %in{n[2:]}: {dtype}{dims} = {text(values)}')
        else:
            lines.append(f'  const {n}: {dtype}{dims} = {text(values)}')
    y = name('y')
    lines.append(f'  {y} = adze.{kind}({", ".join(names)}) {{{", ".join(f"{k}={v}" for k, v in attrs.items())}}} name "{kind}_{y[2:]}"')
    vectors.append(f'  const %out{y[2:]}: i16{shape} = {text(result)}')


def store(acc, m, a):
    v = ((acc * m + (1 << (a['shift'] - 1))) >> a['shift']) + a.get('y_zero_point', 0)
    return max(a.get('lo', -32768), min(a.get('hi', 32767), v))


def windows(h, w, k, a):
    s, d, p = a.get('strides', [1, 1]), a.get('dilations', [1, 1]), a.get('pads', [0] * 4)
    oh = (h + p[0] + p[2] - (k - 1) * d[0] - 1) // s[0] + 1
    ow = (w + p[1] + p[3] - (k - 1) * d[1] - 1) // s[1] + 1
    for oy, ox in itertools.product(range(oh), range(ow)):
        yield oh, ow, [(oy * s[0] + ky * d[0] - p[0], ox * s[1] + kx * d[1] - p[1]) for ky in range(k) for kx in range(k)]


def conv(h, w, ic, oc, k, m, least=-127, most=127, **a):
    g = a.get('group', 1)
    per, x, ws = ic // g, ints(h * w * ic, -32768, 32767), ints(oc * k * k * (ic // g), least, most)
    b, ms, y = ints(oc, -100000, 100000), ints(oc, m // 2, m), []
    for oh, ow, taps in windows(h, w, k, a):
        for o in range(oc):
            acc = b[o]
            for t, (iy, ix) in enumerate(taps):
                for c in range(per):
                    inside = 0 <= iy < h and 0 <= ix < w
                    v = x[(iy * w + ix) * ic + o // (oc // g) * per + c] if inside else a.get('x_zero_point', 0)
                    acc += v * ws[(o * k * k + t) * per + c]
            y.append(store(acc, ms[o], a))
    op('QConv16', [('i16', [1, h, w, ic], x, True), ('i8', [oc, k, k, per], ws, False), ('i32', [oc], b, False),
                   ('i32', [oc], ms, False)], a, [1, oh, ow, oc], y)


def gemm(m, k, n, lo, hi, **a):
    x, w, b, ms = ints(m * k, -32768, 32767), ints(k * n, lo, hi), ints(n, -100000, 100000), ints(n, 1 << 20, 1 << 22)
    y = [store(b[j] + sum(x[i * k + l] * w[l * n + j] for l in range(k)), ms[j], a) for i in range(m) for j in range(n)]
    op('QGemm16', [('i16', [m, k], x, True), ('i8', [k, n], w, False), ('i32', [n], b, False), ('i32', [n], ms, False)],
       a, [m, n], y)


conv(7, 6, 3, 5, 3, 1 << 22, shift=37)
conv(7, 6, 4, 6, 3, 1 << 22, shift=37, pads=[1, 1, 1, 1], x_zero_point=-300, y_zero_point=40, lo=0, hi=9000, group=2,
     strides=[2, 1])
conv(6, 6, 5, 5, 3, 1 << 22, shift=35, pads=[2, 2, 2, 2], dilations=[2, 2], group=5)
conv(3, 3, 80, 3, 3, 1 << 22, 100, 127, shift=41)  # sums beyond 32 bits
gemm(1, 37, 11, -127, 127, shift=37, y_zero_point=-9)
gemm(5, 37, 11, -127, 127, shift=37)
gemm(2, 700, 2, 90, 127, shift=42)

z = {'a_zero_point': 7, 'b_zero_point': -3, 'y_zero_point': 1, 'multiplier': 100000, 'shift': 34}
a, b = ints(30, -32768, 32767), ints(40, -32768, 32767)
op('QMatMul16', [('i16', [2, 3, 5], a, True), ('i16', [2, 5, 4], b, True)], z, [2, 3, 4],
   [store(sum((a[t * 15 + i * 5 + l] - 7) * (b[t * 20 + l * 4 + j] + 3) for l in range(5)), 100000, z)
    for t in range(2) for i in range(3) for j in range(4)])

common = {'a_zero_point': 100, 'b_zero_point': -32768, 'y_zero_point': 5, 'lo': -20000}
a, b = ints(24, -32768, 32767), ints(3, -32768, 32767)
z = {**common, 'a_multiplier': 1000000, 'b_multiplier': -3000000, 'shift': 22}
op('QAdd16', [('i16', [2, 3, 4], a, True), ('i16', [3, 1], b, True)], z, [2, 3, 4],
   [store((v - 100) * 1000000 - (b[i // 4 % 3] + 32768) * 3000000, 1, z) for i, v in enumerate(a)])
z = {**common, 'multiplier': 1000000, 'shift': 36}
op('QMul16', [('i16', [2, 3, 4], a, True), ('i16', [3, 1], b, True)], z, [2, 3, 4],
   [store((v - 100) * (b[i // 4 % 3] + 32768), 1000000, z) for i, v in enumerate(a)])

z = {'kernel_shape': [3, 3], 'strides': [2, 2], 'pads': [1, 1, 1, 1], 'x_zero_point': 30, 'y_zero_point': -4, 'shift': 28}
x, m, y = ints(90, -32768, 32767), [0] + [round((1 << 28) / t) for t in range(1, 10)], []
for oh, ow, taps in windows(6, 5, 3, z):
    inside = [(iy, ix) for iy, ix in taps if 0 <= iy < 6 and 0 <= ix < 5]
    y += [store(sum(x[(iy * 5 + ix) * 3 + c] - 30 for iy, ix in inside), m[len(inside)], z) for c in range(3)]
op('QAveragePool16', [('i16', [1, 6, 5, 3], x, True), ('i32', [10], m, False)], z, [1, oh, ow, 3], y)

for bits in (7, 5):
    x = ints(100, -32768, 32767)
    points = [round(40000 * 256 * math.tanh(((i << bits) - 32768) / 9000)) for i in range((65536 >> bits) + 1)]
    y = []
    for v in x:
        i, rest = (v + 32768) >> bits, (v + 32768) % (1 << bits)
        t = points[i] * ((1 << bits) - rest) + points[i + 1] * rest
        y.append(max(-32768, min(32767, (t + (1 << (bits + 7))) >> (bits + 8))))
    op('QInterpolate', [('i16', [2, 50], x, True), ('i32', [len(points)], points, False)], {'bits': bits}, [2, 50], y)

powers = [round(2**31 * math.exp(-i * 256 * 0.0003)) for i in range(256)]
powers += [round(2**31 * math.exp(-i * 0.0003)) for i in range(256)]
for axis, outer, n, inner in ((1, 2, 7, 3), (-1, 14, 3, 1)):
    x, y = ints(42, -32768, 32767), [0] * 42
    for o, i in itertools.product(range(outer), range(inner)):
        at = [(o * n + k) * inner + i for k in range(n)]
        e = [powers[d >> 8] * powers[256 + d % 256] >> 31 for d in (max(x[k] for k in at) - x[k] for k in at)]
        for k, v in zip(at, e):
            y[k] = max(-32768, min(32767, -32768 + (v * 65535 + sum(e) // 2) // sum(e)))
    op('QSoftmax16', [('i16', [2, 7, 3], x, True), ('u32', [512], powers, False)],
       {'axis': axis, 'y_inverse_scale': 65535, 'y_zero_point': -32768}, [2, 7, 3], y)

with open('tests/operators/Sixteen.txt', 'w', encoding='ascii') as f:
    outputs = [f'  output %y{i}' for i in range(counts['y'])]
    f.write('\n'.join(['graph "Sixteen" opset "" 21 {'] + lines + outputs + ['}', '---', 'graph "vectors" opset "" 21 {'] + vectors + ['}', '']))
