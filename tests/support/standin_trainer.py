"""Keras' arithmetic of training in double: the gradient of dense layers, and its optimizers, with what its
configuration says of them."""
import numpy as np

DERIVATIVES = {"relu": lambda y: y > 0, "tanh": lambda y: 1 - y * y, "linear": np.ones_like,
               "sigmoid": lambda y: y * (1 - y)}


def gradients(weights, activations, images, labels, forward):
    """Of the mean loss, in the order of weights: [kernel, bias, ...]."""
    values = [images.reshape(len(images), -1).astype(float)]
    for i, activation in enumerate(activations):
        values.append(forward([(weights[2 * i], weights[2 * i + 1], activation)], values[-1]))
    powers = np.exp(values[-1] - values[-1].max(1, keepdims=True))
    delta = powers / powers.sum(1, keepdims=True)
    delta[np.arange(len(labels)), labels] -= 1
    delta /= len(labels)
    found = []
    for i in reversed(range(len(activations))):
        found[:0] = [values[i].T @ delta, delta.sum(0)]
        if i:
            delta = delta @ weights[2 * i].T * DERIVATIVES[activations[i - 1]](values[i])
    return found


def rate_at(rate, step):
    """learning_rate of an optimizer's configuration."""
    if not isinstance(rate, dict):
        return rate
    c = rate["config"]
    if rate["class_name"] == "ExponentialDecay":
        assert c["staircase"] is True
        return c["initial_learning_rate"] * c["decay_rate"] ** (step // c["decay_steps"])
    assert rate["class_name"] == "CosineDecay"
    base, warmup = c["initial_learning_rate"], c.get("warmup_steps", 0)
    if warmup:
        base = c["warmup_target"]
        assert step >= warmup
    share = min(step - warmup, c["decay_steps"]) / c["decay_steps"]
    return base * ((1 - c["alpha"]) * 0.5 * (1 + np.cos(np.pi * share)) + c["alpha"])


class Optimizer:
    """As keras.optimizers builds it from {"class_name": ..., "config": ...}, with the state it saved."""

    def __init__(self, entry, state):
        self.name, self.config, state = entry["class_name"], entry["config"], list(state)
        self.iterations = int(state.pop(0))
        if not isinstance(self.config["learning_rate"], dict):
            assert np.float32(self.config["learning_rate"]) == np.float32(state.pop(0))
        self.moments = [np.array(x, float) for x in state]

    def step(self, weights, found):
        c, rate = self.config, rate_at(self.config["learning_rate"], self.iterations)
        limit = c.get("global_clipnorm")
        if limit:
            norm = np.sqrt(sum((g * g).sum() for g in found))
            found = [g * limit / max(norm, limit) for g in found]
        if c.get("weight_decay"):
            weights = [w - w * c["weight_decay"] * rate for w in weights]
        self.iterations += 1
        return [w + self.update(i, g, rate) for i, (w, g) in enumerate(zip(weights, found))]

    def update(self, i, g, rate):
        c, t = self.config, self.iterations
        if self.name == "SGD":
            if not c["momentum"]:
                return -rate * g
            self.moments[i] = c["momentum"] * self.moments[i] - rate * g
            return self.moments[i]
        m, v = self.moments[2 * i], self.moments[2 * i + 1]
        m += (g - m) * (1 - c["beta_1"])
        v += (g * g - v) * (1 - c["beta_2"])
        alpha = rate * np.sqrt(1 - c["beta_2"] ** t) / (1 - c["beta_1"] ** t)
        return -alpha * m / (np.sqrt(v) + c["epsilon"])


def go_on(model, entry, state, images, labels, batches, forward):
    """Weights [kernel, bias, ...] after a step for each (begin, end) of `batches`; model: [(kernel, bias,
    activation), ...]."""
    weights = [np.array(w, float) for k, b, _ in model for w in (k, b)]
    optimizer = Optimizer(entry, state)
    for begin, end in batches:
        weights = optimizer.step(weights, gradients(weights, [a for *_, a in model], images[begin:end],
                                                    labels[begin:end], forward))
    return weights
