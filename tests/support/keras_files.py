"""Model files as Keras 2 and 3 write them, in every dialect that a reader has to take. Keras itself is
not needed: h5py and zipfile make them."""
import io
import json
import zipfile

import h5py
import numpy as np


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, **config}}


def keras2_layers(shape=(4, 3)):
    """5 units with relu and 3 with softmax on images of `shape`."""
    return [layer("InputLayer", "image", batch_input_shape=[None, *shape], dtype="float32"),
            layer("Flatten", "flatten", data_format="channels_last"),
            layer("Dense", "dense_1", units=5, activation="relu", use_bias=True,
                  kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None}}),
            layer("Dense", "dense_2", units=3, activation="softmax", use_bias=True)]


def keras3_layers(shape=(4, 3)):
    layers = keras2_layers(shape)
    layers[0]["config"] = {"name": "image", "batch_shape": [None, *shape], "sparse": False}
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


def put_names(group, name, names, strings=fixed, parts=1):
    """h5py writes an empty list as float64 [0]; Keras splits a long one into NAME0, NAME1, ..."""
    if not names:
        group.attrs[name] = np.zeros(0)
    elif parts == 1:
        group.attrs[name] = strings(names)
    else:
        for i, part in enumerate(np.array_split(names, parts)):
            group.attrs[f"{name}{i}"] = strings(list(part))


STYLES = {"keras2": "{0}/{1}:0", "keras30": "{1}", "keras33": "{0}/{1}", "sequential": "mlp/{0}/{1}"}


ROLES = [(), ("kernel",), ("kernel", "bias"), ("mean", "variance", "count"),
         ("gamma", "beta", "moving_mean", "moving_variance")]


def put_weights(root, layers, style="keras2", strings=fixed, parts=1, dataset=None):
    """layers: name -> the values of one of ROLES, in order."""
    put_names(root, "layer_names", list(layers), strings, parts)
    for name, values in layers.items():
        group = root.create_group(name)
        weights = {STYLES[style].format(name, role): value
                   for role, value in zip(ROLES[len(values)], values)}
        put_names(group, "weight_names", list(weights), strings, parts)
        for weight, value in weights.items():
            group.create_dataset(weight, data=value.astype((dataset or {}).get("type", "f4")),
                                 **{k: v for k, v in (dataset or {}).items() if k != "type"})


def write_model(path, text, layers, optimizer=None, **form):
    """model.save("m.h5"); form: see put_weights."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = text
        if optimizer:
            file.attrs["training_config"] = json.dumps({"loss": "x", "optimizer_config": optimizer})
        file.attrs["keras_version"] = "2.15.0"
        put_weights(file.create_group("model_weights"), layers, **form)
        put_names(file.create_group("optimizer_weights"), "weight_names", ["iter:0"],
                  form.get("strings", fixed))


def write_legacy_weights(path, layers):
    """model.save_weights("w.h5") of Keras 2: the content of /model_weights at the root."""
    with h5py.File(path, "w") as file:
        put_weights(file, layers)


def write_keras3_weights(path, layers, state=(), home="layers/"):
    """model.save_weights("x.weights.h5") of Keras 3; layers by class: dense, dense_1, ...; home: what
    other versions and systems put before that."""
    with h5py.File(path, "w") as file:
        file.create_group("vars")
        for name, values in layers.items():
            group = file.create_group(f"{home}{name}/vars")
            group.attrs["name"] = name
            for i, value in enumerate(values):
                group[str(i)] = value
        for i, value in enumerate(state):
            file[f"optimizer/vars/{i}"] = value


def write_archive(path, text, layers, state=(), optimizer=None):
    """model.save("m.keras")."""
    if optimizer:
        text = json.dumps({**json.loads(text), "compile_config": {"optimizer": optimizer}})
    weights = io.BytesIO()
    write_keras3_weights(weights, layers, state)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("metadata.json", "{}")
        out.writestr("config.json", text)
        out.writestr("model.weights.h5", weights.getvalue())
