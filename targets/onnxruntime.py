"""ONNX Runtime's time for a model: python3 onnxruntime_peer.py MODEL RUNS INPUT.npy...

One thread, all optimisations, inputs and outputs bound once. Prints "adze-peer VERSION LEAST MEDIAN", in seconds; exit
status 3: a package is missing.
"""
import sys
import time

try:
    import numpy
    import onnxruntime
except ImportError:
    sys.exit(3)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
binding = session.io_binding()
for port, path in zip(session.get_inputs(), sys.argv[3:]):
    binding.bind_cpu_input(port.name, numpy.ascontiguousarray(numpy.load(path)))
for port in session.get_outputs():
    binding.bind_output(port.name)
times = []
for i in range(int(sys.argv[2]) + 3):
    begin = time.perf_counter()
    session.run_with_iobinding(binding)
    times.append(time.perf_counter() - begin)
times = sorted(times[3:])
print("adze-peer", onnxruntime.__version__, times[0], times[len(times) // 2])
