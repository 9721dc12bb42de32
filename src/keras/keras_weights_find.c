#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/keras/keras_weights.h"
#include "mnist_dist/model/layer_kind.h"

static void append(md_h5 *f, md_h5_names *to, md_h5_names *from)
{
    size_t total = to->count + from->count;
    char **items = NULL;
    if (total > MD_H5_MAX_NAMES)
        md_h5_fail(f, "more than %d names in one list", MD_H5_MAX_NAMES);
    else if (total > 0 && !(items = reallocarray(to->items, total, sizeof *items)))
        f->status = md_fail_memory(f->err, "a list of names", total * sizeof *items);
    if (!items)
        return;
    memcpy(items + to->count, from->items, from->count * sizeof *items);
    to->items = items;
    to->count = total;
    from->count = 0; /* its strings have moved */
}

void md_keras_get_names(md_h5 *f, const char *path, const char *name, md_h5_names *out)
{
    *out = (md_h5_names){0};
    char part[64];
    snprintf(part, sizeof part, "%s0", name);
    if (md_h5_has(f, path, name) || !md_h5_has(f, path, part)) {
        md_h5_get_names(f, path, name, out);
        return;
    }
    for (int i = 1; !f->status && md_h5_has(f, path, part); i++) {
        md_h5_names names;
        md_h5_get_names(f, path, part, &names);
        append(f, out, &names);
        md_h5_names_free(&names);
        snprintf(part, sizeof part, "%s%d", name, i);
    }
    if (f->status)
        md_h5_names_free(out);
}

static md_keras_layer *next_layer(md_h5 *f, md_keras_weights *out)
{
    if (out->count == MD_MAX_LAYERS)
        md_h5_fail(f, "more than %d layers with weights", MD_MAX_LAYERS);
    return f->status ? NULL : &out->layers[out->count++];
}

static void join(md_h5 *f, const char *group, const char *name, char out[MD_H5_PATH])
{
    if (snprintf(out, MD_H5_PATH, "%s/%s", group, name) >= MD_H5_PATH)
        md_h5_fail(f, "the name '%.60s' is too long", name);
}

/* The step that a layer of this name is, or NULL. */
static md_keras_layer *step_named(const md_keras_model *model, const char *name,
                                  md_keras_weights *out)
{
    for (int i = 0; model && i < model->step_count; i++)
        if (model->steps[i].kind != MD_KERAS_RESCALING && strcmp(model->steps[i].name, name) == 0)
            return &out->steps[i];
    return NULL;
}

static void find_layer(md_h5 *f, const char *layer, const md_keras_model *model,
                       md_keras_weights *out)
{
    char group[MD_H5_PATH];
    join(f, strcmp(out->root, "/") == 0 ? "" : out->root, layer, group);
    if (!md_h5_has(f, group, "weight_names") && !md_h5_has(f, group, "weight_names0"))
        return;
    md_h5_names names;
    md_keras_get_names(f, group, "weight_names", &names);
    md_keras_layer *found = step_named(model, layer, out);
    if (!found && names.count > 0)
        found = next_layer(f, out);
    if (names.count > MD_MAX_LAYER_TENSORS)
        md_h5_fail(f, "layer '%.60s' has %zu weights; no layer here has more than %d", layer,
                   names.count, MD_MAX_LAYER_TENSORS);
    if (found && !f->status) {
        found->count = (int)names.count;
        for (size_t i = 0; i < names.count; i++)
            join(f, group, names.items[i], found->tensor[i]);
    }
    md_h5_names_free(&names);
}

static void find_legacy(md_h5 *f, const md_keras_model *model, md_keras_weights *out)
{
    md_h5_names layers;
    md_keras_get_names(f, out->root, "layer_names", &layers);
    for (size_t i = 0; i < layers.count && !f->status; i++)
        find_layer(f, layers.items[i], model, out);
    md_h5_names_free(&layers);
}

/* What stands before a layer's class in Keras 3 and in 2.12 to 2.14, and what it becomes where
 * Keras ran on Windows: part of the group's name. */
static const char *const homes[] = {"/layers/", "/_layer_checkpoint_dependencies/", "/layers\\",
                                    "/_layer_checkpoint_dependencies\\"};

static void class_path(const char *home, const char *class_word, int n, int which,
                       char out[MD_H5_PATH])
{
    char number[16] = "";
    if (n > 0)
        snprintf(number, sizeof number, "_%d", n);
    snprintf(out, MD_H5_PATH, "%s%s%s/vars/%d", home, class_word, number, which);
}

void md_keras3_path(md_layer_kind kind, int n, int which, char out[MD_H5_PATH])
{
    class_path(homes[0], md_layer_kind_name(kind), n, which, out);
}

/* The home of the file's dense layers, or NULL. */
static const char *find_home(md_h5 *f)
{
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        char path[MD_H5_PATH];
        class_path(homes[i], md_layer_kind_name(MD_LAYER_DENSE), 0, 0, path);
        if (md_h5_exists(f, path))
            return homes[i];
    }
    return NULL;
}

/* The number of the n-th layer of a class, both from 0. Keras 2.12 to 2.14 count some layers twice,
 * those with weights, so that numbers are left out there. */
static int number_of(md_h5 *f, const char *home, const char *class_word, int n)
{
    enum { MOST = 2 * (MD_MAX_LAYERS + MD_KERAS_STEPS) };
    char path[MD_H5_PATH];
    if (strstr(home, "_dependencies") == NULL)
        return n;
    for (int number = 0, seen = 0; number < MOST; number++) {
        class_path(home, class_word, number, 0, path);
        if (md_h5_exists(f, path) && seen++ == n)
            return number;
    }
    return MOST;
}

