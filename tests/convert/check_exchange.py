"""What is exported is what Keras 3 and NumPy look for; what they write is imported. Keras itself is
not needed: h5py, zipfile and NumPy make its accesses."""
import io
import json
import os
import zipfile

import h5py
import numpy as np

from keras_files import write_keras3_weights, write_legacy_weights
from layout import NOTEBOOK, run
from program import Place

SIZES = list(zip(NOTEBOOK, NOTEBOOK[1:]))


def model_of(path):
    """[kernel, bias, ...] of a checkpoint."""
    with h5py.File(path, "r") as file:
        group = file["model_weights"]
        return [group[f"{n.decode()}/{w.decode()}"][()] for n in group.attrs["layer_names"]
                for w in group[n].attrs["weight_names"]]


def adam_of(path):
    """iterations, learning rate, m0, v0, m1, v1, ... of a checkpoint."""
    with h5py.File(path, "r") as file:
        group = file["optimizer"]
        names = [f"dense_{i}/{role}" for i in range(1, len(group["m"]) + 1)
                 for role in ("kernel", "bias")]
        return [group["iterations"][()], group.attrs["learning_rate"]] + [
            group[f"{moment}/{name}"][()] for name in names for moment in "mv"]


def same(a, b):
    return len(a) == len(b) and all(
        np.shape(x) == np.shape(y) and np.allclose(x, y, rtol=1e-6, atol=0) for x, y in zip(a, b))


def check_weights_file(file, weights, adam):
    """As Keras 3's load_weights goes: vars by class and number, exactly as many as it counts."""
    assert list(file["vars"]) == []
    assert sorted(file["layers"]) == ["dense", "dense_1", "dense_2"]
    for i, name in enumerate(["dense", "dense_1", "dense_2"]):
        variables = file[f"layers/{name}/vars"]
        assert sorted(variables) == ["0", "1"]
        assert same([variables["0"][()], variables["1"][()]], weights[2 * i:2 * i + 2])
        assert "dtype" not in variables["0"].attrs
    variables = file["optimizer/vars"]
    assert sorted(variables, key=int) == [str(i) for i in range(2 + 2 * len(weights))]
    assert variables["0"].dtype.kind == "i" and variables["1"].dtype == np.float32
    assert same([variables[str(i)][()] for i in range(len(variables))], adam)


def check_exports(place, ours):
    weights, adam = model_of(ours), adam_of(ours)
    path = os.path.join(place, "a.weights.h5")
    assert run("export", "weights.h5", ours, path)[0] == 0
    with h5py.File(path, "r") as file:
        check_weights_file(file, weights, adam)
        assert file["layers/dense/vars/0"] == file["model_weights/dense_1/dense_1/kernel:0"]
    assert same(model_of(path), weights)
    assert os.path.getsize(path) < 1.2 * os.path.getsize(ours)

    path = os.path.join(place, "a.npz")
    assert run("export", "npz", ours, path)[0] == 0
    arrays = np.load(path)
    assert set(arrays) == {f"dense_{i}/{role}" for i in (1, 2, 3) for role in ("kernel", "bias")}
    assert same([arrays[f"dense_{i}/{role}"] for i in (1, 2, 3) for role in ("kernel", "bias")],
                weights)
    assert all(arrays[name].dtype == "<f4" for name in arrays)

    path = os.path.join(place, "a.keras")
    assert run("export", "keras", ours, path)[0] == 0
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    config = json.loads(archive.read("config.json"))
    assert config["module"] == "keras" and config["class_name"] == "Sequential"
    layers = config["config"]["layers"]
    assert [x["class_name"] for x in layers] == ["InputLayer", "Flatten", "Dense", "Dense", "Dense"]
    assert layers[0]["config"]["batch_shape"] == [None, 28, 28]
    assert "batch_input_shape" not in layers[0]["config"]
    optimizer = config["compile_config"]["optimizer"]
    assert optimizer["class_name"] == "Adam" and optimizer["config"]["beta_2"] == 0.999
    with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
        check_weights_file(file, weights, adam)
    metadata = json.loads(archive.read("metadata.json"))
    assert set(metadata) == {"keras_version", "date_saved"}

    for name, form in (("a.h5", "weights.h5"), ("a.zip", "keras"), (".npz", "npz")):
        status, output = run("export", form, ours, os.path.join(place, name))
        assert (status == 2 and "must end in" in output) or name == ".npz", output
    status, output = run("export", "npz", ours, os.path.join(place, "absent", "a.npz"))
    assert status == 1 and "No such file or directory" in output
    assert sorted(os.listdir(place)) == [".npz", "a.keras", "a.npz", "a.weights.h5", "ours.h5"]


