"""Models of Keras in every dialect become checkpoints that predict what NumPy does and train on."""
import json
import os

import h5py
import numpy as np

import keras_files as keras
from program import in_a_folder, refuses, run, works
from standin import forward

SHAPE = (4, 4)
rng = np.random.default_rng(3)
FIRST = rng.standard_normal((16, 5)).astype("f4"), rng.standard_normal(5).astype("f4")
SECOND = rng.standard_normal((5, 3)).astype("f4"), rng.standard_normal(3).astype("f4")
LAYERS = {"image": (), "flatten": (), "dense_1": FIRST, "dense_2": SECOND}
KERAS3_LAYERS = {"flatten": (), "dense": FIRST, "dense_1": SECOND}
MOMENTS = [x for w in FIRST + SECOND for x in (w / 100, w * w / 100)]
STATE = [np.int32(7), np.float32(0.01)] + MOMENTS
TANH = """model: [{layer: flatten}, {layer: dense, units: 5, activation: tanh},
        {layer: dropout, rate: 0.1}, {layer: dense, units: 3, activation: softmax}]
train: {batch_size: 16}
"""


def flat_layers():
    """Numbers instead of images, activations as layers of their own, logits at the end."""
    return [keras.layer("InputLayer", "numbers", batch_input_shape=[None, 16]),
            keras.layer("Dropout", "drop", rate=0.2),
            keras.layer("Dense", "dense_1", units=5, activation="linear"),
            keras.layer("Activation", "sigmoid", activation="sigmoid"),
            keras.layer("Dense", "dense_2", units=3, activation=None, use_bias=False)]


def make_files():
    keras2, keras3 = keras.keras2_layers(SHAPE), keras.keras3_layers(SHAPE)
    keras.write_model("keras2.h5", keras.config(keras2), LAYERS)
    keras.write_model("keras3.h5", keras.config(keras3), LAYERS, style="sequential", parts=2,
                      strings=keras.variable_ascii)
    keras.write_model("functional.h5", keras.config(keras.functional(keras3, True), "Functional"),
                      LAYERS, style="keras33", strings=keras.variable_utf8)
    keras.write_model("flat.h5", keras.config(flat_layers()),
                      {"dense_1": FIRST, "dense_2": SECOND[:1]}, style="keras30")
    keras.write_legacy_weights("w.h5", LAYERS)
    keras.write_keras3_weights("w.weights.h5", KERAS3_LAYERS, STATE)
    keras.write_archive("m.keras", keras.config(keras.keras3_layers(SHAPE)), KERAS3_LAYERS, STATE)
    with open("tanh.yaml", "w", encoding="ascii") as file:
        file.write(TANH)
    with h5py.File("data.h5", "w") as file:
        for split, count in (("train", 64), ("test", 20)):
            file[f"{split}/images"] = rng.integers(0, 256, (count, *SHAPE), "u1")
            file[f"{split}/labels"] = (np.arange(count) % 3).astype("u1")


def probabilities(hidden, second_bias=SECOND[1], scale=1 / 255, offset=0.0):
    """What Keras answers when the model sees pixels * scale + offset."""
    with h5py.File("data.h5", "r") as file:
        logits = forward([(*FIRST, hidden), (SECOND[0], second_bias, "softmax")],
                         file["test/images"][()] * scale + offset)
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def check(name, expected, steps=0, options=()):
    """Import, predict, train on."""
    out = works("import", name, "--output", "runs/new", *options)
    assert ("adam after 7 steps" if steps else "no optimizer state") in out
    works("predict", "runs/new", "--data", "data.h5", "--output", "p.h5")
    with h5py.File("p.h5", "r") as file:
        assert abs(file["probabilities"][()] - expected).max() < 1e-6, name
    out = works("train", "--resume", "--output", "runs/new", "--data", "data.h5", "--quiet",
                "--set", "train.max_steps=3")
    assert "steps=3 " in out
    with h5py.File("runs/new/last.h5", "r") as file:
        assert file["optimizer/iterations"][()] == steps + 3
        assert file["optimizer"].attrs["learning_rate"] == (0.01 if steps else 0.001)


