/* What the Python tests of files drive: prints "STATUS message", and exits with STATUS.
 *   checkpoint_tool write small|notebook EPOCHS FILE     a checkpoint of the fixtures
 *   checkpoint_tool read FILE                            as a checkpoint; prints its state digest
 *   checkpoint_tool export keras|weights.h5|npz FILE OUT
 *   checkpoint_tool import FILE OUT [small]      a checkpoint; "small" gives the fixture's model
 *   checkpoint_tool keras FILE PARAMETERS        as a model; prints the layers, writes raw float32
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_fixtures.h"
#include "mnist_dist/convert/convert.h"
#include "mnist_dist/keras/keras.h"

static md_status write_checkpoint(char **arguments, md_error *err)
{
    md_model_spec model =
        strcmp(arguments[0], "small") == 0 ? fixture_small_model() : md_notebook();
    md_checkpoint *c = fixture_checkpoint(&model, atoi(arguments[1]));
    md_status status = md_checkpoint_write(arguments[2], c, err);
    md_checkpoint_destroy(&c);
    return status;
}

static md_status read_checkpoint(char **arguments, md_error *err)
{
    md_checkpoint *c;
    md_status status = md_checkpoint_read(arguments[0], &c, err);
    if (!status)
        snprintf(err->text, sizeof err->text, "%016" PRIx64, c->state_xxh3);
    md_checkpoint_destroy(&c);
    return status;
}

static md_status export_checkpoint(char **arguments, md_error *err)
{
    md_checkpoint *c;
    int format = 0;
    while (md_export_words[format] && strcmp(md_export_words[format], arguments[0]) != 0)
        format++;
    if (!md_export_words[format])
        return md_fail(err, MD_USAGE, "no such format");
    md_status status = md_checkpoint_read(arguments[1], &c, err);
    if (!status)
        status = md_export(c, NULL, (md_export_format)format, arguments[2], err);
    md_checkpoint_destroy(&c);
    return status;
}

static md_status import_checkpoint(char **arguments, const md_model_spec *given, md_error *err)
{
    md_checkpoint *c;
    md_status status = md_import(arguments[0], given, MD_KERAS_PIXELS_AUTO, &c, err);
    if (!status)
        status = md_checkpoint_write(arguments[1], c, err);
    md_checkpoint_destroy(&c);
    return status;
}

static void print_model(const md_model_spec *spec)
{
    printf("%dx%d", spec->rows, spec->columns);
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_spec *layer = &spec->layers[i];
        printf(" %s:%s", layer->name, md_layer_kind_name(layer->kind));
        if (layer->kind == MD_LAYER_DENSE)
            printf(":%d:%s", layer->units, md_activation_words[layer->activation]);
        if (layer->kind == MD_LAYER_DROPOUT)
            printf(":%.17g", layer->rate);
    }
    printf("\n");
}

static md_status read_keras(char **arguments, md_error *err)
{
    md_model_spec spec;
    float *parameters;
    md_status status = md_keras_read(arguments[0], &(md_scale){0}, &spec, &parameters, err);
    if (status)
        return status;
    md_layout layout;
    md_model_spec_layout(&spec, &layout);
    print_model(&spec);
    FILE *out = fopen(arguments[1], "wb");
    if (!out || fwrite(parameters, sizeof(float), layout.parameters, out) != layout.parameters ||
        fclose(out) != 0)
        abort();
    free(parameters);
    return MD_OK;
}

int main(int argc, char **argv)
{
    md_error err = {0};
    md_status status = MD_USAGE;
    if (argc == 5 && strcmp(argv[1], "write") == 0)
        status = write_checkpoint(argv + 2, &err);
    else if (argc == 3 && strcmp(argv[1], "read") == 0)
        status = read_checkpoint(argv + 2, &err);
    else if (argc == 4 && strcmp(argv[1], "keras") == 0)
        status = read_keras(argv + 2, &err);
    const md_model_spec small = fixture_small_model();
    if (argc == 5 && strcmp(argv[1], "export") == 0)
        status = export_checkpoint(argv + 2, &err);
    else if ((argc == 4 || argc == 5) && strcmp(argv[1], "import") == 0)
        status = import_checkpoint(argv + 2, argc == 5 ? &small : NULL, &err);
    printf("%d %s\n", (int)status, err.text);
    if (fixture_open_ids() != 0) {
        fprintf(stderr, "checkpoint_tool: %ld HDF5 identifiers are still open\n",
                fixture_open_ids());
        abort();
    }
    return (int)status;
}
