#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/fixed.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "mnist_dist/checkpoint/fields.h"
#include "mnist_dist/checkpoint/schema.h"
#include "mnist_dist/checkpoint/state_digest.h"
#include "mnist_dist/keras/keras.h"
#include "mnist_dist/keras/keras_weights.h"
#include "validate.h"

/* Only the root's own attributes: what a newer schema changed elsewhere must not matter here. */
static void check_schema(md_h5 *f)
{
    if (!md_h5_has(f, "/", "schema")) {
        md_h5_fail(f, "an HDF5 file, but not a checkpoint of mnist_dist (it has no @schema)");
        return;
    }
    char *schema = md_h5_get_text(f, "/", "schema");
    if (schema && strcmp(schema, MD_SCHEMA_NAME) != 0)
        md_h5_fail(f, "@schema is '%.40s' where '%s' belongs", schema, MD_SCHEMA_NAME);
    free(schema);
    int32_t version = 0;
    md_h5_get_number(f, "/", "schema_version", MD_H5_I32, &version);
    if (version > MD_SCHEMA_VERSION)
        md_h5_fail(f,
                   "has schema version %d, and this program reads up to version %d; upgrade "
                   "mnist_dist to read it",
                   version, MD_SCHEMA_VERSION);
    else if (version < 1)
        md_h5_fail(f, "has schema version %d, which never existed", version);
}

static void check_digest(md_h5 *f, const char *attribute, uint64_t is)
{
    char *stored = md_h5_get_text(f, "/", attribute), computed[MD_DIGEST_TEXT];
    md_digest_text(is, computed);
    if (stored && strcmp(stored, computed) != 0)
        md_h5_fail(f, "damaged: @%s is %.16s but the content gives %s; use an earlier file",
                   attribute, stored, computed);
    free(stored);
}

/* Files of before @model describe it in Keras' words alone. */
static void get_described(md_h5 *f, md_model_spec *spec)
{
    const int own = md_h5_has(f, "/", "model");
    char *text = md_h5_get_text(f, "/", own ? "model" : "model_config");
    if (text)
        md_h5_fail_with(f, own ? md_model_spec_read(text, spec, f->err)
                               : md_keras_config_read(text, spec, f->err));
    free(text);
}

static void get_spec(md_h5 *f, md_model_spec *spec)
{
    int32_t shape[2] = {0};
    get_described(f, spec);
    md_h5_get_numbers(f, "/", "input_shape", MD_H5_I32, 2, shape);
    if (f->status)
        return;
    if (shape[0] < 1 || shape[1] < 1 ||
        (int64_t)shape[0] * shape[1] != (int64_t)spec->rows * spec->columns) {
        md_h5_fail(f, "@input_shape is %d x %d, which is not what the model says", shape[0],
                   shape[1]);
        return;
    }
    spec->rows = shape[0];
    spec->columns = shape[1];
    md_layout layout;
    md_model_spec_layout(spec, &layout);
    if (layout.parameters > f->most / sizeof(float))
        md_h5_fail(f, "the model has %zu parameters, more than the file can hold",
                   layout.parameters);
}

static void get_model(md_h5 *f, md_checkpoint *c, const md_layout *layout)
{
    for (int i = 0; i < layout->tensor_count; i++) {
        const md_tensor *t = &layout->tensors[i];
        char path[MD_H5_PATH];
        md_path_parameter(&c->model, t, path);
        const md_h5_array array = md_tensor_array(t);
        md_h5_get_array(f, path, &array, c->parameters + t->offset);
    }
    if (f->status)
        return;
    c->weights_xxh3 = md_digest_floats(c->parameters, layout->parameters);
    check_digest(f, "weights_xxh3", c->weights_xxh3);
}

/* Members that older files are without keep what they are. */
static void get_fields(md_h5 *f, const char *path, const md_field *fields, int count, void *record)
{
    for (int i = 0; i < count; i++)
        if (!(fields[i].flags & MD_FIELD_LATER) || md_h5_has(f, path, fields[i].name))
            md_h5_get_number(f, path, fields[i].name, fields[i].type,
                             (char *)record + fields[i].offset);
}

static const double most_nats = (double)(MD_FIXED_MOST >> 32);

