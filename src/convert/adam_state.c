#include "adam_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/keras/keras_weights.h"

/* For n variables in the order of the layers:
 *   Keras 2 to 2.10   iterations; every m; every v          2n + 1
 *   Keras 2.11        iterations; m0, v0, m1, v1, ...       2n + 1
 *   Keras 3           iterations; learning rate; m0, v0 ... 2n + 2
 * Datasets are those that /optimizer_weights@weight_names lists, or /optimizer/vars/0, 1, ... */

typedef struct {
    const char *group;
    md_h5_names names;
} state;

static int find_state(md_h5 *f, state *s)
{
    s->names = (md_h5_names){0};
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

/* Whether all m come first; the second is then a bias, not the first kernel's v. */
static int moments_apart(md_h5 *f, const state *s, size_t first)
{
    char path[MD_H5_PATH];
    md_h5_shape shape;
    path_of(f, s, first + 1, path);
    md_h5_get_shape(f, path, &shape);
    return shape.rank == 1;
}

static void get_moments(md_h5 *f, const state *s, const md_layout *layout, md_checkpoint *c)
{
    size_t n = (size_t)layout->tensor_count, first = s->names.count - 2 * n;
    int apart = moments_apart(f, s, first);
    for (size_t i = 0; i < n; i++)
        for (size_t m = 0; m < 2; m++) {
            const md_tensor *t = &layout->tensors[i];
            const md_h5_array array = md_tensor_array(t);
            get(f, s, first + (apart ? m * n + i : 2 * i + m), &array, c->moments[m] + t->offset);
        }
}

/* A second moment is a mean of squares; anything else is another optimizer's state. */
static int is_adam(const md_checkpoint *c, const md_layout *layout)
{
    for (size_t i = 0; i < layout->parameters; i++)
        if (!(c->moments[1][i] >= 0.0f))
            return 0;
    return c->at.iterations >= 0;
}

static int read_state(md_h5 *f, const state *s, md_checkpoint *c)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    size_t scalars = s->names.count - 2 * (size_t)layout.tensor_count;
    if (s->names.count < 2 * (size_t)layout.tensor_count || scalars < 1 || scalars > 2)
        return 0;
    float rate = (float)c->optimizer.learning_rate;
    get(f, s, 0, &(md_h5_array){.type = MD_H5_I64}, &c->at.iterations);
    if (scalars == 2)
        get(f, s, 1, &(md_h5_array){.type = MD_H5_F32}, &rate);
    get_moments(f, s, &layout, c);
    if (f->status || !is_adam(c, &layout)) {
        for (int m = 0; m < 2; m++)
            memset(c->moments[m], 0, layout.parameters * sizeof(float));
        c->at.iterations = 0;
        return 0;
    }
    if (scalars == 2 && rate > 0.0f && isfinite(rate))
        c->optimizer.learning_rate = md_shortest(rate);
    return 1;
}

void md_adam_state_get(md_h5 *f, md_checkpoint *c)
{
    if (f->status)
        return;
    state s;
    md_h5 probe = *f; /* what fails here leaves the weights good */
    probe.err = NULL;
    if (find_state(&probe, &s) && !read_state(&probe, &s, c))
        md_info("'%s': the optimizer's state is not Adam's and is not taken over", f->name);
    md_h5_names_free(&s.names);
}
