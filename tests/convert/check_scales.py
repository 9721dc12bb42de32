"""What scales a model's input: kept from export to import, read from Keras' first layers, and made up for
where a run starts from such weights."""
import h5py
import numpy as np

import keras_files as keras
from program import in_a_folder, refuses, works
from standin import apply

rng = np.random.default_rng(11)
MODEL = """model: [{layer: flatten}, {layer: dense, units: 5, activation: relu},
        {layer: dense, units: 3, activation: softmax}]
optimizer: {learning_rate: %s}
train: {batch_size: 16}
"""
NORM = {"axis": [-1], "epsilon": 0.001, "momentum": 0.99, "center": True, "scale": True}
LABELS = np.arange(60) % 3


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def write_data(path, values):
    np.savez(path, x_train=values, y_train=LABELS, x_test=values[:20], y_test=LABELS[:20])


def answers(folder, data):
    works("predict", folder, "--data", data, "--output", "p.h5")
    with h5py.File("p.h5", "r") as file:
        return file["probabilities"][()]


def round_trips():
    """Of our own: what a run answers, its export answers when it is imported."""
    whole = np.clip(rng.normal(rng.uniform(0, 12, 64), 4, (60, 64)).round(), 0, 16)
    images = rng.integers(0, 256, (60, 8, 8), "u1")
    for name, values, scale in (("table", whole, "auto"), ("images", whole.reshape(60, 8, 8), "auto"),
                                ("bytes", images, "standardize"), ("signs", images > 99, "standardize"),
                                ("dark", (images / 255).astype("f4"), "standardize")):
        write_data("own.npz", values)
        works("train", "--quiet", "--config", "model.yaml", "--data", "own.npz", "--output", name,
              "--set", "train.max_steps=6", "--set", f"data.scale={scale}")
        works("export", name, "--format", "keras", "--output", "own.keras")
        works("import", "own.keras", "--output", "back")
        assert (answers("back", "own.npz") == answers(name, "own.npz")).all(), name
    write_data("own.npz", images)  # the last one has seen [0, 1]
    refuses(3, "was trained on 0 to 1; divide them by 255", "predict", "back", "--data", "own.npz",
            "--output", "p.h5")


def noise(*shape):
    return (rng.standard_normal(shape) / 2).astype("f4")


