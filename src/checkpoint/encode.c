#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/fixed.h"
#include "mnist_dist/base/whole_file.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "mnist_dist/checkpoint/fields.h"
#include "mnist_dist/checkpoint/schema.h"
#include "mnist_dist/checkpoint/state_digest.h"
#include "mnist_dist/hdf5/seal.h"
#include "mnist_dist/keras/keras_weights.h"
#include "mnist_dist/version.h"
#include "validate.h"

/* In words of our own, so that no reader of ours needs Keras' JSON. */
static void put_described(md_h5 *f, const md_model_spec *spec)
{
    char *text = md_model_spec_write(spec);
    if (text)
        md_h5_put_text(f, "/", "model", text);
    else
        f->status = md_fail_memory(f->err, "@model", 1 << 12);
    free(text);
}

static void put_root(md_h5 *f, md_checkpoint *c)
{
    const int32_t version = c->scale.kind == MD_SCALE_UNIT ? 1 : MD_SCHEMA_VERSION;
    const int32_t shape[2] = {c->model.rows, c->model.columns};
    char digest[MD_DIGEST_TEXT];
    md_digest_text(c->weights_xxh3, digest);
    md_h5_put_text(f, "/", "schema", MD_SCHEMA_NAME);
    md_h5_put_number(f, "/", "schema_version", MD_H5_I32, &version);
    md_h5_put_text(f, "/", "created_by", MD_SCHEMA_NAME " " MD_VERSION);
    md_h5_put_text(f, "/", "description",
                   "A training run of mnist_dist: model, optimizer, position, history and "
                   "provenance; Keras' load_model reads it too");
    md_h5_put_numbers(f, "/", "input_shape", MD_H5_I32, 2, shape);
    put_described(f, &c->model);
    md_h5_put_text(f, "/", "weights_xxh3", digest);
}

static void put_fields(md_h5 *f, const char *path, const md_field *fields, int count,
                       const void *record)
{
    for (int i = 0; i < count; i++)
        md_h5_put_number(f, path, fields[i].name, fields[i].type,
                         (const char *)record + fields[i].offset);
}

/* The sum of losses as a double too, for readers of before @loss_q32. */
static void put_progress(md_h5 *f, const md_checkpoint *c)
{
    const double loss_sum = md_fixed_value(&c->at.loss);
    int count;
    const md_field *fields = md_progress_fields(&c->model, &count);
    md_h5_put_group(f, MD_PATH_PROGRESS);
    put_fields(f, MD_PATH_PROGRESS, fields, count, c);
    md_h5_put_number(f, MD_PATH_PROGRESS, "loss_sum", MD_H5_F64, &loss_sum);
}

static void put_hypers(md_h5 *f, const md_optimizer_spec *spec)
{
    double *value;
    const md_key *key;
    md_h5_put_number(f, MD_PATH_OPTIMIZER, "learning_rate", MD_H5_F64, &spec->learning_rate);
    for (int i = 0; (key = md_optimizer_hyper(spec, i, &value)) != NULL; i++)
        md_h5_put_number(f, MD_PATH_OPTIMIZER, key->name, MD_H5_F64, value);
}

static void put_optimizer(md_h5 *f, const md_checkpoint *c, const md_layout *layout)
{
    md_h5_put_group(f, MD_PATH_OPTIMIZER);
    md_h5_put_text(f, MD_PATH_OPTIMIZER, "name", md_optimizer_describe(c->optimizer.kind)->word);
    put_hypers(f, &c->optimizer);
    md_h5_put_array(f, MD_PATH_ITERATIONS, &(md_h5_array){.type = MD_H5_I64}, &c->at.iterations);
    for (int m = 0; m < c->moment_count; m++)
        for (int i = 0; i < layout->tensor_count; i++) {
            const md_tensor *t = &layout->tensors[i];
            char path[MD_H5_PATH];
            md_path_moment(&c->model, t, m, path);
            const md_h5_array array = md_tensor_array(t);
            md_h5_put_array(f, path, &array, c->moments[m] + t->offset);
        }
}

