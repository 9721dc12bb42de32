"""Convolutional models as Keras and NumPy read them, and such models of Keras."""
import h5py
import numpy as np

import keras_files as keras
from program import digest, in_a_folder, refuses, works
from standin import apply, load_model_h5, load_model_keras, load_weights_h5
from trained import golden

MODEL = """model:
  - {layer: conv2d, filters: 6, kernel_size: 5, padding: same, activation: tanh}
  - {layer: average_pool2d, pool_size: 3, strides: 2, padding: same}
  - {layer: conv2d, filters: 16, kernel_size: 3, strides: 2, activation: relu, name: second}
  - {layer: max_pool2d, pool_size: 2, strides: 2}
  - {layer: dropout, rate: 0.25}
  - {layer: flatten}
  - {layer: dense, units: 10, activation: softmax}
"""
CLOSE = 2e-5  # of a float's logits to a double's
rng = np.random.default_rng(5)


def check_export():
    with open("model.yaml", "w", encoding="ascii") as file:
        file.write(MODEL)
    weights = digest(works("train", "--quiet", "--config", "model.yaml", "--data", "synthetic:200",
                           "--epochs", 1, "--output", "runs/first"))
    images, saved = golden("runs/first/last.h5")
    works("export", "runs/first", "--format", "keras")
    works("export", "runs/first", "--format", "weights.h5", "--output", "w.weights.h5")
    archive, plain = load_model_keras("first.keras")[0], load_model_h5("w.weights.h5")
    for model in archive, plain:
        assert model.shape == [None, 28, 28, 1]
        assert abs(model.logits(images) - saved).max() < CLOSE
    plain.weights = None
    load_weights_h5("w.weights.h5", plain)
    assert abs(plain.logits(images) - saved).max() < CLOSE
    works("export", "runs/first", "--format", "npz")
    assert np.load("first.npz")["second/kernel"].shape == (3, 3, 6, 16)
    for name in "first.keras", "w.weights.h5":
        assert digest(works("import", name, "--output", "runs/back")) == weights


def noise(*shape):
    return (rng.standard_normal(shape) / 3).astype("f4")


WEIGHTS = {"conv2d": (noise(3, 3, 1, 4), noise(4)), "max_pooling2d": (),
           "conv2d_1": (noise(3, 3, 4, 5), noise(5)), "flatten": (), "dropout": (),
           "dense": (noise(45, 3), noise(3))}


def layers(first=(), **changes):
    """As Keras' own examples begin; on images of 12 x 12."""
    common = {"padding": "valid", "data_format": "channels_last"}
    conv = dict(common, kernel_size=[3, 3], strides=[1, 1], dilation_rate=[1, 1], groups=1,
                use_bias=True, activation="relu")
    return [keras.layer("InputLayer", "image", batch_input_shape=[None, 12, 12, 1]), *first,
            keras.layer("Conv2D", "conv2d", filters=4, **dict(conv, **changes)),
            keras.layer("MaxPooling2D", "max_pooling2d", pool_size=[2, 2], strides=None, **common),
            keras.layer("Conv2D", "conv2d_1", filters=5, **dict(conv, activation="linear")),
            keras.layer("ReLU", "re_lu"), keras.layer("Flatten", "flatten"),
            keras.layer("Dropout", "dropout", rate=0.5),
            keras.layer("Dense", "dense", units=3, activation="softmax")]


def expected(images, padding="valid", weights=WEIGHTS):
    """Probabilities, layer by layer in double."""
    for kind, name, config in (
            ("Conv2D", "conv2d", dict(kernel_size=3, strides=1, padding=padding, activation="relu")),
            ("MaxPooling2D", "max_pooling2d", dict(pool_size=2, strides=2, padding="valid")),
            ("Conv2D", "conv2d_1", dict(kernel_size=3, strides=1, padding="valid", activation="relu")),
            ("Flatten", "flatten", {}), ("Dense", "dense", dict(activation="softmax"))):
        images = apply({"class_name": kind, "config": config}, weights[name], images)
    powers = np.exp(images - images.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def check_model(images, name, **form):
    works("import", name, "--output", "runs/new")
    works("predict", "runs/new", "--data", "data.h5", "--output", "p.h5")
    with h5py.File("p.h5", "r") as file:
        assert abs(file["probabilities"][()] - expected(images, **form)).max() < 1e-6, name


def check_import():
    images = rng.integers(0, 256, (20, 12, 12), "u1")
    with h5py.File("data.h5", "w") as file:
        for split in "train", "test":
            file[f"{split}/images"] = images
            file[f"{split}/labels"] = (np.arange(20) % 3).astype("u1")
    seen = images[..., None] / 255
    keras.write_model("mnist_model.h5", keras.config(layers()), WEIGHTS)
    check_model(seen, "mnist_model.h5")
    rescaling = keras.layer("Rescaling", "r", scale=1 / 127.5, offset=-1.0)
    keras.write_model("scaled.h5", keras.config(layers([rescaling])), WEIGHTS)
    check_model(seen * 2 - 1, "scaled.h5")
    # Beyond the image is 0, and not what pixels of 0 become.
    weights = {**WEIGHTS, "dense": (noise(80, 3), noise(3))}
    keras.write_model("padded.h5", keras.config(layers([rescaling], padding="same")), weights)
    check_model(seen * 2 - 1, "padded.h5", padding="same", weights=weights)
    flat = layers([keras.layer("Reshape", "shape", target_shape=[12, 12, 1])])
    flat[0]["config"]["batch_input_shape"] = [None, 144]
    keras.write_archive("m.keras", keras.config(flat), {
        name: weights for name, weights in WEIGHTS.items() if weights})
    check_model(seen, "m.keras")
    works("train", "--resume", "--output", "runs/new", "--data", "data.h5", "--quiet", "--set",
          "train.max_steps=2")


def check_refusals():
    def unreadable(words, entries, *options, **weights):
        keras.write_model("bad.h5", keras.config(entries), {**WEIGHTS, **weights})
        refuses(4, words, "import", "bad.h5", "--output", "runs/bad", *options)

    rescaling = keras.layer("Rescaling", "r", scale=1 / 127.5, offset=-1.0)
    unreadable("'conv2d' (Conv2D) has dilation_rate other than 1", layers(dilation_rate=[2, 2]))
    unreadable("'conv2d' (Conv2D) has groups other than 1", layers(groups=2))
    unreadable("has a kernel_size that differs between rows and columns", layers(kernel_size=[3, 5]))
    unreadable("has data_format channels_first", layers(data_format="channels_first"))
    unreadable("'conv2d' (Conv2D) has padding 'causal'", layers(padding="causal"))
    unreadable("'b' (BatchNormalization) has no counterpart here",
               layers([keras.layer("BatchNormalization", "b")]))
    unreadable("has windows larger than the 12 x 12 values", layers(kernel_size=13))
    unreadable("or offset where it pads with zeros", layers([rescaling], padding="same"), "--scale",
               "unit", dense=(noise(80, 3), noise(3)))


def main():
    check_export()
    check_import()
    check_refusals()


in_a_folder(main)
