#include <stdlib.h>

#include "cli/inputs.h"
#include "cli/shared_options.h"
#include "mnist_dist/base/memory.h"
#include "present/canvas.h"
#include "present/gnuplot.h"
#include "present/mosaic.h"
#include "present/sample_text.h"

static const struct argp_option options[] = {
    {"index", MD_OPTION_INDEX, "N", 0, "which image, from 0 (default 0)", 0},
    {"split", MD_OPTION_SPLIT, "SPLIT", 0, "train (default) or test", 0},
    {"data", MD_OPTION_DATA, "PATH", 0, "data set (default data/mnist)", 0},
    {"plot", MD_OPTION_PLOT, "OUT", 0, "write a picture: .png, .svg or .pdf", 0},
    {0}};

const struct argp md_show_argp = {
    .options = options,
    .parser = md_shared_options_parse,
    .doc = "Shows a sample with its label, in the terminal or as a picture."};

static md_status show(const md_store *store, const md_shared_options *a, md_error *err)
{
    const md_source_shape *shape = &store->header->shape;
    const md_split split = (md_split)a->split;
    char title[256];
    uint8_t *image;
    md_status status = md_allocate((void **)&image, md_store_features(store), 1, "an image", err);
    if (status)
        return status;
    md_store_image(store, split, (size_t)a->index, image);
    const int length = md_sample_name(store, split, (size_t)a->index, title, sizeof title);
    md_sample_answer(store, split, (size_t)a->index, title + length, sizeof title - (size_t)length);
    if (a->picture) {
        const md_figure figure = {image, shape->rows, shape->columns, title, 0};
        status = md_figure_draw(&figure, a->picture, err);
    } else {
        md_terminal terminal = md_terminal_detect(stdout);
        if (md_sample_is_row(store))
            status = md_sample_print(&terminal, store, split, (size_t)a->index, stdout, err);
        else
            md_image_print(&terminal, image, shape->rows, shape->columns, stdout);
        printf("%s\n", title);
    }
    free(image);
    return status;
}

md_status md_command_show(md_comm *comm, int argc, char **argv, md_error *err)
{
    md_shared_options a = {.split = MD_SPLIT_TRAIN, .err = err};
    md_data_choice choice;
    md_dataset *dataset = NULL;
    md_status status = md_options_parse(&md_show_argp, argc, argv, &a, NULL, err);
    if (!status)
        status = md_choose_data(a.data, NULL, &choice, err);
    if (!status)
        status = md_split_read(comm, &choice, (md_split)a.split, &dataset, err);
    if (!status)
        status =
            md_check_index(dataset, (md_split)a.split, choice.config.data.source, a.index, err);
    if (!status)
        status = show(md_dataset_store(dataset), &a, err);
    md_dataset_destroy(&dataset);
    return status;
}