static void put_column(md_h5 *f, const md_table *table, const md_field *field, const char *rows,
                       size_t count)
{
    size_t size = md_h5_type_size(field->type);
    char *values = malloc(count * size + 1);
    if (!values) {
        f->status = md_fail_memory(f->err, field->name, count * size);
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(values + i * size, rows + i * table->row_size + field->offset, size);
    char path[MD_H5_PATH];
    snprintf(path, sizeof path, "%s/%s", table->group, field->name);
    const md_h5_array array = {field->type, {.rank = 1, .dims = {count}}};
    md_h5_put_array(f, path, &array, values);
    md_h5_put_text(f, path, "description", field->description);
    md_h5_put_text(f, path, "units", field->units);
    free(values);
}

static void put_table(md_h5 *f, const md_table *table, const void *rows, size_t count)
{
    for (size_t i = 0; i < table->field_count && !f->status; i++)
        put_column(f, table, &table->fields[i], rows, count);
}

static void put_golden_array(md_h5 *f, const char *name, const md_h5_array *array, const void *data,
                             const char *description)
{
    char path[MD_H5_PATH];
    snprintf(path, sizeof path, "%s/%s", MD_PATH_GOLDEN, name);
    md_h5_put_array(f, path, array, data);
    md_h5_put_text(f, path, "description", description);
}

/* Bytes, as ever, where they do. */
static void put_golden_labels(md_h5 *f, const md_golden *g, hsize_t classes)
{
    const int narrow = classes <= UINT8_MAX + 1;
    const md_h5_array array = {narrow ? MD_H5_U8 : MD_H5_I32, {1, {g->count}}};
    uint8_t *bytes = malloc(g->count);
    if (!bytes) {
        f->status = md_fail_memory(f->err, "golden labels", g->count);
        return;
    }
    for (size_t i = 0; i < g->count; i++)
        bytes[i] = (uint8_t)g->labels[i];
    put_golden_array(f, "labels", &array, narrow ? (const void *)bytes : g->labels,
                     "what the images show");
    free(bytes);
}

static void put_golden(md_h5 *f, const md_checkpoint *c)
{
    const md_golden *g = &c->golden;
    if (g->count == 0)
        return;
    const hsize_t rows = (hsize_t)c->model.rows, columns = (hsize_t)c->model.columns;
    const hsize_t classes = (hsize_t)md_model_spec_outputs(&c->model);
    const int bytes = g->element == MD_ELEMENT_U8;
    const md_h5_array images = {bytes ? MD_H5_U8 : MD_H5_F32, {3, {g->count, rows, columns}}};
    const md_h5_array logits = {MD_H5_F32, {2, {g->count, classes}}};
    put_golden_array(f, "images", &images, g->images,
                     bytes ? "test images, 0 to 255" : "test samples, as they are in the data set");
    if (g->labels)
        put_golden_labels(f, g, classes);
    put_golden_array(f, "logits", &logits, g->logits,
                     "what the model gave for them, before softmax, when this file was saved");
}

/* As far as an attribute holds them. */
static void put_names(md_h5 *f, const char *attribute, const char *names)
{
    if (names && strlen(names) <= MD_H5_TEXT_MAX)
        md_h5_put_text(f, MD_PATH_DATA, attribute, names);
}

static void put_scale(md_h5 *f, const md_scale *scale)
{
    const md_h5_array array = {MD_H5_F32, {1, {scale->features}}};
    const int ranged = scale->least < scale->most;
    if (scale->kind == MD_SCALE_UNIT && !scale->feature_names && !scale->class_names && !ranged)
        return;
    md_h5_put_group(f, MD_PATH_DATA);
    put_names(f, "feature_names", scale->feature_names);
    put_names(f, "class_names", scale->class_names);
    md_h5_put_text(f, MD_PATH_DATA, "scale", md_scale_word(scale->kind));
    if (ranged) {
        md_h5_put_number(f, MD_PATH_DATA, "least", MD_H5_F32, &scale->least);
        md_h5_put_number(f, MD_PATH_DATA, "most", MD_H5_F32, &scale->most);
    }
    if (scale->kind != MD_SCALE_STANDARDIZE)
        return;
    md_h5_put_array(f, MD_PATH_DATA "/mean", &array, scale->mean);
    md_h5_put_array(f, MD_PATH_DATA "/variance", &array, scale->variance);
}

static void put_run(md_h5 *f, md_run_record *record, size_t number)
{
    char path[MD_H5_PATH];
    md_path_run(number, path);
    md_h5_put_group(f, path);
    for (int i = 0; i < MD_RUN_TEXTS; i++)
        md_h5_put_text(f, path, md_run_texts[i].name, *md_run_text(record, &md_run_texts[i]));
    put_fields(f, path, md_run_numbers, MD_RUN_NUMBERS, record);
}

static void put_all(md_h5 *f, md_checkpoint *c)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    c->weights_xxh3 = md_digest_floats(c->parameters, layout.parameters);
    put_root(f, c);
    md_keras_put_model(f, &c->model, NULL, c->parameters);
    put_optimizer(f, c, &layout);
    put_progress(f, c);
    put_table(f, md_history_table(&c->model), c->history, c->history_count);
    put_table(f, &md_chain_table, c->chain, c->chain_count);
    put_table(f, &md_ledger_table, c->ledger, c->ledger_count);
    put_golden(f, c);
    put_scale(f, &c->scale);
    md_h5_put_group(f, MD_PATH_RUN);
    for (size_t i = 0; i < c->run_count; i++)
        put_run(f, &c->runs[i], i + 1);
}

/* Reads the file back as it stands, so that the digest speaks of the file and not of *c. */
static void put_state_digest(md_h5 *f, md_checkpoint *c)
{
    char digest[MD_DIGEST_TEXT];
    if (md_state_digest(f, &c->state_xxh3))
        return;
    md_digest_text(c->state_xxh3, digest);
    md_h5_put_text(f, "/", "state_xxh3", digest);
}

/* What a reader would refuse must not replace what it would not. */
static md_status check(const md_checkpoint *c, const char *name, md_error *err)
{
    md_error why;
    if (!md_checkpoint_check_sense(c, &why))
        return MD_OK;
    return md_fail(err, MD_FAILED, "'%s' is not saved: %s", name, why.text);
}

md_status md_checkpoint_encode(md_checkpoint *c, const char *name, md_bytes *out, md_error *err)
{
    md_h5 f;
    *out = (md_bytes){0};
    if (check(c, name, err))
        return MD_FAILED;
    if (!md_h5_create(&f, name, err)) {
        put_all(&f, c);
        put_state_digest(&f, c);
        md_h5_image(&f, out);
    }
    md_status status = md_h5_close(&f);
    if (!status)
        status = md_seal_append(out, err);
    if (status)
        md_bytes_free(out);
    return status;
}

md_status md_checkpoint_write(const char *path, md_checkpoint *c, md_error *err)
{
    md_bytes bytes;
    md_status status = md_checkpoint_encode(c, path, &bytes, err);
    if (!status)
        status = md_whole_file_write(path, &bytes, err);
    md_bytes_free(&bytes);
    return status;
}
