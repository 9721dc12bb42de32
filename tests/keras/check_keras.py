"""Whole-model .h5 files in the forms of Keras 2 and 3, made with h5py, give the model and the weights
they hold; what has no counterpart is refused by name."""
import copy
import os

import h5py
import numpy as np

from keras_files import (STYLES, config, fixed, functional, keras2_layers, keras3_layers, layer,
                         variable_ascii, variable_utf8, write_model)
from layout import folder, run

rng = np.random.default_rng(1)
KERNELS = [rng.standard_normal(s).astype("f4") for s in ((12, 5), (5, 3))]
BIASES = [rng.standard_normal(n).astype("f4") for n in (5, 3)]
PLAIN = "4x3 flatten:flatten dense_1:dense:5:relu dense_2:dense:3:softmax"


def write(path, text=None, with_input=False, bias=True, weightless=True,
          names=("dense_1", "dense_2"), kernels=None, biases=None, **form):
    empty = (["image"] if with_input else []) + (["flatten"] if weightless else [])
    layers = {name: () for name in empty}
    layers.update((name, (kernel, vector) if bias else (kernel,))
                  for name, kernel, vector in zip(names, kernels or KERNELS, biases or BIASES))
    write_model(path, text or config(keras2_layers()), layers, **form)


def expect(place, model, biases=BIASES, **options):
    path, raw = os.path.join(place, "k.h5"), os.path.join(place, "raw")
    write(path, **options)
    status, output = run("keras", path, raw)
    assert (status, output) == (0, model + "\n0"), (options, status, output)
    want = np.concatenate([w.ravel() for pair in zip(KERNELS, biases) for w in pair])
    assert np.array_equal(np.fromfile(raw, "<f4"), want), options


def refuse(place, *words, change=None, **options):
    path = os.path.join(place, "k.h5")
    write(path, **options)
    if change:
        with h5py.File(path, "r+") as file:
            change(file)
    status, output = run("keras", path, os.path.join(place, "raw"))
    assert status == 4 and all(w in output for w in words), (status, output, words)


def edited(index, **changes):
    layers = keras2_layers()
    layers[index]["config"].update(changes)
    return config(layers)


def check_forms(place):
    for style in STYLES:
        for strings in fixed, variable_utf8, variable_ascii:
            expect(place, PLAIN, style=style, strings=strings)
            expect(place, PLAIN, style=style, strings=strings, with_input=True, parts=2)
    expect(place, PLAIN, weightless=False)
    expect(place, PLAIN, text=config(keras3_layers()), style="sequential")
    for keras3, layers in ((False, keras2_layers()), (True, keras3_layers())):
        for class_name in "Functional", "Model":
            expect(place, PLAIN, text=config(functional(copy.deepcopy(layers), keras3), class_name),
                   with_input=True)
    expect(place, PLAIN, dataset=dict(type=">f8", compression="gzip", shuffle=True, chunks=True))
    expect(place, PLAIN, biases=[b * 0 for b in BIASES], bias=False)


def check_configurations(place):
    layers = keras2_layers()
    layers[1]["config"]["batch_input_shape"] = [None, 4, 3]
    expect(place, PLAIN, text=config(layers[1:]))
    expect(place, PLAIN, text=config(keras2_layers()[1:], build_input_shape=[None, 4, 3]))
    expect(place, PLAIN, text=edited(0, batch_input_shape=[None, 4, 3, 1]))
    layers = keras2_layers()
    layers[0]["config"]["batch_input_shape"] = [None, 12]
    del layers[1]
    expect(place, PLAIN.replace("4x3", "1x12"), text=config(layers))
    layers = keras2_layers()
    layers.insert(3, layer("Dropout", "drop", rate=0.25, seed=None, noise_shape=None))
    expect(place, "4x3 flatten:flatten dense_1:dense:5:relu drop:dropout:0.25 "
                  "dense_2:dense:3:softmax", text=config(layers))
    layers = keras2_layers()
    layers[2]["config"]["activation"] = "linear"
    layers[3]["config"]["activation"] = None
    layers.insert(3, layer("ReLU", "re_lu", max_value=None, negative_slope=0.0, threshold=0.0))
    expect(place, PLAIN, text=config(layers + [layer("Softmax", "softmax", axis=-1)]))
    expect(place, PLAIN, text=config(layers + [layer("Activation", "a", activation="softmax")]))
    expect(place, PLAIN, text=config(layers))  # logits: the softmax is ours to add
    expect(place, PLAIN.replace("relu", "tanh"), text=edited(2, activation={
        "module": "builtins", "class_name": "function", "config": "tanh"}))


