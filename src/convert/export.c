#include "mnist_dist/convert/convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "export_compile.h"
#include "export_weights.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/whole_file.h"
#include "mnist_dist/keras/keras_config.h"

/* Not a version that wrote it: the first that reads archives of this form. */
#define KERAS_3 "3.0.0"

static md_bytes as_bytes(const char *text)
{
    return (md_bytes){(unsigned char *)text, strlen(text)};
}

static char *config_text(const md_checkpoint *c, const md_export_rate *rate, int *scheduled)
{
    json_t *config = md_keras_config_json(&c->model, &c->scale, MD_KERAS_3);
    json_t *compiled = md_export_compile_config(c, rate, scheduled);
    if (!config || json_object_set(config, "compile_config", compiled) != 0) {
        json_decref(compiled);
        json_decref(config);
        return NULL;
    }
    json_decref(compiled);
    return md_keras_config_text(config, &c->model);
}

static md_status make_keras(const md_checkpoint *c, const md_export_rate *rate, const char *path,
                            md_bytes *out, md_error *err)
{
    char saved[MD_TIMESTAMP_SIZE], metadata[128];
    md_clock_timestamp(saved);
    snprintf(metadata, sizeof metadata,
             "{\"keras_version\": \"%s\", \"date_saved\": \"%.10s@%.8s\"}", KERAS_3, saved,
             saved + 11);
    int scheduled;
    char *config = config_text(c, rate, &scheduled);
    if (!config)
        return md_fail_memory(err, "config.json", 1 << 16);
    md_bytes weights;
    md_status status = md_export_weights(c, !scheduled, path, &weights, err);
    if (!status) {
        const md_archive_member members[] = {{"metadata.json", as_bytes(metadata)},
                                             {"config.json", as_bytes(config)},
                                             {"model.weights.h5", weights}};
        status = md_archive_write(members, sizeof members / sizeof *members, out, err);
    }
    md_bytes_free(&weights);
    free(config);
    return status;
}

/* NumPy's format 1.0: magic, version, length of the header, a Python dictionary padded with blanks
 * to a multiple of 64 bytes and a newline, then the elements
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
static md_status make_npy(const md_tensor *t, const float *values, md_bytes *out, md_error *err)
{
    enum { ALIGNMENT = 64, PREFIX = 10, HEADER = 2 * ALIGNMENT };
    char header[HEADER + 1], dictionary[HEADER - PREFIX], rest[64] = "";
    for (int i = 1; i < t->rank; i++)
        snprintf(rest + strlen(rest), sizeof rest - strlen(rest), "%s %zu", i > 1 ? "," : "",
                 t->shape[i]);
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu,%s), }", t->shape[0], rest);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER - PREFIX;
    header[9] = 0;
    snprintf(header + PREFIX, sizeof header - PREFIX, "%-*s\n", HEADER - PREFIX - 1, dictionary);
    out->size = HEADER + t->count * sizeof *values;
    out->data = malloc(out->size);
    if (!out->data)
        return md_fail_memory(err, "an array", out->size);
    memcpy(out->data, header, HEADER);
    memcpy(out->data + HEADER, values, t->count * sizeof *values);
    return MD_OK;
}

/* What raw values are standardized by. */
static md_status make_scale(const md_scale *scale, md_archive_member members[2], md_error *err)
{
    const md_tensor row = {.rank = 1, .shape = {scale->features}, .count = scale->features};
    members[0].name = "normalization/mean.npy";
    members[1].name = "normalization/variance.npy";
    md_status status = make_npy(&row, scale->mean, &members[0].bytes, err);
    return status ? status : make_npy(&row, scale->variance, &members[1].bytes, err);
}

static md_status make_npz(const md_checkpoint *c, md_bytes *out, md_error *err)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    md_archive_member members[MD_MAX_TENSORS + 2] = {{0}};
    char names[MD_MAX_TENSORS][2 * MD_NAME_SIZE];
    size_t count = (size_t)layout.tensor_count;
    md_status status = MD_OK;
    for (int i = 0; i < layout.tensor_count && !status; i++) {
        const md_tensor *t = &layout.tensors[i];
        snprintf(names[i], sizeof names[i], "%s/%s.npy", c->model.layers[t->layer].name, t->role);
        members[i].name = names[i];
        status = make_npy(t, c->parameters + t->offset, &members[i].bytes, err);
    }
    if (!status && c->scale.kind == MD_SCALE_STANDARDIZE) {
        status = make_scale(&c->scale, members + count, err);
        count += 2;
    }
    if (!status)
        status = md_archive_write(members, count, out, err);
    for (size_t i = 0; i < count; i++)
        md_bytes_free(&members[i].bytes);
    return status;
}

const char *const md_export_words[] = {[MD_EXPORT_KERAS] = "keras",
                                       [MD_EXPORT_WEIGHTS_H5] = "weights.h5",
                                       [MD_EXPORT_NPZ] = "npz",
                                       NULL};

static int ends_as_wanted(const char *path, const char *word)
{
    size_t length = strlen(path), wanted = strlen(word);
    return length > wanted + 1 && path[length - wanted - 1] == '.' &&
           strcmp(path + length - wanted, word) == 0;
}

md_status md_export(const md_checkpoint *c, const md_export_rate *rate, md_export_format format,
                    const char *path, md_error *err)
{
    if (!ends_as_wanted(path, md_export_words[format]))
        return md_fail(err, MD_USAGE, "'%s' must end in .%s: its readers go by the name", path,
                       md_export_words[format]);
    md_bytes bytes = {0};
    md_status status;
    if (format == MD_EXPORT_KERAS)
        status = make_keras(c, rate, path, &bytes, err);
    else if (format == MD_EXPORT_WEIGHTS_H5)
        status = md_export_weights(c, 1, path, &bytes, err);
    else
        status = make_npz(c, &bytes, err);
    if (!status)
        status = md_whole_file_write(path, &bytes, err);
    md_bytes_free(&bytes);
    return status;
}
