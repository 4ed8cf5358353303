#!/usr/bin/env python3
"""Quantises the Fashion-MNIST network to int8 with ONNX Runtime: quantise.py MODEL.onnx CALIBRATION.npy OUT.onnx

QDQ, weights per channel and symmetric, activations int8 by their extremes over the calibration images; then the float
input and output are cut off, so that the model takes and gives int8. Needs pip's onnxruntime and onnx."""
import sys

import numpy
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Images(CalibrationDataReader):
    def __init__(self, path, name):
        self.rows = iter([{name: row[None]} for row in numpy.load(path)])

    def get_next(self):
        return next(self.rows, None)


def cut(model):
    """Takes the QuantizeLinear behind the input and the DequantizeLinear in front of the output away."""
    graph = model.graph
    for node in list(graph.node):
        if node.op_type == "QuantizeLinear" and node.input[0] == graph.input[0].name:
            graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT8
            for user in graph.node:
                for i, name in enumerate(user.input):
                    if name == node.output[0]:
                        user.input[i] = node.input[0]
            graph.node.remove(node)
        elif node.op_type == "DequantizeLinear" and node.output[0] == graph.output[0].name:
            graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT8
            for maker in graph.node:
                for i, name in enumerate(maker.output):
                    if name == node.input[0]:
                        maker.output[i] = node.output[0]
            graph.node.remove(node)


def main():
    source, images, target = sys.argv[1:]
    ready = target + ".ready"
    quant_pre_process(source, ready)
    name = onnx.load(ready).graph.input[0].name
    quantize_static(ready, target, Images(images, name), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
                    extra_options={"WeightSymmetric": True})
    model = onnx.load(target)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    cut(model)
    onnx.checker.check_model(model)
    onnx.save(model, target)


main()
