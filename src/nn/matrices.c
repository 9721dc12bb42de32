/* A model's matrices: which there are, and where they lie. Alone it keeps all of them; where ranks
 * share a batch, what gradients are made of lies in a block that they share. */
#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "model_internal.h"

static int has_gradient(const md_layer *layer)
{
    return layer->ops->has_gradient && layer->propagates;
}

static int is_summed(const md_layer *layer)
{
    return layer->tensor_count > 0 && layer->tensors[0].summed;
}

/* Does a slice's owner compute gradients from the layer's x and dy? */
static int is_factored(const md_layer *layer)
{
    return layer->tensor_count > 0 && !is_summed(layer);
}

/* Is what layer i - 1 hands on (of i = 0: the batch) the x of a factored layer? */
static int shares_input(const md_model *model, int i)
{
    for (; i < model->spec.layer_count; i++)
        if (is_factored(&model->layers[i]) || model->layers[i].ops->has_output)
            return is_factored(&model->layers[i]);
    return 0;
}

/* Is layer i's dx the dy of one? */
static int shares_gradient(const md_model *model, int i)
{
    while (--i >= model->first_weighted)
        if (is_factored(&model->layers[i]) || has_gradient(&model->layers[i]))
            return is_factored(&model->layers[i]);
    return 0;
}

size_t md_layer_weights(const md_layer *layer)
{
    size_t count = 0;
    for (int k = 0; k < layer->tensor_count; k++)
        count += layer->tensors[k].count;
    return count;
}

int md_model_shares_inputs(const md_model *model)
{
    return shares_input(model, 0);
}

/* A matrix: where the model keeps it, its shape, and who needs it. */
enum { OWN = 1, SHARED = 2, SUMS = 4 }; /* a set of them is their sum */
typedef struct place {
    float **matrix;
    md_matrix shape;
    int kind;
} place;

/* All of them, in the order in which they lie in a block. */
static int list_places(md_model *model, place places[MD_MODEL_MOST_MATRICES])
{
    int count = 0;
    for (int i = 0; i < model->spec.layer_count; i++) {
        md_layer *layer = &model->layers[i];
        if (layer->ops->has_output)
            places[count++] =
                (place){&layer->y, {layer->out, 1}, shares_input(model, i + 1) ? SHARED : OWN};
        if (has_gradient(layer))
            places[count++] =
                (place){&layer->dx, {layer->in, 1}, shares_gradient(model, i) ? SHARED : OWN};
        if (is_summed(layer))
            places[count++] =
                (place){&layer->sums, {md_layer_weights(layer), MD_MICRO_SHARD}, SUMS};
    }
    places[count++] = (place){&model->logits_gradient, {model->outputs, 1}, SHARED};
    return count;
}

int md_model_matrices(md_model *model, md_matrix matrices[MD_MODEL_MOST_MATRICES])
{
    place places[MD_MODEL_MOST_MATRICES];
    int count = 0;
    const int all = list_places(model, places);
    for (int i = 0; i < all; i++)
        if (places[i].kind != OWN)
            matrices[count++] = places[i].shape;
    return count;
}

/* Lays those of some kinds one after another in `block`, unless it is NULL, and returns their
 * floats. */
static size_t lay(md_model *model, int which, float *block, size_t samples)
{
    place places[MD_MODEL_MOST_MATRICES];
    size_t floats = 0;
    const int count = list_places(model, places);
    for (int i = 0; i < count; i++) {
        if (!(places[i].kind & which))
            continue;
        if (block)
            *places[i].matrix = block + floats;
        floats += md_matrix_floats(&places[i].shape, (md_range){0, samples});
    }
    return floats;
}

/* Forward from the batch, backward from the loss, as data flows. */
static void connect(md_model *model)
{
    float *x = NULL, *dy = model->logits_gradient;
    const int count = model->spec.layer_count;
    for (int i = 0; i < count; i++) {
        md_layer *layer = &model->layers[i];
        layer->x = x;
        x = layer->y = layer->ops->has_output ? layer->y : x;
    }
    for (int i = count - 1; i >= 0; i--) {
        md_layer *layer = &model->layers[i];
        layer->dy = dy;
        dy = layer->dx ? layer->dx : dy;
    }
}

/* Makes the model's own block, for matrices of some kinds. */
static md_status make_own(md_model *model, int which, size_t samples, md_error *err)
{
    free(model->own);
    md_status status = md_allocate((void **)&model->own, lay(model, which, NULL, samples),
                                   sizeof *model->own, "activations and gradients", err);
    lay(model, which, model->own, samples); /* without a block: nowhere */
    return status;
}

md_status md_model_place_all(md_model *model, size_t samples, md_error *err)
{
    md_status status = make_own(model, OWN | SHARED, samples, err);
    connect(model);
    return status;
}

md_status md_model_place(md_model *model, float *block, size_t samples, md_error *err)
{
    md_status status = make_own(model, OWN, samples, err);
    lay(model, SHARED | SUMS, block, samples);
    connect(model);
    return status;
}
