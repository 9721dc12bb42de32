"""Five more steps after an import, or in Keras after an export, are the same: optimizer, settings and state
go over. What does not is said."""
import h5py
import numpy as np

import keras_files as keras
from program import in_a_folder, run, works
from standin import forward, load_model_keras
from standin_trainer import go_on

SHAPE, BATCH, IMAGES = (4, 4), 16, 64
rng = np.random.default_rng(4)
WEIGHTS = [rng.standard_normal(s).astype("f4") * 0.5 for s in ((16, 5), (5,), (5, 3), (3,))]
PLAIN = {"learning_rate": float(np.float32(0.003)), "weight_decay": None, "clipnorm": None,
         "global_clipnorm": None, "clipvalue": None, "use_ema": False, "ema_momentum": 0.99,
         "loss_scale_factor": None}
ADAM = {**PLAIN, "beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-5, "amsgrad": False}
SGD = {**PLAIN, "momentum": 0.0, "nesterov": False}


def entry(class_name, config, **more):
    return {"module": "keras.optimizers", "class_name": class_name, "config": {**config, **more}}


def state_of(optimizer, weights):
    rate = [] if isinstance(optimizer["config"]["learning_rate"], dict) else \
        [np.float32(optimizer["config"]["learning_rate"])]
    moments = 0 if optimizer["class_name"] == "SGD" and not optimizer["config"]["momentum"] else \
        1 if optimizer["class_name"] == "SGD" else 2
    return [np.int32(40)] + rate + [f for w in weights for f in (w / 50, w * w / 50)[:moments]]


def write_data():
    with h5py.File("data.h5", "w") as file:
        for split in "train", "test":
            file[f"{split}/images"] = rng.integers(0, 256, (IMAGES, *SHAPE), "u1")
            file[f"{split}/labels"] = (np.arange(IMAGES) % 3).astype("u1")


def data():
    with h5py.File("data.h5", "r") as file:
        return file["train/images"][()] / 255.0, file["train/labels"][()]


def batches(first, count):
    steps = [i % (IMAGES // BATCH) * BATCH for i in range(first, first + count)]
    return [(begin, begin + BATCH) for begin in steps]


def saved(path):
    with h5py.File(path, "r") as file:
        root = file["model_weights"]
        return [root[f"{n.decode()}/{w.decode()}"][()] for n in root.attrs["layer_names"]
                for w in root[n].attrs["weight_names"]]


def check_close(a, b, what):
    worst = max(abs(x - y).max() for x, y in zip(a, b, strict=True))
    assert worst < 2e-5, (what, worst)


def imported(optimizer, weights=WEIGHTS, state=None, text=None, layers=None):
    """What the import said, and whether five steps after it are Keras'."""
    state = state_of(optimizer, WEIGHTS) if state is None else state
    keras.write_archive("m.keras", text or keras.config(keras.keras3_layers(SHAPE)),
                        layers or {"dense": WEIGHTS[:2], "dense_1": WEIGHTS[2:]}, state, optimizer)
    code, _, said = run("import", "m.keras", "--config", "small.yaml", "--output", "new")
    assert code == 0, said
    works("train", "--resume", "--output", "new", "--data", "data.h5", "--quiet", "--set",
          "train.max_steps=5")
    return said, saved("new/last.h5")


def check_imports():
    model = [(*WEIGHTS[:2], "relu"), (*WEIGHTS[2:], "softmax")]
    for optimizer in (entry("Adam", ADAM), entry("AdamW", ADAM, weight_decay=0.02),
                      entry("Adam", ADAM, weight_decay=0.01), entry("Adam", ADAM, global_clipnorm=0.05),
                      entry("SGD", SGD), entry("SGD", SGD, momentum=0.9),
                      entry("SGD", SGD, momentum=0.5, global_clipnorm=0.1)):
        said, found = imported(optimizer)
        assert all("moved to" in line for line in said.splitlines()), said
        check_close(found, go_on(model, optimizer, state_of(optimizer, WEIGHTS), *data(),
                                 batches(0, 5), forward), optimizer)


def check_parts():
    """Adam's state where a bias is missing, a layer frozen, or Keras 2.3 keeps placeholders."""
    adam = entry("Adam", ADAM)
    without = [WEIGHTS[0], WEIGHTS[2], WEIGHTS[3]]
    layers = keras.keras3_layers(SHAPE)
    layers[2]["config"]["use_bias"] = False
    said, found = imported(adam, state=state_of(adam, without), text=keras.config(layers),
                           layers={"dense": WEIGHTS[:1], "dense_1": WEIGHTS[2:]})
    assert "'dense_1' has no bias in Keras" in said and "state" not in said
    zero = np.zeros(5)
    full = state_of(adam, without)
    full[4:4] = [zero, zero]
    check_close(found, go_on([(WEIGHTS[0], zero, "relu"), (*WEIGHTS[2:], "softmax")], adam, full,
                             *data(), batches(0, 5), forward), "no bias")
    layers = keras.keras3_layers(SHAPE)
    layers[2]["config"]["trainable"] = False
    said, found = imported(adam, state=state_of(adam, WEIGHTS[2:]), text=keras.config(layers))
    assert "'dense_1' is not trainable" in said and "state" not in said
    full = state_of(adam, WEIGHTS[2:])
    full[2:2] = [np.zeros(w.shape) for w in WEIGHTS[:2] for _ in "mv"]
    model = [(*WEIGHTS[:2], "relu"), (*WEIGHTS[2:], "softmax")]
    check_close(found, go_on(model, adam, full, *data(), batches(0, 5), forward), "frozen")
    keras3 = state_of(adam, WEIGHTS)
    old = keras3[:1] + keras3[2::2] + keras3[3::2]
    for extra in [np.zeros(1, "f4")] * 4, [w * w for w in WEIGHTS], []:
        said, found = imported(adam, state=old + extra)
        assert "state" not in said, said
        check_close(found, go_on(model, adam, keras3, *data(), batches(0, 5), forward), "Keras 2")
    assert "state, 7 arrays, is not that of adam for the 4 variables" in imported(
        adam, state=keras3[:7])[0]


def check_what_is_lost():
    cosine = {"module": "keras.optimizers.schedules", "class_name": "CosineDecay",
              "config": {"initial_learning_rate": 0.004, "decay_steps": 100, "alpha": 0.0}}
    for optimizer, words in (
            (entry("Adam", ADAM, clipnorm=0.5), "of its optimizer, clipnorm 0.5 has no counterpart"),
            (entry("Adam", ADAM, clipvalue=0.25, amsgrad=True), "clipvalue 0.25, amsgrad has no"),
            (entry("SGD", SGD, momentum=0.9, nesterov=True), "nesterov has no counterpart"),
            (entry("SGD", SGD, weight_decay=0.1), "weight_decay 0.1 has no counterpart"),
            (entry("Adam", ADAM, use_ema=True), "use_ema has no counterpart"),
            (entry("Adam", ADAM, learning_rate=cosine), "CosineDecay has no counterpart here and is left "
             "out; the learning rate stays at its first value"),
            (entry("RMSprop", ADAM), "its optimizer, RMSprop, has no counterpart here: adam starts anew")):
        assert words in imported(optimizer)[0], words
    with h5py.File("new/last.h5", "r") as file:
        assert file["optimizer"].attrs["name"] == b"adam"


def exported(*settings):
    """A run of 8 steps, exported: what was said, the stand-in's model, its state and its optimizer."""
    options = [word for setting in settings for word in ("--set", setting)]
    works("train", "--config", "small.yaml", "--output", "run", "--data", "data.h5", "--quiet",
          "--epochs", 5, "--set", "train.max_steps=8", *options)
    code, _, said = run("export", "run", "--format", "keras")
    assert code == 0, said
    return said, load_model_keras("run.keras")


def check_exports():
    for settings in ((), ("optimizer.clip_norm=0.05",), ("optimizer.name=adamw", "optimizer.weight_decay=0.1"),
                     ("optimizer.name=sgd", "optimizer.learning_rate=0.1"),
                     ("optimizer.name=sgd", "optimizer.momentum=0.9", "optimizer.clip_norm=0.1"),
                     ("schedule.name=cosine", "schedule.final=0.1"),
                     ("schedule.name=cosine", "schedule.warmup_steps=3"),
                     ("schedule.name=step", "schedule.step_epochs=1"),
                     ("schedule.warmup_steps=4",)):
        said, (model, state, optimizer) = exported(*settings)
        assert not said, said
        after = go_on(model.dense(), optimizer, state, *data(), batches(8, 5), forward)
        works("train", "--resume", "--output", "run", "--data", "data.h5", "--quiet", "--set",
              "train.max_steps=13")
        check_close(saved("run/last.h5"), after, settings)
    said, (*_, optimizer) = exported("schedule.name=cosine", "schedule.warmup_steps=12")
    assert "Keras has no schedule that goes on as this run's does" in said
    assert isinstance(optimizer["config"]["learning_rate"], float)


def main():
    write_data()
    with open("small.yaml", "w", encoding="ascii") as file:
        file.write("model: [{layer: flatten}, {layer: dense, units: 5, activation: relu},\n"
                   "        {layer: dense, units: 3, activation: softmax}]\n"
                   f"train: {{batch_size: {BATCH}, shuffle: false}}\n")
    check_imports()
    check_parts()
    check_what_is_lost()
    check_exports()


in_a_folder(main)