/* The n-th layer of a class. */
static void find_group(md_h5 *f, const char *home, const char *class_word, int n,
                       md_keras_layer *out)
{
    char path[MD_H5_PATH];
    const int number = number_of(f, home, class_word, n);
    for (out->count = 0; out->count < MD_MAX_LAYER_TENSORS; out->count++) {
        class_path(home, class_word, number, out->count, path);
        if (!md_h5_exists(f, path))
            break;
        memcpy(out->tensor[out->count], path, sizeof path);
    }
}

static void find_classes(md_h5 *f, const md_keras_model *model, const char *home,
                         md_keras_weights *out)
{
    int used[MD_LAYER_KIND_COUNT] = {0};
    for (int i = 0; i < model->spec.layer_count; i++) {
        const md_layer_kind kind = model->spec.layers[i].kind;
        md_keras_layer *found = md_layer_describe(kind)->tensors ? next_layer(f, out) : NULL;
        if (found)
            find_group(f, home, md_layer_kind_name(kind), used[kind]++, found);
        if (found && found->count == 0)
            out->count--;
    }
}

/* Those that no other place has. */
static void find_steps(md_h5 *f, const md_keras_model *model, const char *home,
                       md_keras_weights *out)
{
    static const char *const words[] = {NULL, "normalization", "batch_normalization"};
    int numbers[sizeof words / sizeof *words] = {0};
    for (int i = 0; model && i < model->step_count; i++) {
        const md_keras_step_kind kind = model->steps[i].kind;
        if (words[kind] && out->steps[i].count == 0)
            find_group(f, home, words[kind], numbers[kind]++, &out->steps[i]);
    }
}

static void find_dense(md_h5 *f, const char *home, md_keras_weights *out)
{
    md_keras_layer *found;
    while ((found = next_layer(f, out)) != NULL) {
        find_group(f, home, md_layer_kind_name(MD_LAYER_DENSE), out->count - 1, found);
        if (found->count == 0)
            break;
    }
    out->count -= found != NULL;
}

static int is_among(const md_keras_layer *layers, int count, const char *path)
{
    for (int i = 0; i < count; i++)
        for (int k = 0; k < layers[i].count; k++)
            if (strcmp(layers[i].tensor[k], path) == 0)
                return 1;
    return 0;
}

/* The optimizer's state, what was counted in training, and where dropout's random numbers were. */
static int is_beside(const char *path)
{
    static const char *const beside[] = {"/optimizer", "/metrics/", "/_metrics/",
                                         "/_compile_metrics/", "/_loss_tracker/"};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (strncmp(path, beside[i], strlen(beside[i])) == 0)
            return 1;
    return strstr(path, "seed_generator/vars/") != NULL;
}

static void check_dataset(md_h5 *f, const char *path, hid_t id, void *context)
{
    const md_keras_weights *found = context;
    const size_t below = strlen(found->root);
    if (H5Iget_type(id) != H5I_DATASET || strncmp(path, found->root, below) != 0 ||
        (below > 1 && path[below] != '/'))
        return;
    if (!is_among(found->layers, found->count, path)) {
        if (!is_among(found->steps, MD_KERAS_STEPS, path) && !is_beside(path))
            md_h5_fail(f,
                       "%s belongs to no layer that is understood here; layers with weights can be "
                       "dense or conv2d, side by side and not nested or wrapped",
                       path);
        return;
    }
    hid_t type = H5Dget_type(id);
    if (type >= 0 && H5Tget_class(type) == H5T_INTEGER)
        md_h5_fail(f,
                   "%s holds integers, as quantized models do, which have no counterpart here; "
                   "import the model as it was before quantize()",
                   path);
    md_h5_release(&type);
}

/* What the config says of biases is true; what a file lacks is not taken for zeros. */
static void check_biases(md_h5 *f, const md_keras_model *model, const md_keras_weights *found)
{
    for (int i = 0; i < found->count && i < model->weighted && !f->status; i++) {
        const md_keras_layer *layer = &found->layers[i];
        if (layer->count == 1 && !model->plain[i])
            md_h5_fail(f, "%s has no bias beside it, and the model's config says that it has one",
                       layer->tensor[0]);
        if (layer->count == 2 && model->plain[i])
            md_h5_fail(f, "%s belongs to a layer without bias, as the model's config says",
                       layer->tensor[1]);
    }
}

void md_keras_find_weights(md_h5 *f, const md_keras_model *model, md_keras_weights *out)
{
    const char *home = NULL;
    *out = (md_keras_weights){.root = "/"};
    if (md_h5_exists(f, MD_PATH_MODEL))
        out->root = MD_PATH_MODEL;
    else if (!md_h5_has(f, "/", "layer_names") && !md_h5_has(f, "/", "layer_names0") &&
             !(home = find_home(f)))
        md_h5_fail(f, "an HDF5 file, but neither a checkpoint nor a Keras model (it has no "
                      "@schema, /model_weights, @layer_names or /layers/dense)");
    if (!home)
        find_legacy(f, model, out);
    else if (model)
        find_classes(f, model, home, out);
    else
        find_dense(f, home, out);
    find_steps(f, model, home ? home : homes[0], out);
    if (!f->status)
        md_h5_walk(f, check_dataset, out);
    if (model && model->root)
        check_biases(f, model, out);
}
