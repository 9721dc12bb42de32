#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Memory of a test: there is nothing sensible to do without it. */
static double *zeros(size_t count)
{
    double *x = calloc(count ? count : 1, sizeof *x);
    if (!x)
        abort();
    return x;
}

static double activate(md_activation activation, double x)
{
    switch (activation) {
    case MD_RELU:
        return x > 0.0 ? x : 0.0;
    case MD_TANH:
        return tanh(x);
    case MD_SIGMOID:
        return 1.0 / (1.0 + exp(-x));
    case MD_LINEAR:
    case MD_SOFTMAX:
        break;
    }
    return x;
}

static double slope(md_activation activation, double x)
{
    double y = activate(activation, x);
    switch (activation) {
    case MD_RELU:
        return x > 0.0 ? 1.0 : 0.0;
    case MD_TANH:
        return 1.0 - y * y;
    case MD_SIGMOID:
        return y * (1.0 - y);
    case MD_LINEAR:
    case MD_SOFTMAX:
        break;
    }
    return 1.0;
}

/* One sample's way through the network: what each layer got, and its sums before activation. */
typedef struct trace {
    double *input[MD_MAX_LAYERS], *sum[MD_MAX_LAYERS];
    size_t in[MD_MAX_LAYERS], out[MD_MAX_LAYERS];
    const double *kernel[MD_MAX_LAYERS], *bias[MD_MAX_LAYERS];
    size_t kernel_at[MD_MAX_LAYERS], bias_at[MD_MAX_LAYERS];
} trace;

static trace make_trace(const md_model_spec *spec, const double *parameters)
{
    trace t;
    size_t width = (size_t)spec->rows * (size_t)spec->columns, at = 0;
    for (int l = 0; l < spec->layer_count; l++) {
        t.in[l] = t.out[l] = width;
        if (spec->layers[l].kind == MD_LAYER_DENSE) {
            t.out[l] = (size_t)spec->layers[l].units;
            t.kernel_at[l] = at;
            t.bias_at[l] = at + t.in[l] * t.out[l];
            at = t.bias_at[l] + t.out[l];
            t.kernel[l] = parameters + t.kernel_at[l];
            t.bias[l] = parameters + t.bias_at[l];
        }
        width = t.out[l];
        t.input[l] = zeros(t.in[l]);
        t.sum[l] = zeros(t.out[l]);
    }
    return t;
}

static void free_trace(const md_model_spec *spec, trace *t)
{
    for (int l = 0; l < spec->layer_count; l++) {
        free(t->input[l]);
        free(t->sum[l]);
    }
}

static void run_layer(const md_model_spec *spec, trace *t, int l, const double *mask, double *y)
{
    for (size_t j = 0; j < t->out[l]; j++) {
        double sum = 0.0;
        if (spec->layers[l].kind == MD_LAYER_DENSE) {
            sum = t->bias[l][j];
            for (size_t i = 0; i < t->in[l]; i++)
                sum += t->input[l][i] * t->kernel[l][i * t->out[l] + j];
        } else {
            sum = t->input[l][j] * (mask ? mask[j] : 1.0);
        }
        t->sum[l][j] = sum;
        y[j] = spec->layers[l].kind == MD_LAYER_DENSE ? activate(spec->layers[l].activation, sum)
                                                      : sum;
    }
}

static void run_sample(const md_model_spec *spec, trace *t, const md_reference_batch *batch,
                       size_t sample, double *logits)
{
    memcpy(t->input[0], batch->pixels + sample * t->in[0], t->in[0] * sizeof(double));
    for (int l = 0; l < spec->layer_count; l++) {
        const double *mask = batch->masks[l] ? batch->masks[l] + sample * t->in[l] : NULL;
        run_layer(spec, t, l, mask, l + 1 < spec->layer_count ? t->input[l + 1] : logits);
    }
}

/* p = softmax(logits); returns -log p[label]. */
static double softmax(const double *logits, size_t classes, size_t label, double *p)
{
    double top = logits[0], sum = 0.0;
    for (size_t c = 1; c < classes; c++)
        top = fmax(top, logits[c]);
    for (size_t c = 0; c < classes; c++)
        sum += p[c] = exp(logits[c] - top);
    for (size_t c = 0; c < classes; c++)
        p[c] /= sum;
    return log(sum) + top - logits[label];
}