def check_back(place, ours, name):
    """What was exported comes back: weights, Adam's state, the model."""
    path, back = os.path.join(place, name), os.path.join(place, "back.h5")
    assert run("import", path, back)[0] == 0
    assert same(model_of(back), model_of(ours)) and same(adam_of(back), adam_of(ours)), name
    with h5py.File(ours) as a, h5py.File(back) as b:
        assert a.attrs["model_config"] == b.attrs["model_config"]
        assert b["progress"].attrs["step"] == 0 or name == "ours.h5"
    assert run("read", back)[0] == 0


rng = np.random.default_rng(2)
WEIGHTS = [rng.standard_normal(s).astype("f4") for s in ((12, 5), (5,), (5, 3), (3,))]
MOMENTS = [[rng.standard_normal(w.shape).astype("f4"), rng.random(w.shape).astype("f4")]
           for w in WEIGHTS]
INTERLEAVED = [x for pair in MOMENTS for x in pair]
APART = [pair[0] for pair in MOMENTS] + [pair[1] for pair in MOMENTS]


LAYERS = {"flatten": (), "dense_1": WEIGHTS[:2], "drop": (), "dense_2": WEIGHTS[2:]}
KERAS3_LAYERS = {"dense": WEIGHTS[:2], "dense_1": WEIGHTS[2:], "dropout": (), "flatten": ()}


def imported(place, name, *given):
    back = os.path.join(place, "back.h5")
    status, output = run("import", os.path.join(place, name), back, *given)
    assert status == 0, output
    assert same(model_of(back), WEIGHTS)
    with h5py.File(back) as file:
        config = json.loads(file.attrs["model_config"])["config"]["layers"]
        return [x["class_name"] for x in config], adam_of(back)


def check_weights_only(place):
    guessed = ["InputLayer", "Flatten", "Dense", "Dense"]
    given = ["InputLayer", "Flatten", "Dense", "Dropout", "Dense"]
    write_legacy_weights(os.path.join(place, "w.h5"), LAYERS)
    write_keras3_weights(os.path.join(place, "w.weights.h5"), KERAS3_LAYERS)
    for name in "w.h5", "w.weights.h5":
        layers, adam = imported(place, name)
        assert layers == guessed and adam[0] == 0 and not any(np.any(x) for x in adam[2:])
        assert imported(place, name, "small")[0] == given


def check_homes(place):
    """Groups as Keras 2.12 to 2.14 and Windows name them, with dropout's seeds and metrics beside. The
    older ones list each layer with weights twice, and every second number is left out."""
    old = "_layer_checkpoint_dependencies"
    for home, second in (("layers/", 1), (old + "/", 1), (old + "/", 2), ("layers\\", 1),
                         (old + "\\", 1), (old + "\\", 2)):
        layers = {"dense": WEIGHTS[:2], f"dense_{second}": WEIGHTS[2:], "dropout": (), "flatten": (),
                  "dropout/seed_generator": [np.zeros(2, "u4")]}
        path = os.path.join(place, "w.weights.h5")
        write_keras3_weights(path, layers, home=home)
        with h5py.File(path, "r+") as file:
            file["metrics/mean/vars/0"] = np.float32(1)
        for given in (), ("small",):
            imported(place, "w.weights.h5", *given)


def check_bfloat16(place):
    """As Keras stores it: two bytes without a type, and their name beside them."""
    path = os.path.join(place, "w.weights.h5")
    halves = [(w.view("u4") >> 16).astype("<u2") for w in WEIGHTS]
    write_keras3_weights(path, {"dense": [h.view("V2") for h in halves[:2]],
                                "dense_1": [h.view("V2") for h in halves[2:]]})
    back = os.path.join(place, "back.h5")
    status, output = run("import", path, back)
    assert status == 4 and "where a number [12,5] belongs" in output, output
    with h5py.File(path, "r+") as file:
        for name in "dense/vars/0", "dense/vars/1", "dense_1/vars/0", "dense_1/vars/1":
            file["layers/" + name].attrs["dtype"] = "bfloat16"
    status, output = run("import", path, back)
    assert status == 0, output
    want = [(h.astype("u4") << 16).view("f4") for h in halves]
    assert all(np.array_equal(a, b) for a, b in zip(model_of(back), want, strict=True))