def check_dialects():
    relu = probabilities("relu")
    for name in "keras2.h5", "keras3.h5", "functional.h5", "w.h5":
        check(name, relu)
    for name in "w.weights.h5", "m.keras":
        check(name, relu, steps=7)
    check("flat.h5", probabilities("sigmoid", 0))
    check("w.h5", probabilities("tanh"), options=("--config", "tanh.yaml"))
    with h5py.File("runs/new/last.h5", "r") as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        assert [x["class_name"] for x in layers][1:] == ["Flatten", "Dense", "Dropout", "Dense"]
        assert b"batch_size: 16" in file["run/0002"].attrs["config"]
        assert b"import w.h5" in file["run/0001"].attrs["command_line"]
    assert "logits of 16 golden images recomputed" in works("verify", "runs/new")
    assert os.path.exists("runs/new/previous/last.h5")


def check_scales():
    """Pixels as the model takes them, told by --scale or by its own first layers."""
    for word, scale in ("none", 1.0), ("unit", 1 / 255), ("auto", 1 / 255):
        check("w.h5", probabilities("relu", scale=scale), options=("--scale", word))
    rescaling = keras.layer("Rescaling", "rescaling", scale=1 / 127.5, offset=-1)
    layers = keras.keras3_layers(SHAPE)
    layers.insert(1, rescaling)
    keras.write_archive("scaled.keras", keras.config(layers), KERAS3_LAYERS, STATE)
    check("scaled.keras", probabilities("relu", scale=1 / 127.5, offset=-1), steps=7)
    check("scaled.keras", probabilities("relu", scale=1 / 127.5 / 255, offset=-1),
          options=("--scale", "unit"))
    rescaling["config"].update(scale=1 / 255, offset=0.0)
    keras.write_archive("scaled.keras", keras.config(layers), KERAS3_LAYERS, STATE)
    check("scaled.keras", probabilities("relu"), steps=7)
    normalization = keras.layer("Normalization", "normalization", axis=[1, 2], mean=None, variance=None)
    layers[1:2] = [normalization]
    mean, variance = rng.uniform(50, 150, SHAPE).astype("f4"), rng.uniform(1e-3, 1e4, SHAPE).astype("f4")
    keras.write_archive("scaled.keras", keras.config(layers), {
        "normalization": (mean, variance, np.int32(0)), **KERAS3_LAYERS}, STATE)
    check("scaled.keras", probabilities("relu", scale=1 / np.sqrt(variance), offset=-mean / np.sqrt(
        variance)), steps=7)
    with h5py.File("runs/new/last.h5", "r") as file:  # nothing was taken up by weights
        assert (file["data/mean"][()] == mean.ravel()).all()
        assert (file["data/variance"][()] == variance.ravel()).all()
    refuses(2, "one of auto, unit, none", "import", "w.h5", "--scale", "half")


def check_wrong_scale():
    """Classes told by a bright pixel: a model of raw bytes is right about all with its bias, and about
    none without the factor. No command is silent about it."""
    images = np.zeros((60, *SHAPE), "u1")
    labels = (np.arange(60) % 3).astype("u1")
    images.reshape(60, 16)[np.arange(60), labels] = 200
    with h5py.File("bright.h5", "w") as file:
        for split in "train", "test":
            file[f"{split}/images"], file[f"{split}/labels"] = images, labels
    first = np.eye(16, 5, dtype="f4") * 0.1, np.zeros(5, "f4")
    second = np.eye(5, 3, dtype="f4"), np.array([0, 0, 5], "f4")
    keras.write_legacy_weights("bytes.h5", {"dense_1": first, "dense_2": second})
    with open("bright.yaml", "w", encoding="ascii") as file:
        file.write("data: {source: bright.h5}\n")
    words = "33 % are right, and 100 % for pixels from 0 to 255: import the model again with --scale none"
    assert words in run("import", "bytes.h5", "--config", "bright.yaml")[2]
    for command in ("evaluate",), ("predict", "--output", "p.h5"):
        code, _, err = run(*command, "runs/imported", "--data", "bright.h5")
        assert code == 0 and words in err, err
    code, out, err = run("import", "bytes.h5", "--config", "bright.yaml", "--scale", "none")
    assert code == 0 and "test images" not in err, err
    code, out, err = run("evaluate", "runs/imported", "--data", "bright.h5")
    assert "(60 of 60 right)" in out and not err, err


