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


def batch_normalization(channels, turned=0):
    """gamma, beta, moving mean and variance; the first `turned` gammas below 0."""
    gamma = abs(noise(channels)) + 0.5
    gamma[:turned] *= -1
    return gamma, noise(channels), noise(channels), abs(noise(channels)) + 0.5


COMMON = {"padding": "valid", "data_format": "channels_last"}
CONV = dict(COMMON, kernel_size=[3, 3], strides=[1, 1], dilation_rate=[1, 1], groups=1,
            use_bias=True, activation="relu")
NORM = {"axis": -1, "epsilon": 0.001, "momentum": 0.99, "center": True, "scale": True}
WEIGHTS = {"conv2d": (noise(3, 3, 1, 4), noise(4)), "conv2d_1": (noise(3, 3, 4, 5), noise(5)),
           "dense": (noise(45, 3), noise(3))}


def image(*shape):
    return keras.layer("InputLayer", "image", batch_input_shape=[None, *shape])


def pool(kind, name, size=2, strides=None, padding="valid"):
    return keras.layer(kind, name, pool_size=[size, size], strides=strides, padding=padding,
                       data_format="channels_last")


def dense(units, name="dense", activation="softmax"):
    return keras.layer("Dense", name, units=units, activation=activation)


def layers(first=(), **changes):
    """As Keras' own examples begin; on images of 12 x 12."""
    return [image(12, 12, 1), *first,
            keras.layer("Conv2D", "conv2d", filters=4, **dict(CONV, **changes)),
            pool("MaxPooling2D", "max_pooling2d"),
            keras.layer("Conv2D", "conv2d_1", filters=5, **dict(CONV, activation="linear")),
            keras.layer("ReLU", "re_lu"), keras.layer("Flatten", "flatten"),
            keras.layer("Dropout", "dropout", rate=0.5), dense(3)]


def normalized(axis=-1):
    """Normalized before an activation that stands alone, after one, before pooling and behind it."""
    norm = dict(NORM, axis=axis)
    return [image(12, 12, 1),
            keras.layer("Conv2D", "conv2d", filters=4, **dict(CONV, activation="linear")),
            keras.layer("BatchNormalization", "batch_normalization", **norm),
            keras.layer("Activation", "activation", activation="relu"),
            keras.layer("BatchNormalization", "batch_normalization_1", **norm),
            pool("MaxPooling2D", "max_pooling2d"),
            keras.layer("Conv2D", "conv2d_1", filters=5, **CONV),
            pool("AveragePooling2D", "average_pooling2d", 3, [1, 1], "same"),
            keras.layer("BatchNormalization", "batch_normalization_2", **norm),
            keras.layer("Flatten", "flatten"), keras.layer("Dropout", "dropout", rate=0.5),
            dense(3, activation="linear"),
            keras.layer("BatchNormalization", "batch_normalization_3", **dict(NORM, scale=False)),
            keras.layer("Activation", "softmax", activation="softmax")]


def normalized_weights(turned=0):
    last = batch_normalization(3)[1:]
    return {"conv2d": WEIGHTS["conv2d"], "batch_normalization": batch_normalization(4, 2),
            "batch_normalization_1": batch_normalization(4, turned), "conv2d_1": WEIGHTS["conv2d_1"],
            "batch_normalization_2": batch_normalization(5, 2), "dense": WEIGHTS["dense"],
            "batch_normalization_3": last}


def pooled_globally(kind):
    return [image(12, 12, 1), keras.layer("Conv2D", "conv2d", filters=4, **CONV),
            keras.layer(kind, "global", data_format="channels_last", keepdims=False), dense(3)]


def reshaped(*shape):
    return keras.layer("Reshape", "reshape", target_shape=list(shape))


def check_reshapes():
    """Values stay in their order, and yet what comes next sees other windows, channels or classes: none is
    passed over between layers. One that changes nothing, a flat one, and that of an input can be read."""
    conv, norm = layers()[1], keras.layer("BatchNormalization", "norm", **NORM)
    linear = keras.layer("Conv2D", "conv2d", filters=4, **dict(CONV, activation="linear"))
    again = keras.layer("Conv2D", "conv2d_1", filters=5, **dict(CONV, padding="same"))
    relu, flatten = keras.layer("ReLU", "re_lu"), keras.layer("Flatten", "flatten")
    softmax = keras.layer("Softmax", "softmax", axis=-1)
    pooled = pool("MaxPooling2D", "max_pooling2d")
    ending = [flatten, dense(3)]
    for between in ([conv, reshaped(5, 20, 4), pooled, *ending], [conv, reshaped(10, 40, 1), again, *ending],
                    [linear, reshaped(40, 10), norm, relu, *ending], [linear, reshaped(40, 10), softmax],
                    [flatten, dense(10, activation="linear"), reshaped(2, 5), softmax, flatten]):
        keras.write_model("bad.h5", keras.config([image(12, 12, 1), *between]), WEIGHTS)
        refuses(4, "'reshape' (Reshape) gives values between layers another shape", "import", "bad.h5",
                "--output", "runs/bad")
    with h5py.File("data.h5", "r") as file:
        seen = file["test/images"][()][..., None] / 255
    weights = {"conv2d": WEIGHTS["conv2d"], "dense": (noise(100, 3), noise(3))}
    for between in ([conv, reshaped(10, 10, 4), pooled, *ending],
                    [conv, pooled, reshaped(-1), dense(3)],
                    [conv, pooled, flatten, dense(3, activation="linear"), reshaped(3),
                     keras.layer("Activation", "softmax", activation="softmax")]):
        check_model(seen, "same.h5", [image(12, 12, 1), *between], weights)


