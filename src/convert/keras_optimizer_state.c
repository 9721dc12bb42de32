#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keras_optimizer.h"
#include "mnist_dist/base/log.h"

/* For the n variables that are trained, in the order of the layers, and an optimizer that remembers
 * two arrays of each, m and v, or one, m:
 *   Keras 2.2, 2.3    iterations; every m; every v; n placeholders   3n + 1
 *   Keras 2 to 2.10   iterations; every m; every v                   2n + 1
 *   Keras 2.11        iterations; m0, v0, m1, v1, ...                2n + 1
 *   Keras 3           iterations; learning rate; m0, v0, ...         2n + 2 (2n + 1 with a
 * schedule) With amsgrad, largest v follow where the placeholders are. SGD without momentum
 * remembers nothing. Datasets are those that /optimizer_weights@weight_names lists, or
 * /optimizer/vars/0, 1, ... */

typedef struct {
    const char *group;
    md_h5_names names;
    size_t scalars; /* in front: iterations, and maybe the rate */
    int count;      /* of the variables that are trained, */
    const md_tensor *variables[MD_MAX_TENSORS];
} state;

static int find_state(md_h5 *f, state *s)
{
    s->group = "/optimizer_weights";
    if (md_h5_has(f, s->group, "weight_names") || md_h5_has(f, s->group, "weight_names0")) {
        md_keras_get_names(f, s->group, "weight_names", &s->names);
        return s->names.count > 0;
    }
    s->group = "/optimizer/vars";
    size_t count = md_h5_members(f, s->group);
    if (count == 0 || count > MD_H5_MAX_NAMES || !(s->names.items = calloc(count, sizeof(char *))))
        return 0;
    for (s->names.count = 0; s->names.count < count; s->names.count++)
        if (asprintf(&s->names.items[s->names.count], "%zu", s->names.count) < 0)
            return 0;
    return 1;
}

/* Without the biases that Keras has not, and without what it kept as it was. */
static void find_variables(const md_keras_model *model, const md_keras_weights *weights,
                           const md_layout *layout, int layers, state *s)
{
    int weighted = 0;
    for (int i = 0; i < layers; i++) {
        const int first = layout->first[i];
        if (layout->first[i + 1] == first)
            continue;
        for (int k = 0; k < weights->layers[weighted].count && !model->frozen[weighted]; k++)
            s->variables[s->count++] = &layout->tensors[first + k];
        weighted++;
    }
}

static void path_of(md_h5 *f, const state *s, size_t index, char out[MD_H5_PATH])
{
    if (snprintf(out, MD_H5_PATH, "%s/%s", s->group, s->names.items[index]) >= MD_H5_PATH)
        md_h5_fail(f, "a name in %s is too long", s->group);
}

static void get(md_h5 *f, const state *s, size_t index, const md_h5_array *array, void *data)
{
    char path[MD_H5_PATH];
    path_of(f, s, index, path);
    md_h5_get_converted(f, path, array, data);
}

static void count_scalars(md_h5 *f, state *s)
{
    for (s->scalars = 0; s->scalars < 2 && s->scalars < s->names.count; s->scalars++) {
        char path[MD_H5_PATH];
        md_h5_shape shape;
        path_of(f, s, s->scalars, path);
        md_h5_get_shape(f, path, &shape);
        if (f->status || shape.rank != 0)
            break;
    }
}

/* A second moment is a mean of squares. */
static int is_sound(const md_checkpoint *c, size_t parameters)
{
    for (size_t i = 0; c->moment_count == 2 && i < parameters; i++)
        if (!(c->moments[1][i] >= 0.0f))
            return 0;
    return 1;
}

/* Whether the file has the moments in this order: all of one kind after the other, or each
 * variable's together. */
static int get_moments(const md_h5 *f, const state *s, int apart, size_t parameters,
                       md_checkpoint *c)
{
    md_h5 probe = *f;
    const size_t n = (size_t)s->count, moments = (size_t)c->moment_count;
    for (size_t i = 0; i < n; i++)
        for (size_t m = 0; m < moments; m++) {
            const md_tensor *t = s->variables[i];
            const md_h5_array array = md_tensor_array(t);
            get(&probe, s, s->scalars + (apart ? m * n + i : moments * i + m), &array,
                c->moments[m] + t->offset);
        }
    if (!probe.status && is_sound(c, parameters))
        return 1;
    for (size_t m = 0; m < moments; m++)
        memset(c->moments[m], 0, parameters * sizeof(float));
    return 0;
}

static int read_state(md_h5 *f, const state *s, size_t parameters, md_checkpoint *c)
{
    const size_t n = (size_t)s->count, arrays = s->names.count - s->scalars;
    const size_t wanted = n * (size_t)c->moment_count;
    const int forgetful = c->optimizer.kind == MD_OPTIMIZER_SGD && arrays == 0;
    int64_t iterations = 0;
    float rate = 0.0f;
    if (s->scalars < 1 || (!forgetful && arrays != wanted && arrays != wanted + n))
        return 0;
    get(f, s, 0, &(md_h5_array){.type = MD_H5_I64}, &iterations);
    if (s->scalars == 2)
        get(f, s, 1, &(md_h5_array){.type = MD_H5_F32}, &rate);
    if (f->status || iterations < 0 ||
        (!forgetful && !get_moments(f, s, 0, parameters, c) &&
         !get_moments(f, s, 1, parameters, c)))
        return 0;
    c->at.iterations = iterations;
    if (rate > 0.0f && isfinite(rate))
        c->optimizer.learning_rate = md_shortest(rate);
    return 1;
}

void md_keras_optimizer_get(md_h5 *f, const md_keras_model *model, const md_keras_weights *weights,
                            md_checkpoint *c)
{
    if (f->status)
        return;
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    state s = {.count = 0};
    md_h5 probe = *f; /* what fails here leaves the weights good */
    probe.err = NULL;
    const int found = find_state(&probe, &s);
    count_scalars(&probe, &s);
    find_variables(model, weights, &layout, c->model.layer_count, &s);
    /* An optimizer that was never used has not built its moments. */
    if (found && s.names.count > 2 && !read_state(&probe, &s, layout.parameters, c))
        md_info("'%s': the optimizer's state, %zu arrays, is not that of %s for the %d variables "
                "that are trained, and is not taken over",
                f->name, s.names.count, md_optimizer_describe(c->optimizer.kind)->word, s.count);
    md_h5_names_free(&s.names);
}
