/* -t log(p) - (1 - t) log(1 - p), p = 1 / (1 + exp(-z)), mean over the outputs, in nats. From z
 * itself, fused with the sigmoid: max(z, 0) - t z + log(1 + exp(-|z|)), which neither overflows nor
 * loses what is left of 1 - p. One output may have the class 0 or 1 as its target. Counts the
 * outputs on the right side of p = 1/2, which itself is 0, as Keras' binary accuracy. */
#include <math.h>

#include "mnist_dist/nn/loss.h"

enum { AT_ONCE = 256 };

static float target_of(const md_loss_batch *b, size_t output)
{
    return b->targets ? b->targets[output] : (float)b->labels[output];
}

/* What exp(-|z|) adds to the loss: log(1 + x), with what 1 + x lost to rounding. */
static void add_tails(const md_kernels *kernels, const float *z, size_t count, float *loss)
{
    float x[AT_ONCE], log_of[AT_ONCE];
    for (size_t i = 0; i < count; i++)
        x[i] = -fabsf(z[i]);
    kernels->exp(x, count);
    for (size_t i = 0; i < count; i++)
        log_of[i] = 1.0f + x[i];
    kernels->log(log_of, count);
    for (size_t i = 0; i < count; i++) {
        const float sum = 1.0f + x[i];
        loss[i] += log_of[i] + (x[i] - (sum - 1.0f)) / sum;
    }
}

/* The losses of `count` outputs from number `first` on, AT_ONCE at most. */
static size_t compare(const md_loss_batch *b, size_t first, size_t count, float *loss)
{
    const float *z = b->z + first;
    size_t right = 0;
    for (size_t i = 0; i < count; i++) {
        const float t = target_of(b, first + i);
        loss[i] = (z[i] > 0.0f ? z[i] : 0.0f) - t * z[i];
        right += (z[i] > 0.0f) == (t > 0.5f);
    }
    add_tails(b->kernels, z, count, loss);
    return right;
}

static void subtract_targets(const md_loss_batch *b)
{
    const float width = (float)b->width;
    for (size_t i = 0; i < b->n * b->width; i++) {
        const float t = target_of(b, i);
        b->dz[i] = (b->dz[i] - t) / width;
    }
}

/* The mean over each sample's outputs, which may begin in one stretch and end in the next. */
static size_t compute(const md_loss_batch *b)
{
    const size_t outputs = b->n * b->width;
    size_t right = 0;
    double sum = 0.0;
    for (size_t first = 0; first < outputs; first += AT_ONCE) {
        float loss[AT_ONCE];
        const size_t count = outputs - first < AT_ONCE ? outputs - first : AT_ONCE;
        right += compare(b, first, count, loss);
        for (size_t i = 0; i < count; i++) {
            sum += (double)loss[i];
            if ((first + i + 1) % b->width > 0)
                continue;
            b->loss[(first + i) / b->width] = (float)(sum / (double)b->width);
            sum = 0.0;
        }
    }
    for (size_t i = 0; i < outputs; i++)
        b->dz[i] = b->z[i];
    b->kernels->sigmoid(b->dz, outputs);
    subtract_targets(b);
    return right;
}

static double twin(const md_model_spec *spec, const double *z, const double *target, size_t width)
{
    (void)spec;
    double sum = 0.0;
    for (size_t k = 0; k < width; k++)
        sum += fmax(z[k], 0.0) - target[k] * z[k] + log1p(exp(-fabs(z[k])));
    return sum / (double)width;
}

const md_loss md_loss_binary_crossentropy = {.compute = compute, .twin = twin};
