"""Whole-model .h5 files in the forms of Keras 2 and 3, made with h5py, give the model and the weights
they hold; layers that scale are taken up by the weights; what has no counterpart is refused by name."""
import copy
import json
import os

import h5py
import numpy as np

from keras_files import (STYLES, config, fixed, functional, keras2_layers, keras3_layers, layer,
                         variable_ascii, variable_utf8, write_model)
from layout import run
from program import Place

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
    layers = keras2_layers()
    for entry in layers[2:]:
        entry["config"]["use_bias"] = False
    expect(place, PLAIN, text=config(layers), biases=[b * 0 for b in BIASES], bias=False)


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


def with_layers(*entries, at=2, replaced=0, keras3=False):
    """The plain model with entries put in."""
    layers = keras3_layers() if keras3 else keras2_layers()
    layers[at:at + replaced] = entries
    return layers


def policy(class_name, **settings):
    return {"module": "keras", "class_name": class_name, "config": settings}


def check_layers_without_counterpart(place):
    """What changes no answer, or stands for a layer of ours."""
    for entry in (layer("Identity", "same"), layer("GaussianNoise", "noise", stddev=0.1, seed=None),
                  layer("ActivityRegularization", "penalty", l1=0.1, l2=0.0),
                  layer("GaussianDropout", "g", rate=0.2), layer("AlphaDropout", "a", rate=0.2),
                  layer("Reshape", "reshape", target_shape=[3, -1]),
                  layer("Activation", "linear", activation="linear")):
        for at in (1, 2) if entry["class_name"] != "Reshape" else (1,):
            expect(place, PLAIN, text=config(with_layers(entry, at=at)))
    flat = layer("Reshape", "flatten", target_shape=[12])
    expect(place, PLAIN, text=config(with_layers(flat, at=1, replaced=1)))
    layers = with_layers(layer("Reshape", "r", target_shape=[4, 3]), at=1)
    layers[0]["config"]["batch_input_shape"] = [None, 12]
    expect(place, PLAIN.replace("4x3", "1x12"), text=config(layers))
    expect(place, PLAIN, text=edited(0, batch_input_shape=[None, 1, 4, 3]))
    layers = with_layers(layer("Dropout", "drop", rate=0.25),
                         layer("Activation", "a", activation="tanh"), at=3)
    layers[2]["config"]["activation"] = "linear"
    expect(place, "4x3 flatten:flatten dense_1:dense:5:tanh drop:dropout:0.25 "
                  "dense_2:dense:3:softmax", text=config(layers))
    relu = {"class_name": "ReLU", "config": {"name": "re_lu", "max_value": None,
                                             "negative_slope": 0.0, "threshold": 0.0}}
    expect(place, PLAIN, text=edited(2, activation=relu))
    for name in "float16", "mixed_bfloat16", "float32":
        for dtype in name, policy("DTypePolicy", name=name), policy("Policy", name=name):
            expect(place, PLAIN, text=edited(2, dtype=dtype))
    expect(place, PLAIN, text=edited(2, kernel_regularizer={"class_name": "L2", "config": {}},
                                     trainable=False, quantization_config=None))


def check_half(place):
    halves = [k.astype("f2").astype("f4") for k in KERNELS], [b.astype("f2").astype("f4") for b in BIASES]
    path, raw = os.path.join(place, "k.h5"), os.path.join(place, "raw")
    for kind in "<f2", ">f2":
        write(path, dataset=dict(type=kind))
        assert run("keras", path, raw)[0] == 0
        want = np.concatenate([w.ravel() for pair in zip(*halves) for w in pair])
        assert np.array_equal(np.fromfile(raw, "<f4"), want)


