#!/usr/bin/env python3
"""compare_jax.py PROGRAM DATA [RANKS...]: an epoch of the notebook's model in JAX and in mnist_dist.

PROGRAM is the built mnist_dist, DATA a folder with MNIST's IDX files (plain or .gz), RANKS how many
ranks of mnist_dist to take (default 1 and 2). Prints one table.

JAX compiles the whole epoch, the steps scanned over a permutation of the images that lie on the
device; compiling is left out of its times. It runs on one core and, where it finds one, on a GPU.
Optional: for machines that have JAX, which is no package of Debian's."""
import os
import time

os.environ.setdefault("XLA_FLAGS",
                      "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp

import compare

RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7
WIDTHS = (784, 128, 64, 10)


def start_weights():
    """Glorot-uniform kernels and zero biases."""
    keys = jax.random.split(jax.random.PRNGKey(1), len(WIDTHS) - 1)
    return [(jax.random.uniform(key, (a, b), minval=-1.0, maxval=1.0) * (6 / (a + b)) ** 0.5,
             jnp.zeros(b)) for key, a, b in zip(keys, WIDTHS, WIDTHS[1:])]


def loss(weights, x, label):
    for w, b in weights[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = weights[-1]
    scores = jax.nn.log_softmax(x @ w + b)
    return -jnp.mean(jnp.take_along_axis(scores, label[:, None], axis=1))


def adam(state, gradient):
    weights, first, second, t = state
    t = t + 1
    over = jax.tree_util.tree_map
    first = over(lambda m, g: m + (1 - BETA_1) * (g - m), first, gradient)
    second = over(lambda v, g: v + (1 - BETA_2) * (g * g - v), second, gradient)
    rate = RATE * jnp.sqrt(1 - BETA_2 ** t) / (1 - BETA_1 ** t)
    weights = over(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), weights, first, second)
    return weights, first, second, t


def epoch_of(batch):
    """A compiled function: every step of an epoch but the partial last batch."""
    @jax.jit
    def epoch(state, key, images, labels):
        steps = len(labels) // batch
        order = jax.random.permutation(key, len(labels))[:steps * batch].reshape(steps, batch)

        def step(state, chosen):
            gradient = jax.grad(loss)(state[0], images[chosen], labels[chosen])
            return adam(state, gradient), None
        return jax.lax.scan(step, state, order)[0]
    return epoch


def contender(device, folder):
    images, labels = compare.load(folder)
    images = jax.device_put(images, device)
    labels = jax.device_put(labels.astype("int32"), device)
    compiled = {}

    def seconds(batch):
        with jax.default_device(device):
            weights = start_weights()
            zeros = jax.tree_util.tree_map(jnp.zeros_like, weights)
            state, key = (weights, zeros, zeros, jnp.float32(0)), jax.random.PRNGKey(2)
            if batch not in compiled:
                compiled[batch] = epoch_of(batch)
                jax.block_until_ready(compiled[batch](state, key, images, labels))
            start = time.perf_counter()
            jax.block_until_ready(compiled[batch](state, key, images, labels))
            return time.perf_counter() - start
    return seconds


def main():
    program, folder, ranks = compare.arguments(__doc__)
    contenders = compare.ours(program, folder, ranks)
    contenders["JAX, one core"] = contender(jax.devices("cpu")[0], folder)
    if jax.default_backend() == "gpu":
        contenders["JAX, GPU"] = contender(jax.devices()[0], folder)
    compare.run(f"JAX {jax.__version__}; {compare.MODEL}", contenders)


if __name__ == "__main__":
    main()