def optimizer_of(name):
    works("import", name)
    with h5py.File("runs/imported/last.h5", "r") as file:
        own, saved = dict(file["optimizer"].attrs), file["run/0001"].attrs["config"].decode()
        return own, saved, file["optimizer/iterations"][()], file["optimizer/v/dense_1/bias"][()]


def check_compiled():
    """How the model was compiled; the state of another optimizer only looks like Adam's."""
    adam = {"class_name": "Adam", "config": {"learning_rate": float(np.float32(0.003)), "beta_2": 0.99,
                                             "beta_1": 1.5, "epsilon": 1e-5}}
    keras.write_model("adam.h5", keras.config(keras.keras2_layers(SHAPE)), LAYERS, optimizer=adam)
    own, saved, *_ = optimizer_of("adam.h5")
    assert (own["learning_rate"], own["beta_1"], own["beta_2"], own["epsilon"]) == (
        0.003, 0.9, 0.99, 1e-5)
    assert "name: adam, learning_rate: 0.003, beta_1: 0.9, beta_2: 0.99" in saved

    for epsilon in 0.0, 1e-50:  # 0 in float
        adam["config"]["epsilon"] = epsilon
        keras.write_model("adam.h5", keras.config(keras.keras2_layers(SHAPE)), LAYERS, optimizer=adam)
        assert optimizer_of("adam.h5")[0]["epsilon"] == 1e-7

    text = keras.config(keras.keras3_layers(SHAPE))
    decay = {"class_name": "AdamW", "config": {"weight_decay": 0.125, "learning_rate": {}}}
    for optimizer, name, steps in ((decay, b"adamw", 7), ("adam", b"adam", 7), ("adamax", b"adam", 0)):
        keras.write_archive("m.keras", text, KERAS3_LAYERS, STATE, optimizer)
        own, saved, iterations, moment = optimizer_of("m.keras")
        assert own["name"] == name and iterations == steps and moment.any() == bool(steps)
        assert own.get("weight_decay", 0.125) == 0.125
        assert own["learning_rate"] == (0.01 if steps else 0.001)


def check_losses():
    """What a last layer without activation gives, the loss says."""
    layers = keras.keras3_layers(SHAPE)
    layers[3]["config"]["activation"] = "linear"
    text = json.loads(keras.config(layers))
    huber = {"class_name": "Huber", "config": {"delta": 0.25}}
    function = {"module": "builtins", "class_name": "function", "config": "mean_absolute_error",
                "registered_name": "function"}
    binary = {"class_name": "BinaryCrossentropy", "config": {"from_logits": True}}
    sparse = {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}
    for loss, answer, own in (
            ("mse", "3 numbers", ""), ("mean_absolute_error", "3 numbers", "mae"),
            (huber, "3 numbers", "huber delta=0.25"), ("log_cosh", "3 numbers", ""),
            (function, "3 numbers", "mae"), (["mae"], "3 numbers", "mae"),
            ({"dense_2": "mae"}, "3 numbers", "mae"), ([huber], "3 numbers", "huber delta=0.25"),
            ({"dense_2": function}, "3 numbers", "mae"), ({"dense_2": binary}, "3 labels", ""),
            ("binary_crossentropy", "3 labels", ""), (None, "3 classes", ""),
            (sparse, "3 classes", ""), ([sparse], "3 classes", "")):
        text["compile_config"] = {"loss": loss}
        keras.write_archive("m.keras", json.dumps(text), KERAS3_LAYERS)
        assert answer in works("import", "m.keras"), (loss, answer)
        saved = works("inspect", "runs/imported")
        assert answer in saved, saved
        with h5py.File("runs/imported/last.h5") as file:
            model = file.attrs["model"].decode()
        assert (f"loss name={own}\n" in model) if own else "loss name=" not in model, (loss, model)
    text["config"]["layers"][3]["config"]["activation"] = "softmax"
    text["compile_config"] = {"loss": "mse"}
    keras.write_archive("m.keras", json.dumps(text), KERAS3_LAYERS)
    assert "trained with the loss mse; here it goes on with" in run("import", "m.keras")[2]


