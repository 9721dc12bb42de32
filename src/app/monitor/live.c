#include "live.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mnist_dist/base/files.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/base/whole_file.h"
#include "mnist_dist/rundir/folder.h"

typedef enum kind { TEXT, WHOLE, REAL } kind;

static const struct {
    const char *key;
    kind kind;
    size_t offset;
} fields[] = {{"state", TEXT, offsetof(md_live, state)},
              {"epoch", WHOLE, offsetof(md_live, epoch)},
              {"epochs", WHOLE, offsetof(md_live, epochs)},
              {"step", WHOLE, offsetof(md_live, step)},
              {"first_step", WHOLE, offsetof(md_live, first_step)},
              {"total_steps", WHOLE, offsetof(md_live, total_steps)},
              {"loss", REAL, offsetof(md_live, loss)},
              {"accuracy", REAL, offsetof(md_live, accuracy)},
              {"images_per_s", REAL, offsetof(md_live, images_per_s)},
              {"seconds", REAL, offsetof(md_live, seconds)},
              {"ranks", WHOLE, offsetof(md_live, ranks)},
              {"pid", WHOLE, offsetof(md_live, pid)},
              {"host", TEXT, offsetof(md_live, host)},
              {"started", TEXT, offsetof(md_live, started)},
              {"updated", TEXT, offsetof(md_live, updated)}};

enum { FIELDS = sizeof fields / sizeof *fields };

static void print_field(const md_live *live, size_t i, FILE *out)
{
    const char *at = (const char *)live + fields[i].offset;
    int64_t whole;
    double real;
    fprintf(out, "%s=", fields[i].key);
    switch (fields[i].kind) {
    case TEXT:
        fprintf(out, "%s\n", at);
        break;
    case WHOLE:
        memcpy(&whole, at, sizeof whole);
        fprintf(out, "%lld\n", (long long)whole);
        break;
    case REAL:
        memcpy(&real, at, sizeof real);
        fprintf(out, "%.6g\n", real);
    }
}

static void print_fields(const void *live, FILE *out)
{
    for (size_t i = 0; i < FIELDS; i++)
        print_field(live, i, out);
}

md_status md_live_write(const char *folder, const md_live *live, md_error *err)
{
    char path[PATH_MAX], temporary[PATH_MAX];
    md_files_join(folder, MD_FILE_STATUS, path);
    md_files_join(folder, MD_FILE_SAVING_STATUS, temporary);
    return md_whole_file_replace(path, temporary, print_fields, live, err);
}

static void take_field(md_live *live, size_t i, const char *text)
{
    char *at = (char *)live + fields[i].offset;
    int64_t whole;
    double real;
    switch (fields[i].kind) {
    case TEXT:
        snprintf(at, MD_LIVE_TEXT, "%s", text);
        md_text_make_printable(at);
        break;
    case WHOLE:
        if (md_parse_i64(text, 0, INT64_MAX, &whole))
            memcpy(at, &whole, sizeof whole);
        break;
    case REAL:
        if (md_parse_f64(text, &real))
            memcpy(at, &real, sizeof real);
    }
}

/* One `key=value`. */
static void take_line(md_live *live, char *line)
{
    char *value = strchr(line, '=');
    if (!value)
        return;
    *value++ = '\0';
    for (size_t i = 0; i < FIELDS; i++)
        if (strcmp(line, fields[i].key) == 0)
            take_field(live, i, value);
}

int md_live_read(const char *folder, md_live *out)
{
    static const md_file_kind status_file = {
        .what = "a status", .quote = "", .status = MD_FAILED, .most = 16 * 1024};
    char path[PATH_MAX], *rest = NULL;
    md_bytes text;
    *out = (md_live){.loss = NAN, .accuracy = NAN};
    md_files_join(folder, MD_FILE_STATUS, path);
    if (md_bytes_read(path, &status_file, &text, NULL, NULL))
        return 0;
    for (char *line = strtok_r((char *)text.data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        take_line(out, line);
    md_bytes_free(&text);
    return out->state[0] != '\0';
}

double md_live_age(const md_live *live)
{
    struct tm utc = {0};
    const char *end = strptime(live->updated, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return end && !*end ? difftime(time(NULL), timegm(&utc)) : INFINITY;
}