/* Older files have the sum of losses as a double alone. */
static void get_progress(md_h5 *f, md_checkpoint *c)
{
    double loss_sum = 0.0;
    int count;
    const md_field *fields = md_progress_fields(&c->model, &count);
    get_fields(f, MD_PATH_PROGRESS, fields, count, c);
    if (md_h5_has(f, MD_PATH_PROGRESS, "loss_q32"))
        return;
    md_h5_get_number(f, MD_PATH_PROGRESS, "loss_sum", MD_H5_F64, &loss_sum);
    if (!(fabs(loss_sum) <= most_nats))
        md_h5_fail(f, "%s@loss_sum is %g, which cannot be", MD_PATH_PROGRESS, loss_sum);
    else
        c->at.loss = md_fixed_from(loss_sum);
}

/* How many moment blocks the file has; their datasets are checked when they are read. */
static int count_moments(md_h5 *f)
{
    return md_h5_exists(f, MD_PATH_OPTIMIZER "/m") + md_h5_exists(f, MD_PATH_OPTIMIZER "/v");
}

static void get_hypers(md_h5 *f, md_optimizer_spec *spec)
{
    double *value = &spec->learning_rate;
    md_h5_get_number(f, MD_PATH_OPTIMIZER, "learning_rate", MD_H5_F64, value);
    const md_key *key;
    for (int i = 0; (key = md_optimizer_hyper(spec, i, &value)) != NULL; i++)
        md_h5_get_number(f, MD_PATH_OPTIMIZER, key->name, MD_H5_F64, value);
}

static void get_optimizer(md_h5 *f, md_checkpoint *c, const md_layout *layout)
{
    char *name = md_h5_get_text(f, MD_PATH_OPTIMIZER, "name");
    const int known = name && md_optimizer_parse(name, &c->optimizer.kind);
    free(name);
    if (!known || (c->moment_count != 0 &&
                   c->moment_count != md_optimizer_describe(c->optimizer.kind)->moments)) {
        md_h5_fail(f, "%s@name is not an optimizer with %d moments", MD_PATH_OPTIMIZER,
                   c->moment_count);
        return;
    }
    get_hypers(f, &c->optimizer);
    md_h5_get_array(f, MD_PATH_ITERATIONS, &(md_h5_array){.type = MD_H5_I64}, &c->at.iterations);
    for (int m = 0; m < c->moment_count; m++)
        for (int i = 0; i < layout->tensor_count; i++) {
            const md_tensor *t = &layout->tensors[i];
            char path[MD_H5_PATH];
            md_path_moment(&c->model, t, m, path);
            const md_h5_array array = md_tensor_array(t);
            md_h5_get_array(f, path, &array, c->moments[m] + t->offset);
        }
}

/* What a column holds that the file is from before. */
static void fill_column(const md_table *table, const md_field *field, char *rows, size_t count)
{
    const double unknown = NAN;
    for (size_t i = 0; field->type == MD_H5_F64 && i < count; i++)
        memcpy(rows + i * table->row_size + field->offset, &unknown, sizeof unknown);
}

static void get_column(md_h5 *f, const md_table *table, const md_field *field, char *rows,
                       size_t count)
{
    size_t size = md_h5_type_size(field->type);
    char path[MD_H5_PATH];
    snprintf(path, sizeof path, "%s/%s", table->group, field->name);
    if (field->flags & MD_FIELD_LATER && !md_h5_exists(f, path)) {
        fill_column(table, field, rows, count);
        return;
    }
    char *values = malloc(count * size + 1);
    if (!values) {
        f->status = md_fail_memory(f->err, path, count * size);
        return;
    }
    const md_h5_array array = {field->type, {.rank = 1, .dims = {count}}};
    md_h5_get_array(f, path, &array, values);
    for (size_t i = 0; i < count && !f->status; i++)
        memcpy(rows + i * table->row_size + field->offset, values + i * size, size);
    free(values);
}

/* The first column says how many rows there are; the others must agree. */
static void *get_table(md_h5 *f, const md_table *table, size_t *count, size_t *capacity)
{
    char path[MD_H5_PATH];
    md_h5_shape shape;
    snprintf(path, sizeof path, "%s/%s", table->group, table->fields[0].name);
    md_h5_get_shape(f, path, &shape);
    if (shape.rank != 1)
        md_h5_fail(f, "dataset %s has %d dimensions where 1 belongs", path, shape.rank);
    if (f->status || shape.dims[0] == 0)
        return NULL;
    size_t rows = (size_t)shape.dims[0];
    if (rows > f->most) {
        md_h5_fail(f, "dataset %s claims more rows than the file can hold", path);
        return NULL;
    }
    char *block = calloc(rows, table->row_size);
    if (!block) {
        f->status = md_fail_memory(f->err, table->group, rows * table->row_size);
        return NULL;
    }
    for (size_t i = 0; i < table->field_count && !f->status; i++)
        get_column(f, table, &table->fields[i], block, rows);
    *count = *capacity = rows;
    return block;
}

