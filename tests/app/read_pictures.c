/* read_pictures FILE PICTURE...: the digit that FILE's model sees in each, a line each; "none"
 * where no picture or no ink is found. What `predict --image` does, for many pictures at once. */
#include <stdio.h>
#include <stdlib.h>

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/data/image.h"
#include "mnist_dist/train/infer.h"

static md_status read_picture(const md_checkpoint *c, const char *path, uint8_t *pixels,
                              float *logits, md_error *err)
{
    md_status status = md_image_read(path, MD_IMAGE_FITTED, (size_t)c->model.rows,
                                     (size_t)c->model.columns, pixels, err);
    if (!status) {
        const md_samples samples = {
            .shape = {(size_t)c->model.rows, (size_t)c->model.columns, {0, 1}},
            .features = {NULL, pixels}};
        status = md_infer_samples(&c->model, c->parameters, MD_STORAGE_AUTO, &samples, logits, err);
    }
    return status;
}

int main(int argc, char **argv)
{
    md_error err = {0};
    md_checkpoint *c;
    if (argc < 2 || md_checkpoint_read(argv[1], &c, &err))
        return fprintf(stderr, "%s\n", err.text), 1;
    const size_t classes = (size_t)md_model_spec_outputs(&c->model);
    uint8_t *pixels = malloc((size_t)c->model.rows * (size_t)c->model.columns);
    float *logits = malloc(classes * sizeof *logits);
    for (int i = 2; pixels && logits && i < argc; i++)
        if (read_picture(c, argv[i], pixels, logits, &err))
            puts("none");
        else
            printf("%zu\n", md_infer_class(&c->model, logits));
    free(pixels);
    free(logits);
    md_checkpoint_destroy(&c);
    return 0;
}
