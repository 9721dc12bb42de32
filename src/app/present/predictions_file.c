#include "predictions_file.h"

#include "mnist_dist/base/whole_file.h"
#include "mnist_dist/hdf5/h5.h"
#include "process/output.h"

static void print_rows(const void *predictions, FILE *out)
{
    const md_predictions *p = predictions;
    fprintf(out, "index,label,predicted");
    for (size_t c = 0; c < p->classes; c++)
        fprintf(out, ",p%zu", c);
    fputc('\n', out);
    for (size_t i = 0; i < p->count; i++) {
        fprintf(out, "%zu,%d,%d", i, p->labels[i], p->predicted[i]);
        for (size_t c = 0; c < p->classes; c++)
            fprintf(out, ",%.6g", (double)p->probabilities[i * p->classes + c]);
        fputc('\n', out);
    }
}

md_status md_predictions_write_csv(const md_predictions *p, const char *path, md_error *err)
{
    return md_output_print(path, print_rows, p, err);
}

md_status md_predictions_write_h5(const md_predictions *p, const char *path, md_error *err)
{
    const md_h5_array classes = {MD_H5_I32, {1, {p->count}}};
    const md_h5_array floats = {MD_H5_F32, {2, {p->count, p->classes}}};
    md_h5 f;
    md_bytes image = {0};
    if (!md_h5_create(&f, path, err)) {
        md_h5_put_array(&f, "/label", &classes, p->labels);
        md_h5_put_array(&f, "/predicted", &classes, p->predicted);
        md_h5_put_array(&f, "/probabilities", &floats, p->probabilities);
        md_h5_image(&f, &image);
    }
    md_status status = md_h5_close(&f);
    if (!status)
        status = md_whole_file_write(path, &image, err);
    md_bytes_free(&image);
    return status;
}
