"""Whole-model .h5 files in the forms of Keras 2 and 3, made with h5py, give the model and the weights
they hold; what has no counterpart is refused by name."""
import copy
import json
import os

import h5py
import numpy as np

from layout import folder, run

rng = np.random.default_rng(1)
KERNELS = [rng.standard_normal(s).astype("f4") for s in ((12, 5), (5, 3))]
BIASES = [rng.standard_normal(n).astype("f4") for n in (5, 3)]
PLAIN = "4x3 flatten:flatten dense_1:dense:5:relu dense_2:dense:3:softmax"


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, **config}}


def keras2_layers():
    return [layer("InputLayer", "image", batch_input_shape=[None, 4, 3], dtype="float32"),
            layer("Flatten", "flatten", data_format="channels_last"),
            layer("Dense", "dense_1", units=5, activation="relu", use_bias=True,
                  kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None}}),
            layer("Dense", "dense_2", units=3, activation="softmax", use_bias=True)]


def keras3_layers():
    layers = keras2_layers()
    layers[0]["config"] = {"name": "image", "batch_shape": [None, 4, 3], "sparse": False}
    for entry in layers:
        entry.update(module="keras.layers", registered_name=None, build_config={"input_shape": []})
        entry["config"]["dtype"] = {"module": "keras", "class_name": "DTypePolicy",
                                    "config": {"name": "float32"}, "registered_name": None}
    return layers


def functional(layers, keras3):
    for before, entry in zip(layers, layers[1:]):
        name = before["config"]["name"]
        entry["inbound_nodes"] = [{"args": [{"class_name": "__keras_tensor__", "config": {
            "shape": [None], "dtype": "float32", "keras_history": [name, 0, 0]}}], "kwargs": {}}] \
            if keras3 else [[[name, 0, 0, {}]]]
    layers[0]["inbound_nodes"] = []
    for entry in layers:
        entry["name"] = entry["config"]["name"]
    return layers


def config(layers, class_name="Sequential", **more):
    return json.dumps({"class_name": class_name, "config": {"name": "mlp", "layers": layers,
                                                            **more}})


def fixed(names):
    return np.array([n.encode() for n in names])  # numpy's S: fixed-length, NULLPAD


def variable_utf8(names):
    return np.array(names, dtype=h5py.string_dtype("utf-8"))


def variable_ascii(names):
    return np.array([n.encode() for n in names], dtype=h5py.string_dtype("ascii"))


def put_names(group, name, names, strings, parts=1):
    """h5py writes an empty list as float64 [0]; Keras splits a long one into NAME0, NAME1, ..."""
    if not names:
        group.attrs[name] = np.zeros(0)
    elif parts == 1:
        group.attrs[name] = strings(names)
    else:
        for i, part in enumerate(np.array_split(names, parts)):
            group.attrs[f"{name}{i}"] = strings(list(part))


STYLES = {"keras2": "{0}/{1}:0", "keras30": "{1}", "keras33": "{0}/{1}", "sequential": "mlp/{0}/{1}"}


def write(path, text=None, style="keras2", strings=fixed, with_input=False, parts=1, bias=True,
          weightless=True, names=("dense_1", "dense_2"), dataset=None, kernels=None):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = text or config(keras2_layers())
        file.attrs["keras_version"] = "2.15.0"
        root = file.create_group("model_weights")
        listed = (["image"] if with_input else []) + (["flatten"] if weightless else [])
        put_names(root, "layer_names", listed + list(names), strings, parts)
        for name in listed:
            put_names(root.create_group(name), "weight_names", [], strings)
        for name, kernel, vector in zip(names, kernels or KERNELS, BIASES):
            group = root.create_group(name)
            weights = {STYLES[style].format(name, "kernel"): kernel}
            if bias:
                weights[STYLES[style].format(name, "bias")] = vector
            put_names(group, "weight_names", list(weights), strings, parts)
            for weight, values in weights.items():
                group.create_dataset(weight, data=values.astype((dataset or {}).get("type", "f4")),
                                     **{k: v for k, v in (dataset or {}).items() if k != "type"})
        file.create_group("optimizer_weights").attrs["weight_names"] = strings(["iter:0"])


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
    expect(place, "1x12 dense_1:dense:5:relu dense_2:dense:3:softmax", text=config(layers))
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
    refuse(place, "has weights for 1 dense layers; the model has 2", names=("dense_1",))
    refuse(place, "has weights for 3 dense layers; the model has 2",
           names=("dense_1", "dense_2", "dense_3"), kernels=KERNELS + [KERNELS[1]], change=lambda f: (
               f.create_group("model_weights/dense_3").attrs.create(
                   "weight_names", fixed(["kernel"]))))
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
