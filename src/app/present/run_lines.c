#include "run_lines.h"

#include <stdarg.h>
#include <stdlib.h>

typedef struct writer {
    md_run_line *print;
    FILE *out;
} writer;

static void write_line(writer w, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void write_line(writer w, const char *label, const char *format, ...)
{
    char *text;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    if (length < 0)
        return;
    w.print(label, text, w.out);
    free(text);
}

void md_run_lines(const md_run_record *run, md_run_line *print, FILE *out)
{
    const writer w = {print, out};
    if (run->ranks > 0) {
        write_line(w, "ranks", "%d on %d node%s: %s", run->ranks, run->nodes,
                   run->nodes == 1 ? "" : "s", run->hosts);
        write_line(w, "how", "%s reducer, %s kernels, %s storage", run->reducer, run->kernels,
                   run->storage);
        write_line(w, "software", "mnist_dist %s, %s, HDF5 %s", run->version, run->version_mpi,
                   run->version_hdf5);
        print("data", run->data_sha256, out);
    }
    print("command", run->command_line, out);
}