static void get_golden_array(md_h5 *f, const char *name, const md_h5_array *array, void **out)
{
    char path[MD_H5_PATH];
    size_t bytes = md_h5_type_size(array->type);
    for (int i = 0; i < array->shape.rank; i++)
        if (__builtin_mul_overflow(bytes, array->shape.dims[i], &bytes))
            bytes = SIZE_MAX;
    snprintf(path, sizeof path, "%s/%s", MD_PATH_GOLDEN, name);
    if (bytes > f->most)
        md_h5_fail(f, "%s must be larger than the file", path);
    if (f->status)
        return;
    f->status = md_allocate(out, bytes, 1, path, f->err);
    md_h5_get_array(f, path, array, *out);
}

static void get_golden_labels(md_h5 *f, md_golden *g)
{
    const int wide = md_h5_get_type(f, MD_PATH_GOLDEN "/labels") == MD_H5_I32;
    const md_h5_array array = {wide ? MD_H5_I32 : MD_H5_U8, {1, {g->count}}};
    void *stored = NULL;
    get_golden_array(f, "labels", &array, &stored);
    if (!f->status && !wide)
        f->status =
            md_allocate((void **)&g->labels, g->count, sizeof *g->labels, "golden labels", f->err);
    for (size_t i = 0; !f->status && !wide && i < g->count; i++)
        g->labels[i] = ((const uint8_t *)stored)[i];
    if (wide)
        g->labels = stored;
    else
        free(stored);
}

static void get_golden(md_h5 *f, md_checkpoint *c)
{
    if (!md_h5_exists(f, MD_PATH_GOLDEN))
        return;
    md_h5_shape shape;
    md_h5_get_shape(f, MD_PATH_GOLDEN "/images", &shape);
    const int floats = md_h5_get_type(f, MD_PATH_GOLDEN "/images") == MD_H5_F32;
    const hsize_t count = shape.dims[0];
    const hsize_t rows = (hsize_t)c->model.rows, columns = (hsize_t)c->model.columns;
    const hsize_t classes = (hsize_t)md_model_spec_outputs(&c->model);
    const md_h5_array images = {floats ? MD_H5_F32 : MD_H5_U8, {3, {count, rows, columns}}};
    const md_h5_array logits = {MD_H5_F32, {2, {count, classes}}};
    md_golden *g = &c->golden;
    *g = (md_golden){(size_t)count, floats ? MD_ELEMENT_F32 : MD_ELEMENT_U8, NULL, NULL, NULL};
    get_golden_array(f, "images", &images, &g->images);
    get_golden_array(f, "logits", &logits, (void **)&g->logits);
    if (md_h5_exists(f, MD_PATH_GOLDEN "/labels"))
        get_golden_labels(f, g);
}

static void get_moments_of_scale(md_h5 *f, const char *path, size_t features, float **out)
{
    const md_h5_array array = {MD_H5_F32, {1, {features}}};
    if (!f->status)
        f->status = md_allocate((void **)out, features, sizeof **out, path, f->err);
    md_h5_get_array(f, path, &array, *out);
}

/* Files of before it, and those of v / 255, are without. */
static void get_scale(md_h5 *f, md_checkpoint *c)
{
    md_scale *scale = &c->scale;
    if (!md_h5_exists(f, MD_PATH_DATA) || !md_h5_has(f, MD_PATH_DATA, "scale"))
        return;
    if (md_h5_has(f, MD_PATH_DATA, "feature_names"))
        scale->feature_names = md_h5_get_text(f, MD_PATH_DATA, "feature_names");
    if (md_h5_has(f, MD_PATH_DATA, "class_names"))
        scale->class_names = md_h5_get_text(f, MD_PATH_DATA, "class_names");
    char *word = md_h5_get_text(f, MD_PATH_DATA, "scale");
    if (word && !md_scale_parse(word, &scale->kind))
        md_h5_fail(f, MD_PATH_DATA "@scale is '%.40s', which is unknown", word);
    free(word);
    if (md_h5_has(f, MD_PATH_DATA, "least") && md_h5_has(f, MD_PATH_DATA, "most")) {
        md_h5_get_number(f, MD_PATH_DATA, "least", MD_H5_F32, &scale->least);
        md_h5_get_number(f, MD_PATH_DATA, "most", MD_H5_F32, &scale->most);
    }
    if (f->status || scale->kind != MD_SCALE_STANDARDIZE)
        return;
    scale->features = (size_t)c->model.rows * (size_t)c->model.columns;
    get_moments_of_scale(f, MD_PATH_DATA "/mean", scale->features, &scale->mean);
    get_moments_of_scale(f, MD_PATH_DATA "/variance", scale->features, &scale->variance);
}

