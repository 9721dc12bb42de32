"""A stand-in for Keras: makes the model that a configuration describes and takes weights as Keras'
loaders do, by the same paths, orders and counts. It computes in double."""
import io
import json
import zipfile

import h5py
import numpy as np

LAYER = {"name", "trainable", "dtype"}
# What each constructor takes in every version of Keras, or only in Keras 3.
ARGUMENTS = {"Flatten": LAYER | {"data_format"}, "Dropout": LAYER | {"rate"},
             "Dense": LAYER | {"units", "activation", "use_bias"},
             "Conv2D": LAYER | {"filters", "kernel_size", "strides", "padding", "activation",
                                "use_bias", "data_format"},
             "MaxPooling2D": LAYER | {"pool_size", "strides", "padding", "data_format"},
             "AveragePooling2D": LAYER | {"pool_size", "strides", "padding", "data_format"},
             "Normalization": LAYER | {"axis", "mean", "variance"}}
ONLY_KERAS3 = {"Normalization": {"invert"}}
SNAKES = {"MaxPooling2D": "max_pooling2d", "AveragePooling2D": "average_pooling2d"}
INPUT = {2: "batch_input_shape", 3: "batch_shape"}
ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "linear": lambda z: z,
               "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "softmax": lambda z: z}


def forward(dense, images):
    """Logits of the dense layers [(kernel, bias, activation), ...]."""
    values = images.reshape(len(images), -1).astype(float)
    for kernel, bias, activation in dense:
        values = ACTIVATIONS[activation](values @ np.asarray(kernel, float) + bias)
    return values


