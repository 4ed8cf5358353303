"""python3 export.py: trains with fmnist_cnn.py first, then writes ../fashion.onnx (BatchNormalization kept, opset 13) and
the sample: the first 1,000 test images and labels as raw bytes. Needs Debian's python3-torch, python3-onnx and
dataset-fashion-mnist."""
import os

from fmnist_cnn import Net
from fmnist_common import load, norm, torch

here = os.path.dirname(os.path.abspath(__file__))
model = Net()
model.load_state_dict(torch.load("fmnist_cnn.pt"))
model.eval()
_, _, images, labels = load()
torch.onnx.export(model, torch.from_numpy(norm(images[:1])), os.path.join(here, "..", "fashion.onnx"), opset_version=13,
                  training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                  input_names=["input"], output_names=["logits"])
images[:1000].tofile(os.path.join(here, "..", "images.u8"))
labels[:1000].astype("uint8").tofile(os.path.join(here, "..", "labels.u8"))