def both_ways(config):
    """One number for rows and columns, as the stand-in takes it."""
    short = {key: value[0] if isinstance(value, list) and key != "target_shape" else value
             for key, value in config.items()}
    if short.get("strides", 1) is None:
        short["strides"] = short["pool_size"]
    return short


def expected(entries, weights, images):
    """Probabilities, layer by layer in double."""
    for entry in entries:
        own = weights.get(entry["config"]["name"], ())
        config = both_ways(entry["config"])
        if entry["class_name"] == "BatchNormalization" and not config["scale"]:
            own = 1, *own
        images = apply({"class_name": entry["class_name"], "config": config}, own, images)
    powers = np.exp(images - images.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def check_model(images, name, entries, weights):
    if name.endswith(".keras"):
        keras.write_archive(name, keras.config(entries), weights)
    else:
        every = {entry["config"]["name"]: () for entry in entries}
        keras.write_model(name, keras.config(entries, "Functional" if "name" in entries[0] else
                                             "Sequential"), {**every, **weights})
    works("import", name, "--output", "runs/new")
    works("predict", "runs/new", "--data", "data.h5", "--output", "p.h5")
    with h5py.File("p.h5", "r") as file:
        distance = abs(file["probabilities"][()] - expected(entries, weights, images)).max()
        assert distance < 2e-6, (name, distance)


def check_import():
    bytes_of = rng.integers(0, 256, (20, 12, 12), "u1")
    with h5py.File("data.h5", "w") as file:
        for split in "train", "test":
            file[f"{split}/images"] = bytes_of
            file[f"{split}/labels"] = (np.arange(20) % 3).astype("u1")
    seen = bytes_of[..., None] / 255
    check_model(seen, "mnist_model.h5", layers(), WEIGHTS)
    check_model(seen, "chain.h5", keras.functional(layers(), False), WEIGHTS)
    rescaling = keras.layer("Rescaling", "r", scale=1 / 127.5, offset=-1.0)
    check_model(seen * 255, "scaled.h5", layers([rescaling]), WEIGHTS)
    # Beyond the image is 0, and not what pixels of 0 become.
    check_model(seen * 255, "padded.h5", layers([rescaling], padding="same"),
                {**WEIGHTS, "dense": (noise(80, 3), noise(3))})
    flat = layers([keras.layer("Reshape", "shape", target_shape=[12, 12, 1])])
    flat[0] = image(144)
    check_model(seen.reshape(20, 144), "m.keras", flat, WEIGHTS)
    for kind in "GlobalAveragePooling2D", "GlobalMaxPooling2D":
        check_model(seen, "global.h5", pooled_globally(kind),
                    {"conv2d": WEIGHTS["conv2d"], "dense": (noise(4, 3), noise(3))})
    works("train", "--resume", "--output", "runs/new", "--data", "data.h5", "--quiet", "--set",
          "train.max_steps=2")


def check_batch_normalization():
    with h5py.File("data.h5", "r") as file:
        seen = file["test/images"][()][..., None] / 255
    weights = normalized_weights()
    check_model(seen, "norm.h5", normalized(), weights)
    check_model(seen, "norm.keras", normalized(), weights)
    hidden = [image(12, 12), keras.layer("Flatten", "flatten"), dense(5, "dense_1", "relu"),
              keras.layer("BatchNormalization", "b", **NORM), dense(3)]
    check_model(seen[..., 0], "dense.h5", hidden,
                {"dense_1": (noise(144, 5), noise(5)), "b": batch_normalization(5, 2),
                 "dense": (noise(5, 3), noise(3))})


def check_refusals():
    def unreadable(words, entries, *options, weights=WEIGHTS, **others):
        keras.write_model("bad.h5", keras.config(entries), {**weights, **others})
        refuses(4, words, "import", "bad.h5", "--output", "runs/bad", *options)

    rescaling = keras.layer("Rescaling", "r", scale=1 / 127.5, offset=-1.0)
    unreadable("'conv2d' (Conv2D) has dilation_rate other than 1", layers(dilation_rate=[2, 2]))
    unreadable("'conv2d' (Conv2D) has groups other than 1", layers(groups=2))
    unreadable("has a kernel_size that differs between rows and columns", layers(kernel_size=[3, 5]))
    unreadable("has data_format channels_first", layers(data_format="channels_first"))
    unreadable("'conv2d' (Conv2D) has padding 'causal'", layers(padding="causal"))
    unreadable("'d' (DepthwiseConv2D) has no counterpart here",
               layers([keras.layer("DepthwiseConv2D", "d")]))
    unreadable("'batch_normalization_1' cannot be taken up by the next layer with weights",
               normalized(), weights=normalized_weights(turned=1))
    unreadable("'batch_normalization' (BatchNormalization) is not over the last axis",
               normalized(axis=1), weights=normalized_weights())
    unreadable("'batch_normalization_3' has 2 arrays, one less than belong", normalized(),
               weights=normalized_weights(), batch_normalization_3=batch_normalization(3)[2:])
    unreadable("'late' comes after the last one with weights",
               [*layers(), keras.layer("BatchNormalization", "late", **NORM)],
               late=batch_normalization(3))
    unreadable("has windows larger than the 12 x 12 values", layers(kernel_size=13))
    unreadable("or offset where it pads with zeros", layers([rescaling], padding="same"), "--scale",
               "unit", dense=(noise(80, 3), noise(3)))


def main():
    check_export()
    check_import()
    check_reshapes()
    check_batch_normalization()
    check_refusals()


in_a_folder(main)
