"""A trained model as Keras and NumPy read it: the same logits, Adam's state, and the way back."""
import json
import os
import shutil
import zipfile

import h5py
import numpy as np

from program import digest, in_a_folder, refuses, works
from standin import forward, load_model_h5, load_model_keras, load_weights_h5
from trained import golden, trained

CLOSE = 2e-5  # of a float's logits to a double's


def check_logits(logits, path="runs/first/last.h5"):
    images, saved = golden(path)
    assert len(images) == 16 and abs(logits(images) - saved).max() < CLOSE


def check_state(state, path):
    """Iteration, learning rate, m and v of each variable, against the checkpoint's own."""
    with h5py.File(path, "r") as file:
        optimizer = file["optimizer"]
        assert state[0] == optimizer["iterations"][()] == 20
        assert state[1] == np.float32(optimizer.attrs["learning_rate"])
        names = [f"{layer}/{role}" for layer in ("hidden", "dense_1") for role in ("kernel", "bias")]
        own = [optimizer[f"{moment}/{name}"][()] for name in names for moment in "mv"]
    assert all(np.array_equal(a, b) for a, b in zip(state[2:], own, strict=True))
    assert any(a.any() for a in own)


def check_files():
    check_logits(load_model_h5("runs/first/last.h5").logits)
    check_logits(load_model_h5("runs/first/best.h5").logits, "runs/first/best.h5")

    assert 'load_model("first.keras")' in works("export", "runs/first", "--format", "keras")
    model, state, optimizer = load_model_keras("first.keras")
    check_logits(model.logits)
    check_state(state, "runs/first/last.h5")
    assert optimizer["class_name"] == "Adam"
    assert optimizer["config"]["learning_rate"] == 0.001 and optimizer["config"]["epsilon"] == 1e-7
    assert [layer["class_name"] for layer in model.layers] == ["Flatten", "Dense", "Dropout", "Dense"]

    works("export", "runs/first/last.h5", "--format", "weights.h5", "--output", "w.weights.h5")
    model = load_model_h5("w.weights.h5")
    model.weights = None
    check_state(load_weights_h5("w.weights.h5", model), "runs/first/last.h5")
    check_logits(model.logits)

    works("export", "runs/first/last.h5", "--format", "npz")
    arrays = np.load("last.npz")
    assert set(arrays) == {f"{layer}/{role}" for layer in ("hidden", "dense_1")
                           for role in ("kernel", "bias")}
    layers = [(arrays[f"{name}/kernel"], arrays[f"{name}/bias"], activation)
              for name, activation in (("hidden", "tanh"), ("dense_1", "softmax"))]
    check_logits(lambda images: forward(layers, images))
    assert sorted(os.listdir()) == ["first.keras", "last.npz", "runs", "small.yaml", "w.weights.h5"]


def check_outputs_kept():
    """Nothing that is read is written over, and a rate is the next step's, also in a first epoch."""
    os.mkdir("kept")
    shutil.copy("runs/first/last.h5", "kept/last.npz")
    refuses(2, "name another", "export", "kept/last.npz", "--format", "npz", "--output", "kept/last.npz")
    np.savez("own.npz", X=np.eye(12, 6, dtype="f4"), y=np.arange(12) % 10)
    works("--quiet", "--data", "own.npz", "--epochs", "1", "--output", "runs/own")
    refuses(2, "name another", "export", "runs/own", "--format", "npz")
    works("--quiet", "--data", "synthetic:600", "--epochs", "2", "--output", "warm",
          "--set", "schedule.warmup_steps=100", "--set", "train.max_steps=10")
    works("export", "warm", "--format", "keras")
    with zipfile.ZipFile("warm.keras") as archive:
        rate = json.loads(archive.read("config.json"))["compile_config"]["optimizer"]["config"]["learning_rate"]
    assert abs(rate - 1.1e-4) < 1e-12, rate


def check_way_back(weights):
    for name in "first.keras", "w.weights.h5":
        assert digest(works("import", name, "--output", "runs/back")) == weights


REGRESSION = """model: [{layer: flatten}, {layer: dense, units: 4, activation: tanh},
        {layer: dense, units: 2, activation: linear}]
loss: huber
huber_delta: 0.3
optimizer: {name: sgd, momentum: 0.9, learning_rate: 0.05, clip_norm: 0.5}
"""


def insides(path):
    """All that a way there and back has to leave as it is."""
    with h5py.File(path, "r") as file:
        state = file["optimizer"]
        moments = [state[f"m/{layer}/{role}"][()].tolist() for layer in ("dense_1", "dense_2")
                   for role in ("kernel", "bias")]
        assert np.any(moments[0]) and b"clip_norm: 0.5" in file["run/0001"].attrs["config"]
        return file.attrs["model"], dict(state.attrs), state["iterations"][()], moments


def check_regression():
    """Loss and optimizer are no part of weights and model, and yet come back with them."""
    with open("regression.yaml", "w", encoding="ascii") as file:
        file.write(REGRESSION)
    rng = np.random.default_rng(6)
    x, y = rng.random((200, 5)).astype("f4"), rng.random((200, 2)).astype("f4")
    np.savez("numbers.npz", x_train=x, y_train=y, x_test=x[:40], y_test=y[:40])
    weights = digest(works("train", "--quiet", "--config", "regression.yaml", "--data", "numbers.npz",
                           "--epochs", 1, "--output", "runs/numbers"))
    for form in "keras", "weights.h5":
        works("export", "runs/numbers", "--format", form, "--output", f"n.{form}")
        assert digest(works("import", f"n.{form}", "--output", "runs/back")) == weights
        assert insides("runs/back/last.h5") == insides("runs/numbers/last.h5"), form


def check_refusals():
    refuses(2, "needs --format", "export", "runs/first")
    refuses(2, "one of keras, weights.h5, npz", "export", "runs/first", "--format", "onnx")
    refuses(2, "must end in .weights.h5", "export", "runs/first", "--format", "weights.h5",
            "--output", "w.h5")
    refuses(1, "absent/m.keras", "export", "runs/first", "--format", "keras", "--output",
            "absent/m.keras")
    refuses(4, "first.keras", "export", "first.keras", "--format", "npz")


def main():
    weights = trained()
    check_files()
    check_way_back(weights)
    check_outputs_kept()
    check_regression()
    check_refusals()


in_a_folder(main)