def scaled(scale, offset, first=0):
    """All parameters when layer `first` takes scale x + offset, and the program's pixels."""
    parts = [(KERNELS[i], BIASES[i]) for i in (0, 1)]
    kernel, bias = (a.astype(float) for a in parts[first])
    offset = np.broadcast_to(offset, len(kernel))
    scale = np.broadcast_to(scale, len(kernel))
    parts[first] = scale[:, None] * kernel, bias + offset @ kernel
    return np.concatenate([w.ravel() for pair in parts for w in pair])


def check_scaling(place):
    """Rescaling and Normalization, given or adapted, of raw values; of [0, 1] where these alone have such a
    mean and deviation."""
    path, raw = os.path.join(place, "k.h5"), os.path.join(place, "raw")

    def same(want, layers, *weights):
        names = ("norm", "dense_1", "dense_2")
        write_model(path, config(layers), dict(zip(names, [weights, (KERNELS[0], BIASES[0]),
                                                           (KERNELS[1], BIASES[1])])))
        status, output = run("keras", path, raw)
        assert status == 0, output
        assert np.allclose(np.fromfile(raw, "<f4"), want, rtol=1e-5, atol=1e-5), layers

    def norm(**more):
        return layer("Normalization", "norm", **{"axis": [-1], "mean": None, "variance": None, **more})

    rescaling = layer("Rescaling", "rescaling", scale=1 / 255, offset=0.0)
    for at in 1, 2:
        same(scaled(1, 0), with_layers(rescaling, at=at))
    same(scaled(2, -1), with_layers(layer("Rescaling", "r", scale=1 / 127.5, offset=-1), at=1))
    same(scaled(2, -1), with_layers(layer("Rescaling", "r", scale=2, offset=-1.0), at=1))
    same(scaled(0.5, 0.25, 1), with_layers(layer("Rescaling", "r", scale=0.5, offset=0.25), at=3))
    same(scaled(255 / 80, -33 / 80), with_layers(norm(axis=[], mean=33.0, variance=6400.0), at=1))
    same(scaled(5, -0.5), with_layers(norm(axis=None, mean=0.1, variance=0.04), at=1))
    mean, variance = rng.random(12).astype("f4"), (rng.random(12) + 0.5).astype("f4")
    whole = scaled(255 / np.sqrt(variance), -mean / np.sqrt(variance))
    same(whole, with_layers(norm(), at=2), mean, variance, np.int64(7))
    same(whole, with_layers(norm(axis=[1, 2]), at=1), mean.reshape(4, 3), variance.reshape(4, 3),
         np.int64(7))
    columns = np.tile(mean[:3], 4), np.tile(variance[:3], 4)
    same(scaled(255 / np.sqrt(columns[1]), -columns[0] / np.sqrt(columns[1])),
         with_layers(norm(mean=mean[:3].tolist(), variance=variance[:3].tolist()), at=1))
    rows = np.repeat(mean[:4], 3), np.repeat(variance[:4], 3)
    same(scaled(255 / np.sqrt(rows[1]), -rows[0] / np.sqrt(rows[1])),
         with_layers(norm(axis=1), at=1), mean[:4], variance[:4], np.int64(7))
    byte = with_layers()
    byte[0]["config"]["dtype"] = "uint8"
    same(scaled(255, 0), byte)


def check_names(place):
    """A name that our files cannot have is replaced; one that they can is kept."""
    layers = keras2_layers()
    layers[3]["config"]["name"] = "Logits-1"
    for name in "first layer", "block.1":
        layers[2]["config"]["name"] = name
        expect(place, "4x3 flatten:flatten dense_1:dense:5:relu Logits-1:dense:3:softmax",
               text=config(layers), names=(name, "Logits-1"), style="keras30")


