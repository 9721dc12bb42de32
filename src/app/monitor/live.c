#include "live.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/rundir/folder.h"
#include "process/whole_file.h"

enum { LINES_READ = 100 };

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

static void join(const char *folder, const char *name, char out[MD_PATH_SIZE + 32])
{
    snprintf(out, MD_PATH_SIZE + 32, "%s/%s", folder, name);
}

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

/* Not fsynced: what a crash of the machine loses here, nobody misses. */
md_status md_live_write(const char *folder, const md_live *live, md_error *err)
{
    char path[MD_PATH_SIZE + 32], temporary[MD_PATH_SIZE + 32];
    join(folder, MD_FILE_STATUS, path);
    join(folder, MD_FILE_SAVING_STATUS, temporary);
    FILE *out = fopen(temporary, "we");
    if (!out)
        return md_fail_write(path, err);
    for (size_t i = 0; i < FIELDS; i++)
        print_field(live, i, out);
    int bad = ferror(out);
    if (fclose(out) == 0 && !bad && rename(temporary, path) == 0)
        return MD_OK;
    md_status status = md_fail_write(path, err);
    unlink(temporary);
    return status;
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

int md_live_read(const char *folder, md_live *out)
{
    char path[MD_PATH_SIZE + 32], line[2 * MD_LIVE_TEXT];
    *out = (md_live){.loss = NAN, .accuracy = NAN};
    join(folder, MD_FILE_STATUS, path);
    FILE *in = fopen(path, "re");
    if (!in)
        return 0;
    for (int n = 0; n < LINES_READ && fgets(line, sizeof line, in); n++) {
        char *value = strchr(line, '=');
        if (!value)
            continue;
        *value++ = '\0';
        value[strcspn(value, "\n")] = '\0';
        for (size_t i = 0; i < FIELDS; i++)
            if (strcmp(line, fields[i].key) == 0)
                take_field(out, i, value);
    }
    fclose(in);
    return out->state[0] != '\0';
}

double md_live_age(const md_live *live)
{
    struct tm utc = {0};
    const char *end = strptime(live->updated, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return end && !*end ? difftime(time(NULL), timegm(&utc)) : INFINITY;
}