def check_adam_orders(place):
    path = os.path.join(place, "w.weights.h5")
    for state, rate in (([np.int64(7)] + APART, 0.001), ([np.int64(7)] + INTERLEAVED, 0.001),
                        ([np.int32(7), np.float32(0.25)] + INTERLEAVED, 0.25)):
        write_keras3_weights(path, KERAS3_LAYERS, state)
        assert same(imported(place, "w.weights.h5")[1], [7, rate] + INTERLEAVED)
    for state in ([np.int64(7)] + APART[:4], [np.int64(7)] + [-x for x in APART],
                  [np.int64(7)] + APART[:-1] + [np.zeros(99)], [np.int64(-7)] + APART):
        write_keras3_weights(path, KERAS3_LAYERS, state)
        adam = imported(place, "w.weights.h5")[1]
        assert adam[0] == 0 and not any(np.any(x) for x in adam[2:])


def check_images_are_guessed(place):
    path = os.path.join(place, "w.weights.h5")
    back = os.path.join(place, "back.h5")
    for inputs, shape in (9, [1, 9]), (64, [8, 8]), (65, [1, 65]):
        kernel = rng.standard_normal((inputs, 4)).astype("f4")
        write_keras3_weights(path, {"dense": (kernel, np.zeros(4, "f4"))})
        assert run("import", path, back)[0] == 0
        with h5py.File(back) as file:
            assert file.attrs["input_shape"].tolist() == shape


def check_refusals(place):
    def refuse(path, words, *given):
        status, output = run("import", path, os.path.join(place, "back.h5"), *given)
        assert status == 4 and words in output, (status, output)

    path = os.path.join(place, "w.weights.h5")
    write_keras3_weights(path, {"dense": WEIGHTS[:2], "dense_2": WEIGHTS[2:]})
    refuse(path, "/layers/dense_2/vars/0 belongs to no layer that is understood here")
    write_keras3_weights(path, {"dense": WEIGHTS[:2], "conv2d": WEIGHTS[2:]})
    refuse(path, "/layers/conv2d/vars/0 belongs to no layer that is understood here")
    for nested in "sequential/layers/dense", "time_distributed/layer", "dense_1/lora":
        write_keras3_weights(path, {"dense": WEIGHTS[:2], nested: WEIGHTS[2:]})
        for given in (), ("small",):
            refuse(path, f"/layers/{nested}/vars/0 belongs to no layer", *given)
    write_keras3_weights(path, {"dense": [WEIGHTS[0].astype("i1"), WEIGHTS[1], WEIGHTS[1]]})
    refuse(path, "/layers/dense/vars/0 holds integers, as quantized models do")
    write_keras3_weights(path, {"dense": WEIGHTS[:2] + [WEIGHTS[1]]})
    refuse(path, "a layer with 3 weights, and 2 are known")
    write_keras3_weights(path, {"dense": WEIGHTS[2:], "dense_1": WEIGHTS[:2]})
    refuse(path, "kernel 2 does not follow the one before it")
    write_keras3_weights(path, {"dense": WEIGHTS[:2]})
    refuse(path, "has weights for 1 layers; the model has 2", "small")
    with h5py.File(path, "w") as file:
        file["x"] = 1
    refuse(path, "neither a checkpoint nor a Keras model")
    archive = os.path.join(place, "b.keras")
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("metadata.json", "{}")
    refuse(archive, "the archive has no config.json")
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {
            "layers": [{"class_name": "LSTM", "config": {"name": "memory"}}]}}))
    refuse(archive, "'memory' (LSTM) has no counterpart here")
    content = bytearray(open(os.path.join(place, "a.keras"), "rb").read())
    content[content.index(b'"Sequential"') + 1] ^= 1
    open(archive, "wb").write(content)
    refuse(archive, "config.json is damaged")
    open(archive, "wb").write(b"PK\3\4" + b"\0" * 100)
    refuse(archive, "is not a zip archive")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        source = zipfile.ZipFile(os.path.join(place, "a.keras"))
        for name in source.namelist():
            out.writestr(name, source.read(name))
    assert run("import", archive, os.path.join(place, "back.h5"))[0] == 0


def main(place):
    ours = os.path.join(place, "ours.h5")
    assert run("write", "notebook", 2, ours)[0] == 0
    check_exports(place, ours)
    for name in "a.weights.h5", "a.keras", "ours.h5":
        check_back(place, ours, name)
    check_weights_only(place)
    check_homes(place)
    check_bfloat16(place)
    check_adam_orders(place)
    check_images_are_guessed(place)
    check_refusals(place)


with Place() as folder:
    main(folder.path)
