#include "inputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/nn/model.h"

enum { BLOCK = 256 }; /* images per forward pass */

const char *const md_split_words[] = {"train", "test", NULL};

md_status md_open_checkpoint(const char *path, char *name, md_checkpoint **out, md_error *err)
{
    struct stat info;
    char file[MD_PATH_SIZE];
    int folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    *out = NULL;
    int length = snprintf(file, sizeof file, "%s%s", path, folder ? "/last.h5" : "");
    if (length < 0 || (size_t)length >= sizeof file)
        return md_fail(err, MD_BAD_CHECKPOINT, "%s: the path is too long", path);
    if (folder && access(file, F_OK) != 0)
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "%s: there is no run in this folder (no last.h5); name a checkpoint file or "
                       "a training's output folder",
                       path);
    if (name)
        memcpy(name, file, sizeof file);
    return md_checkpoint_read(file, out, err);
}

md_status md_checkpoint_config(const md_checkpoint *checkpoint, md_config *out, md_error *err)
{
    *out = md_config_default();
    if (checkpoint->run_count == 0)
        return MD_OK;
    const char *text = checkpoint->runs[checkpoint->run_count - 1].config;
    if (!md_config_parse(out, text, "the checkpoint's configuration", err))
        return MD_OK;
    err->status = MD_BAD_CHECKPOINT; /* not a mistake of whoever called the program */
    return MD_BAD_CHECKPOINT;
}

md_status md_choose_source(const char *given, const md_checkpoint *checkpoint,
                           char out[MD_PATH_SIZE], md_error *err)
{
    md_config config = md_config_default();
    md_status status = MD_OK;
    if (!given && checkpoint && checkpoint->step == 0)
        return md_fail(err, MD_BAD_DATA,
                       "an imported model that was not trained on yet knows no data set; name one "
                       "with --data PATH");
    if (!given && checkpoint)
        status = md_checkpoint_config(checkpoint, &config, err);
    const char *source = given ? given : config.data.source;
    if (!given && !checkpoint && access(source, F_OK) != 0) {
        md_warn("%s is not there: showing digits the program draws itself (synthetic); "
                "data/fetch_mnist.sh fetches MNIST",
                source);
        source = "synthetic";
    }
    if (strlen(source) >= MD_PATH_SIZE)
        return md_fail(err, MD_USAGE, "--data %s: the path is too long", source);
    memmove(out, source, strlen(source) + 1);
    return status;
}

static md_status read_split(md_source *source, const char *where, md_split split, md_samples *out,
                            md_error *err)
{
    const md_source_shape *shape = md_source_get_shape(source);
    void *images = NULL, *labels = NULL;
    *out = (md_samples){.split = split,
                        .count = shape->images[split],
                        .rows = shape->rows,
                        .columns = shape->columns};
    if (out->count == 0)
        return md_fail(err, MD_BAD_DATA, "%s holds no %s images", where, md_split_words[split]);
    md_status status =
        md_allocate(&images, out->count, shape->rows * shape->columns, "the images", err);
    out->images = images;
    if (!status)
        status = md_allocate(&labels, out->count, 1, "the labels", err);
    out->labels = labels;
    if (!status)
        status = md_source_read(source, split, images, labels, err);
    for (size_t i = 0; !status && i < out->count; i++)
        if (out->labels[i] > out->largest_label)
            out->largest_label = out->labels[i];
    return status;
}

md_status md_samples_read(const char *where, md_split split, md_samples *out, md_error *err)
{
    *out = (md_samples){0};
    md_source *source = NULL;
    md_status status = md_source_open(where, &source, err);
    if (!status)
        status = read_split(source, where, split, out, err);
    md_source_close(&source);
    if (status)
        md_samples_clear(out);
    return status;
}

void md_samples_clear(md_samples *samples)
{
    free(samples->images);
    free(samples->labels);
    *samples = (md_samples){0};
}

