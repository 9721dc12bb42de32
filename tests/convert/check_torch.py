"""PyTorch recomputes a checkpoint's golden logits from the kernels in the file."""
import sys

import h5py

from program import in_a_folder
from trained import golden, trained

try:
    import torch
except ImportError:
    print("skipped: PyTorch (python3-torch) is not installed")
    sys.exit(77)


def linear(group):
    """torch.nn.Linear keeps its kernel as [out, in]."""
    kernel, bias = (torch.from_numpy(group[name.decode()][()]) for name in group.attrs["weight_names"])
    layer = torch.nn.Linear(*kernel.shape)
    layer.weight.data, layer.bias.data = kernel.T.contiguous(), bias
    return layer


def main():
    trained()
    with h5py.File("runs/first/best.h5", "r") as file:
        root = file["model_weights"]
        model = torch.nn.Sequential(torch.nn.Flatten(), linear(root["hidden"]), torch.nn.Tanh(),
                                    torch.nn.Dropout(0.25), linear(root["dense_1"])).eval()
    images, saved = golden("runs/first/best.h5")
    with torch.no_grad():
        logits = model(torch.from_numpy(images).float())
    assert (logits - torch.from_numpy(saved)).abs().max() < 2e-5


in_a_folder(main)