def check_refusals(place):
    def with_layer(entry, at=2):
        layers = keras2_layers()
        layers.insert(at, entry)
        return config(layers)

    refuse(place, "'conv' (Conv3D) has no counterpart", text=with_layer(layer("Conv3D", "conv")))
    refuse(place, "'conv' (Conv2D) takes what is not [rows,", text=with_layer(layer("Conv2D", "conv")))
    refuse(place, "'dense_1' (Dense) has activation 'gelu'", text=edited(2, activation="gelu"))
    refuse(place, "the last layer ('dense_2') must be dense, with activation softmax",
           text=edited(3, activation="tanh"))
    refuse(place, "'dense_1' (Dense) works on images row by row; put a Flatten before it",
           text=config(keras2_layers()[:1] + keras2_layers()[2:]))
    refuse(place, "'image' (InputLayer) has an input shape", text=edited(
        0, batch_input_shape=[None, 4, 3, 3]))
    refuse(place, "says nowhere what shape", text=config(keras2_layers()[1:]))
    refuse(place, "'re_lu' (ReLU) is not the plain", text=with_layer(
        layer("ReLU", "re_lu", max_value=6.0), 3))
    refuse(place, "'dropout' (Dropout) has no rate", text=with_layer(layer("Dropout", "dropout")))
    refuse(place, "has no units", text=edited(2, units="5"))
    for dtype in (policy("QuantizedDTypePolicy", mode="int8", source_name="float32"),
                  policy("QuantizedFloat8DTypePolicy", name="float8_from_float32")):
        refuse(place, "'dense_1' (Dense) is quantized (", text=edited(2, dtype=dtype))
    refuse(place, "dtype policy 'float8'", text=edited(2, dtype="float8"))
    refuse(place, "has lora_rank, which is not understood", text=edited(2, lora_rank=4))
    refuse(place, "has data_format channels_first", text=edited(1, data_format="channels_first"))
    refuse(place, "'mlp' (Sequential) is a model inside the model",
           text=with_layer(json.loads(config(keras2_layers()[2:3]))))
    refuse(place, "has invert, which is not understood", text=with_layer(
        layer("Normalization", "n", axis=-1, mean=0.5, variance=1.0, invert=True)))
    refuse(place, "layer 'n' has 0 numbers where 1 or 12 belong", text=with_layer(
        layer("Normalization", "n", axis=-1, mean=None, variance=None)))
    refuse(place, "layer 'r' has 2 numbers where 1 or 12 belong", text=with_layer(
        layer("Rescaling", "r", scale=[1, 2], offset=0)))
    refuse(place, "layer 'r' comes after the last one with weights", text=config(
        keras2_layers() + [layer("Rescaling", "r", scale=2.0, offset=0.0)]))
    refuse(place, "does not fit what it takes", text=with_layer(
        layer("Reshape", "r", target_shape=[5])))
    refuse(place, "does not follow a Dense or Conv2D layer without", text=config(with_layers(
        layer("Rescaling", "r", scale=2.0, offset=0.0),
        layer("Activation", "a", activation="relu"), at=3)))
    refuse(place, "holds integers, as quantized models do", dataset=dict(type="i1"))
    refuse(place, "/dense_1/extra belongs to no layer", change=lambda f: f.__setitem__(
        "model_weights/dense_1/extra", np.zeros(3, "f4")))
    chain = functional(keras2_layers(), False)
    refuse(place, "is not that of its last layer, 'dense_2', alone", text=config(
        chain, "Functional", output_layers=[["dense_1", 0, 0], ["dense_2", 0, 0]]))
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
    refuse(place, "dense_1/kernel:0 has no bias beside it", bias=False)
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


def main(place):
    check_forms(place)
    check_configurations(place)
    check_layers_without_counterpart(place)
    check_half(place)
    check_scaling(place)
    check_names(place)
    check_refusals(place)
    ours, raw = os.path.join(place, "ours.h5"), os.path.join(place, "raw")
    assert run("write", "small", 1, ours)[0] == 0
    assert run("keras", ours, raw)[1].startswith("4x3 flatten:flatten dense_1:dense:5:relu ")
    with h5py.File(ours, "r+") as file:
        file["history/loss"][0] = 5
    assert "damaged: @state_xxh3" in run("keras", ours, raw)[1]


with Place() as folder:
    main(folder.path)