md_status md_check_data_fits(const md_model_spec *model, size_t rows, size_t columns, int label,
                             const char *source, md_error *err)
{
    int classes = md_model_spec_classes(model);
    if (rows * columns != (size_t)model->rows * (size_t)model->columns)
        return md_fail(err, MD_BAD_DATA,
                       "%s holds images of %zu x %zu, but the model was trained on %d x %d; name "
                       "other data with --data",
                       source, rows, columns, model->rows, model->columns);
    if (label >= classes)
        return md_fail(err, MD_BAD_DATA,
                       "%s has labels up to %d, beyond the model's %d classes; name other data "
                       "with --data",
                       source, label, classes);
    return MD_OK;
}

md_status md_samples_check(const md_samples *samples, const md_checkpoint *checkpoint,
                           const char *source, md_error *err)
{
    return md_check_data_fits(&checkpoint->model, samples->rows, samples->columns,
                              samples->largest_label, source, err);
}

md_status md_samples_check_index(const md_samples *samples, const char *source, int64_t index,
                                 md_error *err)
{
    if ((size_t)index < samples->count)
        return MD_OK;
    return md_fail(err, MD_USAGE, "--index %lld: %s holds %zu %s images, counted from 0",
                   (long long)index, source, samples->count, md_split_words[samples->split]);
}

md_status md_compute_logits(const md_checkpoint *checkpoint, const uint8_t *images, size_t n,
                            float *logits, md_error *err)
{
    const md_kernels *kernels = md_kernels_get();
    size_t features = (size_t)checkpoint->model.rows * (size_t)checkpoint->model.columns;
    size_t classes = (size_t)md_model_spec_classes(&checkpoint->model);
    md_model *model = NULL;
    void *pixels = NULL;
    md_status status = md_model_create(&checkpoint->model, BLOCK, kernels, &model, err);
    if (!status)
        status = md_allocate(&pixels, BLOCK * features, sizeof(float), "a block of images", err);
    for (size_t begin = 0; !status && begin < n; begin += BLOCK) {
        size_t count = n - begin < BLOCK ? n - begin : BLOCK;
        kernels->bytes_to_floats(images + begin * features, pixels, count * features);
        const md_batch batch = {.samples = count, .pixels = pixels};
        const md_pass pass = {.mode = MD_INFER};
        const float *z = md_model_forward(model, checkpoint->parameters, &batch, &pass);
        memcpy(logits + begin * classes, z, count * classes * sizeof *z);
    }
    free(pixels);
    md_model_destroy(&model);
    return status;
}

uint8_t md_most_probable(const float *probabilities, size_t classes)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (probabilities[c] > probabilities[best])
            best = c;
    return (uint8_t)best;
}

md_status md_predictions_compute(const md_checkpoint *checkpoint, const char *source,
                                 md_split split, md_predictions *out, md_error *err)
{
    *out = (md_predictions){.classes = (size_t)md_model_spec_classes(&checkpoint->model)};
    void *probabilities = NULL, *predicted = NULL;
    md_status status = md_samples_read(source, split, &out->samples, err);
    size_t n = out->samples.count;
    if (!status)
        status = md_samples_check(&out->samples, checkpoint, source, err);
    if (!status)
        status = md_allocate(&probabilities, n * out->classes, sizeof(float), "predictions", err);
    out->probabilities = probabilities;
    if (!status)
        status = md_allocate(&predicted, n, 1, "predictions", err);
    out->predicted = predicted;
    if (!status)
        status = md_compute_logits(checkpoint, out->samples.images, n, out->probabilities, err);
    if (status) {
        md_predictions_clear(out);
        return status;
    }
    md_model_softmax(out->probabilities, n, out->classes, out->probabilities);
    for (size_t i = 0; i < n; i++)
        out->predicted[i] = md_most_probable(out->probabilities + i * out->classes, out->classes);
    return MD_OK;
}

void md_predictions_clear(md_predictions *predictions)
{
    md_samples_clear(&predictions->samples);
    free(predictions->probabilities);
    free(predictions->predicted);
    *predictions = (md_predictions){0};
}
