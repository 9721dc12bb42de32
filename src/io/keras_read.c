#include <stdlib.h>

#include "checkpoint_image.h"
#include "keras_weights.h"
#include "mnist_dist/io/keras.h"
#include "mnist_dist/io/schema.h"

static void get_spec(md_h5 *f, md_model_spec *spec)
{
    if (!md_h5_has(f, "/", "model_config")) {
        md_h5_fail(f, "not a whole model: it has no @model_config");
        return;
    }
    char *config = md_h5_get_text(f, "/", "model_config");
    if (config)
        md_h5_fail_with(f, md_keras_config_read(config, spec, f->err));
    free(config);
}

/* A file of ours, held to its checksums. */
static md_status read_ours(const md_bytes *bytes, const char *path, md_model_spec *spec,
                           float **parameters, md_error *err)
{
    md_checkpoint *c;
    md_status status = md_checkpoint_decode(bytes, path, &c, err);
    if (status)
        return status;
    *spec = c->model;
    *parameters = c->parameters;
    c->parameters = NULL;
    md_checkpoint_destroy(&c);
    return MD_OK;
}

static md_status read_image(const md_bytes *bytes, const char *path, md_model_spec *spec,
                            float **parameters, md_error *err)
{
    md_h5 f;
    md_keras_weights weights;
    md_h5_open(&f, path, bytes, err);
    int ours = md_h5_has(&f, "/", "schema");
    if (!ours) {
        md_h5_walk(&f, MD_H5_KERAS, NULL, NULL);
        get_spec(&f, spec);
        md_keras_find_legacy(&f, MD_PATH_MODEL, &weights);
        md_keras_get_weights(&f, &weights, spec, parameters);
    }
    md_status status = md_h5_close(&f);
    return ours && !status ? read_ours(bytes, path, spec, parameters, err) : status;
}

md_status md_keras_read(const char *path, md_model_spec *spec, float **parameters, md_error *err)
{
    md_bytes bytes;
    *parameters = NULL;
    md_status status = md_bytes_read(path, &bytes, err);
    if (!status)
        status = read_image(&bytes, path, spec, parameters, err);
    md_bytes_free(&bytes);
    return status;
}