def check_names(place):
    """A name that our files cannot have is replaced; one that they can is kept."""
    layers = keras2_layers()
    layers[2]["config"]["name"] = "first layer"
    layers[3]["config"]["name"] = "Logits-1"
    expect(place, "4x3 flatten:flatten dense_1:dense:5:relu Logits-1:dense:3:softmax",
           text=config(layers), names=("first layer", "Logits-1"), style="keras30")


def check_refusals(place):
    def with_layer(entry, at=2):
        layers = keras2_layers()
        layers.insert(at, entry)
        return config(layers)

    refuse(place, "'conv' (Conv2D) has no counterpart", text=with_layer(layer("Conv2D", "conv")))
    refuse(place, "'dense_1' (Dense) has activation 'gelu'", text=edited(2, activation="gelu"))
    refuse(place, "the last layer ('dense_2') must be dense with activation softmax",
           text=edited(3, activation="sigmoid"))
    refuse(place, "'dense_1' (Dense) works on images row by row; put a Flatten before it",
           text=config(keras2_layers()[:1] + keras2_layers()[2:]))
    refuse(place, "'image' (InputLayer) has an input shape", text=edited(
        0, batch_input_shape=[None, 4, 3, 3]))
    refuse(place, "says nowhere what shape", text=config(keras2_layers()[1:]))
    refuse(place, "'re_lu' (ReLU) is not the plain", text=with_layer(
        layer("ReLU", "re_lu", max_value=6.0), 3))
    refuse(place, "'dropout' (Dropout) has no rate", text=with_layer(layer("Dropout", "dropout")))
    refuse(place, "has no units", text=edited(2, units="5"))
    refuse(place, "describes a 'MyModel'", text=config(keras2_layers(), "MyModel"))
    refuse(place, "model_config is not JSON", text="{")
    refuse(place, "'skip' (Dropout) is one too many", text=config(
        keras2_layers() + [layer("Dropout", f"d{i}", rate=0.1) for i in range(29)] +
        [layer("Dropout", "skip", rate=0.1)]))
    branch = functional(keras2_layers(), False)
    branch[3]["inbound_nodes"] = [[["flatten", 0, 0, {}]]]
    refuse(place, "'dense_2' (Dense) does not take the layer before it alone",
           text=config(branch, "Functional"))
    refuse(place, "dense_1/kernel:0 is f4 [5,12] where a number [12,5] belongs",
           kernels=[KERNELS[0].T, KERNELS[1]])
    refuse(place, "has weights for 1 layers; the model has 2", names=("dense_1",))
    refuse(place, "has weights for 3 layers; the model has 2",
           names=("dense_1", "dense_2", "dense_3"), kernels=KERNELS + [KERNELS[1]],
           biases=BIASES + [BIASES[1]])
    refuse(place, "filter 32000, which is not allowed", dataset=dict(compression="lzf"))
    refuse(place, "soft or external link", change=lambda f: f.__setitem__(
        "model_weights/x", h5py.ExternalLink("/proc/nowhere/outside", "/")))
    refuse(place, "/model_weights@layer_names is missing",
           change=lambda f: f["model_weights"].attrs.__delitem__("layer_names"))
    refuse(place, "dense_1/kernel:0 is missing",
           change=lambda f: f.__delitem__("model_weights/dense_1/dense_1/kernel:0"))
    refuse(place, "where a number [12,5] belongs", dataset=dict(type="S3"))
    refuse(place, "more than 160 texts", change=lambda f: f["model_weights"].attrs.create(
        "layer_names", fixed([f"l{i}" for i in range(161)])))
    refuse(place, "more than 16 deep", change=lambda f: f.__setitem__("model_weights/up", f["/"]))


def main():
    with folder() as place:
        check_forms(place)
        check_configurations(place)
        check_names(place)
        check_refusals(place)
        ours, raw = os.path.join(place, "ours.h5"), os.path.join(place, "raw")
        assert run("write", "small", 1, ours)[0] == 0
        assert run("keras", ours, raw)[1].startswith("4x3 flatten:flatten dense_1:dense:5:relu ")
        with h5py.File(ours, "r+") as file:
            file["history/loss"][0] = 5
        assert "damaged: @state_xxh3" in run("keras", ours, raw)[1]


main()
