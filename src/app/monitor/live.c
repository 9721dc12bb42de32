#include "live.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mnist_dist/base/files.h"
#include "mnist_dist/base/key.h"
#include "mnist_dist/base/whole_file.h"
#include "mnist_dist/rundir/folder.h"

static const md_key fields[] = {
    {"state", MD_KEY_TEXT, MD_AT(md_live, state)},
    {"epoch", MD_KEY_INTEGER, MD_AT(md_live, epoch), .high = INFINITY},
    {"epochs", MD_KEY_INTEGER, MD_AT(md_live, epochs), .high = INFINITY},
    {"step", MD_KEY_INTEGER, MD_AT(md_live, step), .high = INFINITY},
    {"first_step", MD_KEY_INTEGER, MD_AT(md_live, first_step), .high = INFINITY},
    {"total_steps", MD_KEY_INTEGER, MD_AT(md_live, total_steps), .high = INFINITY},
    {"loss", MD_KEY_REAL, MD_AT(md_live, loss), .high = INFINITY},
    {"accuracy", MD_KEY_REAL, MD_AT(md_live, accuracy), .high = INFINITY},
    {"mae", MD_KEY_REAL, MD_AT(md_live, mae), .high = INFINITY},
    {"images_per_s", MD_KEY_REAL, MD_AT(md_live, images_per_s), .high = INFINITY},
    {"seconds", MD_KEY_REAL, MD_AT(md_live, seconds), .high = INFINITY},
    {"ranks", MD_KEY_INTEGER, MD_AT(md_live, ranks), .high = INFINITY},
    {"pid", MD_KEY_INTEGER, MD_AT(md_live, pid), .high = INFINITY},
    {"host", MD_KEY_TEXT, MD_AT(md_live, host)},
    {"started", MD_KEY_TEXT, MD_AT(md_live, started)},
    {"updated", MD_KEY_TEXT, MD_AT(md_live, updated)},
};

enum { FIELDS = sizeof fields / sizeof *fields };

static void print_fields(const void *live, FILE *out)
{
    const size_t other =
        ((const md_live *)live)->numbers ? offsetof(md_live, accuracy) : offsetof(md_live, mae);
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].offset == other)
            continue;
        char value[MD_VALUE_SIZE];
        md_key_format(&fields[i], live, value);
        fprintf(out, "%s=%s\n", fields[i].name, value);
    }
}

md_status md_live_write(const char *folder, const md_live *live, md_error *err)
{
    char path[PATH_MAX], temporary[PATH_MAX];
    md_files_join(folder, MD_FILE_STATUS, path);
    md_files_join(folder, MD_FILE_SAVING_STATUS, temporary);
    return md_whole_file_replace(path, temporary, print_fields, live, err);
}

/* One `key=value`. */
static void take_line(md_live *live, char *line)
{
    char *value = strchr(line, '=');
    if (!value)
        return;
    *value++ = '\0';
    live->numbers |= strcmp(line, "mae") == 0;
    for (size_t i = 0; i < FIELDS; i++)
        if (strcmp(line, fields[i].name) == 0)
            md_key_set(&fields[i], live, value, NULL);
}

int md_live_read(const char *folder, md_live *out)
{
    static const md_file_kind status_file = {
        .what = "a status", .quote = "", .status = MD_FAILED, .most = 1 << 14};
    char path[PATH_MAX], *rest = NULL;
    md_bytes text;
    *out = (md_live){.loss = NAN, .accuracy = NAN, .mae = NAN};
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