void md_reference_forward(const md_model_spec *spec, const double *parameters,
                          const md_reference_batch *batch, double *logits)
{
    trace t = make_trace(spec, parameters);
    size_t classes = t.out[spec->layer_count - 1];
    for (size_t s = 0; s < batch->samples; s++)
        run_sample(spec, &t, batch, s, logits + s * classes);
    free_trace(spec, &t);
}

double md_reference_loss(const md_model_spec *spec, const double *parameters,
                         const md_reference_batch *batch)
{
    size_t classes = (size_t)md_model_spec_classes(spec);
    double *logits = zeros(batch->samples * classes), *p = zeros(classes), loss = 0.0;
    md_reference_forward(spec, parameters, batch, logits);
    for (size_t s = 0; s < batch->samples; s++)
        loss += softmax(logits + s * classes, classes, batch->labels[s], p);
    free(logits);
    free(p);
    return loss;
}

/* From dy[out] by the layer's output: adds to the gradient and fills dx[in]. */
static void back_layer(const md_model_spec *spec, const trace *t, int l, const double *mask,
                       const double *dy, double *dx, double *gradient)
{
    memset(dx, 0, t->in[l] * sizeof *dx);
    for (size_t j = 0; j < t->out[l]; j++) {
        if (spec->layers[l].kind != MD_LAYER_DENSE) {
            dx[j] = dy[j] * (mask ? mask[j] : 1.0);
            continue;
        }
        double d = dy[j] * slope(spec->layers[l].activation, t->sum[l][j]);
        gradient[t->bias_at[l] + j] += d;
        for (size_t i = 0; i < t->in[l]; i++) {
            gradient[t->kernel_at[l] + i * t->out[l] + j] += d * t->input[l][i];
            dx[i] += d * t->kernel[l][i * t->out[l] + j];
        }
    }
}

void md_reference_gradient(const md_model_spec *spec, const double *parameters,
                           const md_reference_batch *batch, double *gradient)
{
    trace t = make_trace(spec, parameters);
    int last = spec->layer_count - 1;
    size_t widest = t.in[0];
    for (int l = 0; l <= last; l++)
        widest = t.out[l] > widest ? t.out[l] : widest;
    double *dy = zeros(widest), *dx = zeros(widest), *logits = zeros(t.out[last]);
    memset(gradient, 0, (t.bias_at[last] + t.out[last]) * sizeof *gradient);
    for (size_t s = 0; s < batch->samples; s++) {
        run_sample(spec, &t, batch, s, logits);
        softmax(logits, t.out[last], batch->labels[s], dy);
        dy[batch->labels[s]] -= 1.0;
        for (int l = last; l >= 0; l--) {
            const double *mask = batch->masks[l] ? batch->masks[l] + s * t.in[l] : NULL;
            back_layer(spec, &t, l, mask, dy, dx, gradient);
            memcpy(dy, dx, t.in[l] * sizeof *dy);
        }
    }
    free(dy);
    free(dx);
    free(logits);
    free_trace(spec, &t);
}

void md_reference_step(const md_optimizer_spec *params, int64_t t, double scale, size_t count,
                       const double *g, double *w, double *const moments[MD_MAX_MOMENTS])
{
    double lr = params->learning_rate, b1 = params->beta_1, b2 = params->beta_2;
    int decays = params->kind == MD_OPTIMIZER_ADAMW;
    double *m = moments[0], *v = moments[1];
    for (size_t i = 0; i < count; i++) {
        if (params->kind == MD_OPTIMIZER_SGD) {
            m[i] = params->momentum * m[i] - lr * scale * g[i];
            w[i] += m[i];
            continue;
        }
        m[i] = b1 * m[i] + (1.0 - b1) * scale * g[i];
        v[i] = b2 * v[i] + (1.0 - b2) * scale * g[i] * scale * g[i];
        if (decays)
            w[i] -= lr * params->weight_decay * w[i];
        double rate = lr * sqrt(1.0 - pow(b2, (double)t)) / (1.0 - pow(b1, (double)t));
        w[i] -= rate * m[i] / (sqrt(v[i]) + params->epsilon);
    }
}
