"""The published layout of a checkpoint, seen through h5py: every object with its type, shape and
attributes; the accesses of Keras' loader; the digests from their definitions; and the golden
logits recomputed from the kernels."""
import json
import os

import h5py
import numpy as np

from layout import NOTEBOOK, digest, run, state_digest
from program import Place

EPOCHS = 3
TENSORS = {}
for i, (inputs, outputs) in enumerate(zip(NOTEBOOK, NOTEBOOK[1:]), 1):
    TENSORS[f"dense_{i}/kernel"] = (inputs, outputs)
    TENSORS[f"dense_{i}/bias"] = (outputs,)

HISTORY = dict(epoch="i8", step="i8", loss="f8", accuracy="f8", val_loss="f8", val_accuracy="f8",
               learning_rate="f8", seconds="f8", images_per_second="f8", weights_xxh3="u8")
CHAIN = dict(step="i8", weights_xxh3="u8")
LEDGER = dict(epoch="i8", rank="i4", ranks="i4", compute_s="f8", wait_s="f8", io_s="f8")


def check_dataset(file, path, dtype, shape):
    """Contiguous and without filters, as every viewer reads it."""
    data = file[path]
    assert data.dtype == np.dtype("<" + dtype), (path, data.dtype)
    assert data.shape == shape, (path, data.shape)
    plist = data.id.get_create_plist()
    assert plist.get_layout() == h5py.h5d.CONTIGUOUS and plist.get_nfilters() == 0, path
    return data


def check_datasets(file):
    for name, shape in TENSORS.items():
        layer = name.split("/")[0]
        kernel = len(shape) == 2
        data = check_dataset(file, f"/model_weights/{layer}/{name}:0", "f4", shape)
        assert dict(data.attrs) == ({"axes": b"in,out"} if kernel else {}), name
        for moment in "mv":
            check_dataset(file, f"/optimizer/{moment}/{name}", "f4", shape)
    check_dataset(file, "/optimizer/iterations", "i8", ())
    for group, columns, rows in (("history", HISTORY, EPOCHS), ("chain", CHAIN, EPOCHS),
                                 ("ledger", LEDGER, 2 * EPOCHS)):
        assert set(file[group]) >= set(columns)  # columns may be added, but none goes
        for name in file[group]:
            dtype = columns.get(name, file[group][name].dtype.str[1:])
            data = check_dataset(file, f"/{group}/{name}", dtype, (rows,))
            assert set(data.attrs) == {"description", "units"}, name
    for name, dtype, shape in (("images", "u1", (4, 28, 28)), ("labels", "u1", (4,)),
                               ("logits", "f4", (4, 10))):
        assert set(check_dataset(file, f"/golden/{name}", dtype, shape).attrs) == {"description"}


def check_text(obj, *names):
    """Scalar fixed-length strings of exactly their bytes; an empty one is a zero byte."""
    for name in names:
        attribute = h5py.h5a.open(obj.id, name.encode())
        kind = attribute.get_type()
        assert not kind.is_variable_str() and attribute.shape == (), name
        assert kind.get_strpad() == h5py.h5t.STR_NULLPAD, name
        assert kind.get_size() == max(1, len(obj.attrs[name])), name


def check_numbers(obj, **types):
    for name, dtype in types.items():
        attribute = h5py.h5a.open(obj.id, name.encode())
        assert attribute.dtype == np.dtype("<" + dtype), (name, attribute.dtype)
        assert attribute.shape == ((2,) if name == "input_shape" else ()), name


def check_attributes(file):
    root = ["keras_version", "backend", "model_config", "model", "schema", "created_by", "description",
            "weights_xxh3", "state_xxh3"]
    check_text(file, *root)
    check_numbers(file, schema_version="i4", input_shape="i4")
    assert set(file.attrs) == {*root, "schema_version", "input_shape"}
    assert file.attrs["schema"] == b"mnist_dist" and file.attrs["schema_version"] == 1
    assert file.attrs["keras_version"] == b"2.15.0" and file.attrs["backend"] == b"tensorflow"
    check_text(file["model_weights"], "keras_version", "backend")
    check_text(file["optimizer"], "name")
    check_numbers(file["optimizer"], learning_rate="f8", beta_1="f8", beta_2="f8", epsilon="f8")
    check_numbers(file["progress"], seed="u8", epoch="i8", step="i8", step_in_epoch="i8",
                  best_val_accuracy="f8", best_epoch="i8", loss_sum="f8", loss_q32="i8", correct="i8",
                  samples="i8", complete="i4")
    assert list(file["run"]) == ["0001", "0002"]
    for run_group in file["run"].values():
        check_text(run_group, "config", "command_line", "hosts", "reducer", "kernels", "storage",
                   "version", "version_mpi", "version_hdf5", "version_blas", "data_sha256",
                   "started", "saved")
        check_numbers(run_group, ranks="i4", nodes="i4", exponent="i4")


