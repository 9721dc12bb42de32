#include "predictions_file.h"

#include <hdf5.h>

#include "process/whole_file.h"

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
    return md_whole_file_print(path, print_rows, p, err);
}

/* One array; 0 or -1. */
static int put_array(hid_t file, const char *name, hid_t type, hid_t memory_type, int rank,
                     const hsize_t *shape, const void *data)
{
    hid_t set = H5I_INVALID_HID;
    hid_t space = H5Screate_simple(rank, shape, NULL);
    if (space >= 0)
        set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int bad = set < 0 || H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0;
    if (set >= 0)
        bad |= H5Dclose(set) < 0;
    if (space >= 0)
        bad |= H5Sclose(space) < 0;
    return bad ? -1 : 0;
}

static md_status write_arrays(const md_predictions *p, const char *temporary, const char *path,
                              md_error *err)
{
    const hsize_t shape[] = {p->count, p->classes};
    hid_t file = H5Fcreate(temporary, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    int bad =
        file < 0 || put_array(file, "label", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, shape, p->labels) ||
        put_array(file, "predicted", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, shape, p->predicted) ||
        put_array(file, "probabilities", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 2, shape,
                  p->probabilities);
    if (file >= 0)
        bad |= H5Fclose(file) < 0;
    if (bad)
        return md_fail(err, MD_FAILED, "%s cannot be written by HDF5; is the disk full?", path);
    return MD_OK;
}

md_status md_predictions_write_h5(const md_predictions *p, const char *path, md_error *err)
{
    md_whole_file file;
    md_status status = md_whole_file_open(path, &file, err);
    if (!status)
        status = write_arrays(p, file.temporary, path, err);
    if (!status)
        status = md_whole_file_commit(&file, err);
    md_whole_file_drop(&file);
    return status;
}