def pixels(extent, config, size):
    """Where windows begin along one side, and what has to be put before and behind it."""
    stride = config["strides"]
    if config["padding"] == "valid":
        return range(0, extent - size + 1, stride), (0, 0)
    count = -(-extent // stride)
    reach = max((count - 1) * stride + size - extent, 0)
    return range(0, count * stride, stride), (reach // 2, reach - reach // 2)


def windows(values, config, size, beyond):
    """[n, rows, columns, size, size, channels], with `beyond` around the images."""
    (rows, above), (columns, left) = (pixels(extent, config, size) for extent in values.shape[1:3])
    values = np.pad(values, ((0, 0), above, left, (0, 0)), constant_values=beyond)
    return np.stack([np.stack([values[:, r:r + size, c:c + size] for c in columns], 1)
                     for r in rows], 1)


def convolve(values, config, kernel, bias):
    seen = windows(values, config, config["kernel_size"], 0)
    return np.einsum("nrcijk,ijkf->nrcf", seen, np.asarray(kernel, float)) + bias


def normalize(config, weights, values):
    """Keras' own way: what is kept over `axis` is broadcast over the other axes of a batch; numbers are
    given, or were adapted and are weights."""
    kept = sorted(a if a >= 0 else a + values.ndim for a in config["axis"])
    assert all(0 < a < values.ndim for a in kept)
    mean, variance = (weights[:2] if config["mean"] is None else
                      (config["mean"], config["variance"]))
    assert (config["mean"] is None) == (config["variance"] is None) and not config.get("invert")
    mean, variance = np.asarray(mean, float), np.asarray(variance, float)
    assert mean.shape == variance.shape == tuple(values.shape[a] for a in kept)
    shape = [values.shape[a] if a in kept else 1 for a in range(values.ndim)]
    return (values - mean.reshape(shape)) / np.maximum(np.sqrt(variance.reshape(shape)), 1e-7)


def normalize_batch(values, config, gamma, beta, mean, variance):
    deviation = np.sqrt(variance.astype(float) + config["epsilon"])
    return (values - mean) / deviation * gamma + beta


# Layers that our files never have, and models to be imported do.
ELEMENTARY = {"InputLayer": lambda x, config: x,
              "Rescaling": lambda x, config: x * config["scale"] + config["offset"],
              "Reshape": lambda x, config: x.reshape(len(x), *config["target_shape"]),
              "Activation": lambda x, config: ACTIVATIONS[config["activation"]](x),
              "ReLU": lambda x, config: np.maximum(x, 0),
              "BatchNormalization": normalize_batch,
              "GlobalAveragePooling2D": lambda x, config: x.mean((1, 2)),
              "GlobalMaxPooling2D": lambda x, config: x.max((1, 2))}


def apply(layer, weights, values):
    """What a layer makes of values in double."""
    kind, config = layer["class_name"], layer["config"]
    if kind == "Normalization":
        return normalize(config, weights, values)
    if kind in ELEMENTARY:
        return ELEMENTARY[kind](values, config, *weights)
    if kind == "Flatten":
        return values.reshape(len(values), -1)
    if kind == "Dense":
        return ACTIVATIONS[config["activation"]](values @ np.asarray(weights[0], float) + weights[1])
    if kind == "Conv2D":
        return ACTIVATIONS[config["activation"]](convolve(values, config, *weights))
    if kind.endswith("Pooling2D"):
        seen = windows(values, config, config["pool_size"], np.nan)
        return (np.nanmax if kind == "MaxPooling2D" else np.nanmean)(seen, (3, 4))
    return values  # Dropout


WEIGHTED = "Dense", "Conv2D"


def kernel_shape(layer, before):
    config = layer["config"]
    if layer["class_name"] == "Dense":
        return before[-1], config["units"]
    return config["kernel_size"], config["kernel_size"], before[-1], config["filters"]


def count_of(layer):
    """Variables that Keras 3 counts in a layer's vars."""
    if layer["class_name"] == "Normalization":
        return 3 if layer["config"]["mean"] is None else 0
    return 2 if layer["class_name"] in WEIGHTED else 0


class Model:
    """Sequential.from_config."""

    def __init__(self, config, version):
        assert config["class_name"] == "Sequential" and config["config"]["name"]
        first, *self.layers = config["config"]["layers"]
        assert first["class_name"] == "InputLayer"
        assert set(first["config"]) == {INPUT[version], "dtype", "sparse", "name"}
        self.shape = first["config"][INPUT[version]]
        for layer in self.layers:
            kind = layer["class_name"]
            only = ONLY_KERAS3.get(kind, set()) if version == 3 else set()
            assert set(layer["config"]) == ARGUMENTS[kind] | only, layer
            assert ("module" in layer) == (version == 3)
            if kind == "Normalization" and version == 3:
                assert layer["build_config"]["input_shape"] == self.shape
        first = [x["class_name"] for x in self.layers if x["class_name"] != "Normalization"][0]
        assert self.shape[0] is None and len(self.shape) in {"Flatten": (2, 3), "Dense": (2,)}.get(
            first, (4,))
        self.weights = None

    def take(self, weights):
        """By topology: [[kernel, bias], ...] for the layers with weights, shapes checked; of an adapted
        Normalization [mean, variance, count]."""
        self.weights, left = [], list(weights)
        values = np.zeros((1, *self.shape[1:]))
        for layer in self.layers:
            own = None
            if layer["class_name"] in WEIGHTED:
                own = [weight[()] for weight in left.pop(0)]
                assert own[0].shape == kernel_shape(layer, values.shape)
                assert own[1].shape == own[0].shape[-1:]
            elif count_of(layer) == 3:
                own = [weight[()] for weight in left.pop(0)]
                assert own[2].shape == () and own[2].dtype.kind == "i"
            values = apply(layer, own, values)
            self.weights.append(own)
        assert not left

    def dense(self):
        """As forward takes them."""
        return [(*weights, layer["config"]["activation"])
                for layer, weights in zip(self.layers, self.weights)
                if weights and layer["class_name"] == "Dense"]

    def logits(self, images):
        values = images.reshape(len(images), *self.shape[1:]).astype(float)
        for layer, weights in zip(self.layers, self.weights):
            values = apply(layer, weights, values)
        return values


def load_model_h5(path):
    """load_model("x.h5", compile=False) of Keras 2 and 3. Old ones decode every name themselves."""
    with h5py.File(path, "r") as file:
        model = Model(json.loads(file.attrs["model_config"].decode()), 2)
        root = file["model_weights"]
        groups = [root[name.decode()] for name in root.attrs["layer_names"]]
        weights = [[g[name.decode()] for name in g.attrs["weight_names"]] for g in groups]
        model.take([w for w in weights if w])
        assert "training_config" not in file.attrs
    return model


ADAM = {"class_name": "Adam", "config": {"learning_rate": 0.001}}


def remembered(optimizer):
    """Scalars, and arrays a variable, that an optimizer of Keras 3 keeps."""
    name, config = optimizer["class_name"], optimizer["config"]
    moments = {"Adam": 2, "AdamW": 2, "SGD": 1 if config.get("momentum") else 0}[name]
    return 2 - isinstance(config["learning_rate"], dict), moments


def load_weights_h5(file, model, optimizer=None):
    """load_weights("x.weights.h5") of Keras 3 into a compiled model; its optimizer's variables."""
    with h5py.File(file, "r") as store:
        assert list(store["vars"]) == []
        weights, used = [], {}
        for layer in model.layers:
            kind = SNAKES.get(layer["class_name"], layer["class_name"].lower())
            number = used[kind] = used.get(kind, -1) + 1
            path = f"layers/{kind}_{number}" if number else f"layers/{kind}"
            count = count_of(layer)
            variables = store[path + "/vars"] if path in store else {}
            assert len(variables) == count, path
            if count:
                weights.append([variables[str(i)] for i in range(count)])
        model.take(weights)
        flat = [v for own in weights for v in own if len(own) == 2]
        state = store["optimizer/vars"]
        scalars, moments = remembered(optimizer or ADAM)
        assert len(state) == scalars + moments * len(flat)
        for i, variable in enumerate(flat):
            for place in range(scalars + moments * i, scalars + moments * (i + 1)):
                assert state[str(place)].shape == variable.shape
        return [state[str(i)][()] for i in range(len(state))]


def load_model_keras(path):
    """load_model("x.keras") of Keras 3: the model, its optimizer's variables and configuration."""
    archive = zipfile.ZipFile(path)
    config = json.loads(archive.read("config.json"))
    assert config["module"] == "keras"
    model = Model(config, 3)
    optimizer = config["compile_config"]["optimizer"]
    assert optimizer["module"] == "keras.optimizers"
    assert isinstance(optimizer["config"]["learning_rate"], (float, dict))
    state = load_weights_h5(io.BytesIO(archive.read("model.weights.h5")), model, optimizer)
    return model, state, optimizer