def check_values(file):
    """A few values that the fixture is known to hold."""
    assert file["progress"].attrs["seed"] == 2**64 - 42
    assert file["progress"].attrs["loss_q32"] == 2**53 + 1
    assert file["progress"].attrs["loss_sum"] == 2**21
    assert file["history/epoch"][:].tolist() == [1, 2, 3]
    assert file["history/weights_xxh3"][0] == 0xfedcba9876543211
    assert file["run/0001"].attrs["hosts"].decode() == "n\u00f6de1"
    assert file["run/0002"].attrs["exponent"] == 40


def load_as_keras(file):
    """Keras' legacy loader: configuration, layer_names, weight_names below each layer's group,
    paired by order with the layers that have weights. Gives [(activation, kernel, bias)]."""
    assert "training_config" not in file.attrs and "optimizer_weights" not in file
    config = json.loads(file.attrs["model_config"].decode("utf8"))
    assert config["class_name"] == "Sequential" and config["config"]["name"] == "mlp"
    layers = config["config"]["layers"]
    assert layers[0]["class_name"] == "InputLayer"
    assert layers[0]["config"]["batch_input_shape"] == [None, 28, 28]
    assert layers[1]["class_name"] == "Flatten"
    assert all("module" not in layer and set(layer) == {"class_name", "config"}
               for layer in layers)
    weights = file["model_weights"]
    saved = []
    for name in weights.attrs["layer_names"]:
        group = weights[name.decode("utf8")]
        names = [n.decode("utf8") for n in group.attrs["weight_names"]]
        assert group.attrs["weight_names"].dtype.itemsize == max([1, *map(len, names)])
        assert names or group.attrs["weight_names"].shape == (0,)
        if names:
            saved.append([np.asarray(group[n]) for n in names])
    dense = [layer["config"] for layer in layers if layer["class_name"] == "Dense"]
    assert len(saved) == len(dense)
    for (kernel, bias), layer in zip(saved, dense):
        assert layer["use_bias"] is True
        assert kernel.shape[1] == layer["units"] and bias.shape == (layer["units"],)
    return [(layer["activation"], *pair) for layer, pair in zip(dense, saved)]


def check_golden(file, model):
    x = file["golden/images"][:].reshape(4, -1) / 255.0
    for activation, kernel, bias in model:
        x = x @ kernel.astype("f8") + bias
        x = np.maximum(x, 0) if activation == "relu" else x
    assert np.allclose(x, file["golden/logits"][:], rtol=1e-6, atol=1e-5)
    assert np.abs(x).max() > 0.1


def check_golden_in_torch(file, model):
    """The same, where PyTorch is installed, by its own float32 arithmetic."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: skipped")
        return
    x = torch.from_numpy(file["golden/images"][:].reshape(4, -1)).float() / 255
    for activation, kernel, bias in model:
        x = torch.nn.functional.linear(x, torch.from_numpy(kernel.T.copy()), torch.from_numpy(bias))
        x = torch.relu(x) if activation == "relu" else x
    assert np.allclose(x.numpy(), file["golden/logits"][:], rtol=1e-4, atol=1e-3)


def check_digests(file, model):
    parameters = b"".join(w.astype("<f4").tobytes() for layer in model for w in layer[1:])
    assert file.attrs["weights_xxh3"].decode() == digest(parameters)
    assert file.attrs["state_xxh3"].decode() == state_digest(file)


def main(place):
    path = os.path.join(place, "last.h5")
    assert run("write", "notebook", EPOCHS, path) == (0, "0")
    with h5py.File(path, "r") as file:
        check_datasets(file)
        check_attributes(file)
        check_values(file)
        model = load_as_keras(file)
        check_golden(file, model)
        check_golden_in_torch(file, model)
        check_digests(file, model)
    content = open(path, "rb").read()
    assert content[-32:] == b"mnist_dist seal " + digest(content[:-32]).encode()


with Place() as folder:
    main(folder.path)