def right(layers, weights, values):
    """Probabilities, layer by layer in double."""
    values = values.astype(float)
    for entry in layers:
        values = apply(entry, weights.get(entry["config"]["name"], ()), values)
    powers = np.exp(values - values.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def dense_model(shape, *first):
    """First layers, and the two of MODEL on `shape`; their weights."""
    inputs = int(np.prod(shape))
    layers = [keras.layer("InputLayer", "input", batch_input_shape=[None, *shape]), *first,
              keras.layer("Flatten", "flatten"),
              keras.layer("Dense", "dense_1", units=5, activation="relu"),
              keras.layer("Dense", "dense_2", units=3, activation="softmax")]
    return layers, {"dense_1": (noise(inputs, 5) / np.sqrt(inputs), noise(5)),
                    "dense_2": (noise(5, 3), noise(3))}


def normalization(values):
    axes = list(range(1, values.ndim))
    layer = keras.layer("Normalization", "n", axis=axes, mean=None, variance=None)
    return layer, (values.mean(0).astype("f4"), values.var(0).astype("f4"), np.int64(0))


def rescaling(scale, offset=0.0):
    return keras.layer("Rescaling", "r", scale=scale, offset=offset)


def save(path, layers, weights):
    every = {entry["config"]["name"]: weights.get(entry["config"]["name"], ()) for entry in layers}
    keras.write_model(path, keras.config(layers), every)


def check_close(found, wanted, what):
    assert abs(found - wanted).max() < 1e-5, (what, abs(found - wanted).max())


def models_of_keras():
    """Raw values, whatever their size, where the first layers scale them or turn them round."""
    table = (rng.standard_normal((60, 3)) * 2 + 1).astype("f4")
    norm, moments = normalization(table)
    batch = keras.layer("BatchNormalization", "b", **NORM)
    for gamma in (1, -1, 1), (1, 0, 1):
        own = np.array(gamma, "f4"), noise(3), noise(3), noise(3) ** 2 + 0.5
        import_of(table, (batch,), {"b": own})
    import_of(table, (norm, rescaling(-1.0)), {"n": moments})
    images = rng.integers(0, 17, (60, 8, 8)).astype("f4")
    norm, moments = normalization(images)
    import_of(images, (norm,), {"n": moments})
    import_of(images, (norm, rescaling(0.5, 0.25)), {"n": moments})
    pixels = rng.integers(0, 256, (60, 4, 4), "u1")
    import_of(pixels, (rescaling(-1 / 255, 1.0),), {})
    for values in pixels + 0.25, pixels.reshape(60, 16)[:, :5] + 0.25:  # floats are divided too
        import_of(values.astype("f4"), (rescaling(1 / 255),), {})
    norm, moments = normalization(pixels / 255)
    import_of(pixels, (rescaling(1 / 255), norm), {"n": moments})


def import_of(values, first, own):
    layers, weights = dense_model(values.shape[1:], *first)
    weights.update(own)
    save("k.h5", layers, weights)
    write_data("k.npz", values)
    works("import", "k.h5", "--output", "new")
    check_close(answers("new", "k.npz"), right(layers, weights, values[:20]), first)


def initial_weights():
    """A run starts where the file's model stands, whatever the run's own scale."""
    table = (rng.standard_normal((60, 4)) * [1, 10, 100, 3] + [5, 0, 300, -4]).astype("f4")
    pixels = rng.integers(0, 256, (60, 4, 4), "u1")
    norm, moments = normalization(table)
    for values, first, own in ((table, (norm,), {"n": moments}), (table, (rescaling(0.01),), {}),
                               (pixels, (rescaling(1 / 255),), {}),
                               (pixels, (rescaling(1 / 127.5, -1.0),), {})):
        layers, weights = dense_model(values.shape[1:], *first)
        weights.update(own)
        save("k.h5", layers, weights)
        write_data("k.npz", values)
        for scale in "auto", "none", "standardize", "unit":
            works(*start("k.h5", f"data.scale={scale}"))
            check_close(answers("started", "k.npz"), right(layers, weights, values[:20]), (first, scale))


def start(file, *settings):
    options = [word for setting in settings for word in ("--set", setting)]
    return ["train", "--quiet", "--config", "still.yaml", "--data", "k.npz", "--output", "started",
            "--set", "train.max_steps=1", "--set", f"train.initial_weights={file}", *options]


def initial_weights_refused():
    """A convolution that pads cannot take up an offset."""
    pixels = rng.integers(0, 256, (60, 6, 6), "u1")
    write_data("k.npz", pixels)
    write("still.yaml", "model: [{layer: conv2d, filters: 2, kernel_size: 3, padding: same,\n"
                        "        activation: relu}, {layer: flatten},\n"
                        "        {layer: dense, units: 3, activation: softmax}]\n")
    works(*start("", "data.scale=standardize"))
    works("export", "started", "--format", "keras", "--output", "c.keras")
    works(*start("c.keras", "data.scale=standardize"))
    refuses(2, "takes standardized values by numbers of its own, this run's sees values / 255, and its "
               "first layer cannot make up for that; import it", *start("c.keras"))
    refuses(2, "takes standardized", *start("c.keras", "data.scale=none"))


def flat_rows():
    """A flatten that changes nothing makes no other model."""
    write_data("k.npz", noise(60, 64) * 9)
    write("still.yaml", "model: [{layer: dense, units: 3, activation: softmax}]\n"
                        "optimizer: {learning_rate: 1.0e-12}\n")
    works(*start(""))
    works("export", "started", "--format", "keras", "--output", "f.keras")
    before = answers("started", "k.npz")
    works(*start("f.keras"))
    check_close(answers("started", "k.npz"), before, "flat")


def main():
    write("model.yaml", MODEL % 0.01)
    write("still.yaml", MODEL % 1e-12)
    round_trips()
    models_of_keras()
    initial_weights()
    initial_weights_refused()
    flat_rows()


in_a_folder(main)