def check_reading():
    """What the other commands make of a model that was not trained on yet."""
    works("import", "w.weights.h5")
    right = int((probabilities("relu").argmax(1) == np.arange(20) % 3).sum())
    assert f"({right} of 20 right)" in works("evaluate", "runs/imported", "--data", "data.h5")
    assert "no golden images" in works("verify", "runs/imported")
    out = works("inspect", "runs/imported")
    assert "imported after 7 steps" in out and "Run 1: imported 2" in out
    assert max(map(len, out.splitlines())) <= 80
    for command in ("evaluate",), ("predict", "--index", 0):
        refuses(3, "name one with --data", *command, "runs/imported")


def check_going_on():
    """With another optimizer, whose state starts anew; as initial weights; not as a copy."""
    go_on = ["--data", "data.h5", "--quiet", "--set", "train.max_steps=2"]
    works("train", "--resume", "--output", "runs/imported", *go_on, "--set", "optimizer.name=sgd")
    with h5py.File("runs/imported/last.h5", "r") as file:
        assert file["optimizer"].attrs["name"] == b"sgd" and "v" not in file["optimizer"]
        assert file["optimizer/iterations"][()] == 2
    for name in "keras2.h5", "flat.h5", "runs/imported/last.h5":
        code, _, err = run("train", "--config", "relu.yaml", "--output", "runs/fine", *go_on, "--set",
                           f"train.initial_weights={name}")
        assert code == (2 if name == "flat.h5" else 0), err
    for name in "runs/fine", "runs/imported":
        refuses(2, "needs no import", "import", f"{name}/last.h5", "--output", "runs/bad")
    assert not os.path.exists("runs/bad")


def check_refusals():
    def unreadable(words, layers, name="bad.h5"):
        keras.write_model(name, keras.config(layers), LAYERS)
        refuses(4, words, "import", name, "--output", "runs/bad")

    layers = keras.keras2_layers(SHAPE)
    layers[2]["config"]["activation"] = "gelu"
    unreadable("'dense_1' (Dense) has activation 'gelu'", layers)
    layers.insert(1, keras.layer("Conv2DTranspose", "conv", filters=8))
    unreadable("'conv' (Conv2DTranspose) has no counterpart here", layers)
    layers = keras.keras2_layers(SHAPE)
    for first, second, use_bias, words in (
            (FIRST[:1], SECOND, True, "dense_1/kernel:0 has no bias beside it"),
            (FIRST, SECOND[:1], True, "dense_2/kernel:0 has no bias beside it"),
            (FIRST, SECOND, False, "dense_2/bias:0 belongs to a layer without bias")):
        layers[3]["config"]["use_bias"] = use_bias
        keras.write_model("bad.h5", keras.config(layers), {**LAYERS, "dense_1": first,
                                                           "dense_2": second})
        refuses(4, words, "import", "bad.h5", "--output", "runs/bad")
        keras.write_archive("bad.keras", keras.config(layers), {"dense": first, "dense_1": second})
        words = words.replace("_1", "").replace("_2", "_1").replace("kernel:", "vars/").replace(
            "bias:0", "vars/1")
        refuses(4, words, "import", "bad.keras", "--output", "runs/bad")
    keras.write_legacy_weights("w.h5", {**LAYERS, "dense_1": FIRST[:1]})
    works("import", "w.h5")
    refuses(4, "absent.h5", "import", "absent.h5", "--output", "runs/bad")
    refuses(4, "small.txt", "import", "small.txt", "--output", "runs/bad")
    refuses(2, "tanh.yaml: its model differs", "import", "keras2.h5", "--config", "tanh.yaml",
            "--output", "runs/bad")
    assert not os.path.exists("runs/bad")

    works("import", "keras2.h5")
    refuses(2, "model: layer 2 is", "train", "--resume", "--output", "runs/imported", "--data",
            "data.h5", "--config", "tanh.yaml")


def main():
    make_files()
    with open("relu.yaml", "w", encoding="ascii") as file:
        file.write(TANH.replace("tanh", "relu").replace("{layer: dropout, rate: 0.1}, ", ""))
    with open("small.txt", "w", encoding="ascii") as file:
        file.write("nothing")
    check_dialects()
    check_scales()
    check_wrong_scale()
    check_compiled()
    check_losses()
    check_reading()
    check_going_on()
    check_refusals()


in_a_folder(main)
