#include "mnist_dist/nn/twin.h"

#include <stdlib.h>

#include "layer.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/nn/loss.h"

/* Of the differences: rounding and curvature both small, and few of a convolution's many relus and
 * largest values change sides within it. */
static const double step_size = 1e-6;

struct md_twin {
    md_model_spec spec;
    md_layout layout;
    md_layer layers[MD_MAX_LAYERS]; /* without state */
    const md_loss *loss;
    double *here, *there; /* [widest]: before and after a layer */
    double *target;       /* [outputs] */
};

md_status md_twin_create(const md_model_spec *spec, md_twin **out, md_error *err)
{
    *out = NULL;
    void *created;
    md_status status = md_allocate(&created, 1, sizeof **out, "the twin", err);
    if (status)
        return status;
    md_twin *t = created;
    *t = (md_twin){.spec = *spec, .loss = md_loss_find(md_model_spec_loss(spec))};
    md_model_spec_layout(&t->spec, &t->layout);
    md_layers_describe(&t->spec, &t->layout, t->layers);
    size_t widest = t->layers[0].in;
    for (int i = 0; i < spec->layer_count; i++)
        widest = t->layers[i].out > widest ? t->layers[i].out : widest;
    status = md_allocate((void **)&t->here, widest, sizeof *t->here, "the twin", err);
    if (!status)
        status = md_allocate((void **)&t->there, widest, sizeof *t->there, "the twin", err);
    if (!status)
        status = md_allocate((void **)&t->target, (size_t)md_model_spec_outputs(spec),
                             sizeof *t->target, "the twin", err);
    if (status)
        md_twin_destroy(&t);
    *out = t;
    return status;
}

void md_twin_destroy(md_twin **twin)
{
    if (!*twin)
        return;
    free((*twin)->here);
    free((*twin)->there);
    free((*twin)->target);
    free(*twin);
    *twin = NULL;
}

const double *md_twin_logits(md_twin *t, const double *parameters, const md_twin_batch *batch,
                             size_t n)
{
    const md_batch sample = {.samples = 1, .ids = batch->ids ? batch->ids + n : NULL};
    const md_context context = {.batch = &sample, .pass = batch->pass};
    const size_t features = t->layers[0].in;
    for (size_t i = 0; i < features; i++)
        t->here[i] = batch->pixels[n * features + i];
    for (int i = 0; i < t->spec.layer_count; i++) {
        const md_layer *layer = &t->layers[i];
        if (!layer->ops->twin)
            continue;
        layer->ops->twin(layer, &context, parameters + layer->tensors[0].offset, t->here, t->there);
        double *swap = t->here;
        t->here = t->there;
        t->there = swap;
    }
    return t->here;
}

double md_twin_loss(md_twin *t, const double *parameters, const md_twin_batch *batch)
{
    const size_t width = t->layers[t->spec.layer_count - 1].out;
    double loss = 0.0;
    for (size_t n = 0; n < batch->samples; n++) {
        for (size_t k = 0; batch->targets && k < width; k++)
            t->target[k] = (double)batch->targets[n * width + k];
        if (!batch->targets)
            t->target[0] = batch->labels[n];
        loss += t->loss->twin(&t->spec, md_twin_logits(t, parameters, batch, n), t->target, width);
    }
    return loss;
}

double md_twin_slope(md_twin *t, double *parameters, size_t index, const md_twin_batch *batch)
{
    const double w = parameters[index];
    parameters[index] = w + step_size;
    const double above = md_twin_loss(t, parameters, batch);
    parameters[index] = w - step_size;
    const double below = md_twin_loss(t, parameters, batch);
    parameters[index] = w;
    return (above - below) / (2.0 * step_size);
}