static void get_run(md_h5 *f, const char *path, md_run_record *record)
{
    for (int i = 0; i < MD_RUN_TEXTS; i++)
        *md_run_text(record, &md_run_texts[i]) = md_h5_get_text(f, path, md_run_texts[i].name);
    get_fields(f, path, md_run_numbers, MD_RUN_NUMBERS, record);
}

static void get_runs(md_h5 *f, md_checkpoint *c)
{
    size_t count = md_h5_members(f, MD_PATH_RUN);
    for (size_t i = 1; i <= count && !f->status; i++) {
        md_run_record record = {0};
        char path[MD_H5_PATH];
        md_path_run(i, path);
        if (!md_h5_exists(f, path))
            md_h5_fail(f, "%s is missing", path);
        get_run(f, path, &record);
        if (f->status)
            md_run_record_clear(&record);
        else
            f->status = md_checkpoint_add_run(c, &record, f->err);
    }
}

static void get_all(md_h5 *f, md_checkpoint *c)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    get_model(f, c, &layout);
    get_optimizer(f, c, &layout);
    get_progress(f, c);
    c->history = get_table(f, md_history_table(&c->model), &c->history_count, &c->history_capacity);
    c->chain = get_table(f, &md_chain_table, &c->chain_count, &c->chain_capacity);
    c->ledger = get_table(f, &md_ledger_table, &c->ledger_count, &c->ledger_capacity);
    get_golden(f, c);
    get_scale(f, c);
    get_runs(f, c);
    if (!f->status)
        md_h5_fail_with(f, md_checkpoint_check_sense(c, f->err));
}

md_status md_checkpoint_decode(const md_bytes *bytes, const char *name, md_checkpoint **out,
                               md_error *err)
{
    md_h5 f;
    md_model_spec spec = {0};
    uint64_t state = 0;
    *out = NULL;
    md_h5_open(&f, name, bytes, err);
    check_schema(&f);
    md_state_digest(&f, &state);
    check_digest(&f, "state_xxh3", state);
    get_spec(&f, &spec);
    if (!f.status)
        f.status = md_checkpoint_create(&spec, count_moments(&f), out, err);
    if (!f.status) {
        (*out)->state_xxh3 = state;
        get_all(&f, *out);
    }
    if (md_h5_close(&f))
        md_checkpoint_destroy(out);
    return f.status;
}

static md_status decode_step(const md_bytes *bytes, const char *name, int64_t *step, md_error *err)
{
    md_checkpoint *c;
    md_status status = md_checkpoint_decode(bytes, name, &c, err);
    assert(status || c);
    if (!status)
        *step = c->at.step;
    md_checkpoint_destroy(&c);
    return status;
}

md_status md_checkpoint_peek(const md_bytes *bytes, const char *name, int64_t *step, md_error *err)
{
    md_h5 f;
    *step = 0;
    md_h5_open(&f, name, bytes, err);
    const int sealed = f.sound || f.status;
    if (sealed) {
        check_schema(&f);
        md_h5_walk(&f, NULL, NULL);
        md_h5_get_number(&f, MD_PATH_PROGRESS, "step", MD_H5_I64, step);
    }
    if (*step < 0)
        md_h5_fail(&f, "%s@step is %lld, which cannot be", MD_PATH_PROGRESS, (long long)*step);
    md_status status = md_h5_close(&f);
    return sealed ? status : decode_step(bytes, name, step, err);
}

const md_file_kind md_checkpoint_file = {
    .what = "a .h5 file", .quote = "'", .status = MD_BAD_CHECKPOINT};

md_status md_checkpoint_read(const char *path, md_checkpoint **out, md_error *err)
{
    md_bytes bytes;
    *out = NULL;
    md_status status = md_bytes_read(path, &md_checkpoint_file, &bytes, NULL, err);
    if (!status)
        status = md_checkpoint_decode(&bytes, path, out, err);
    md_bytes_free(&bytes);
    return status;
}
