/* The configuration: one struct, filled by defaults, then a checkpoint's copy, then --config, then
 * options, and checked once. From then on only data.source changes, where the default gives way to
 * drawn digits, and data.memory from auto to what was chosen. One table of keys (config_keys.c)
 * drives reading, --set, writing, the checks and the reference in README. Local: rank 0 reads
 * files, all ranks parse the same text. */
#ifndef MNIST_DIST_CONFIG_CONFIG_H
#define MNIST_DIST_CONFIG_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/base/key.h"
#include "mnist_dist/comm/reducer_list.h"
#include "mnist_dist/data/storage_list.h"
#include "mnist_dist/model/augmentation.h"
#include "mnist_dist/model/features.h"
#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/model/optimizer_spec.h"
#include "mnist_dist/model/schedule_spec.h"

enum { MD_MAX_KEYS = 64 };

/* Choices, in the order of their words. */
typedef enum md_monitor {
    MD_MONITOR_VAL_LOSS,
    MD_MONITOR_VAL_ACCURACY,
    MD_MONITOR_LOSS,
    MD_MONITOR_ACCURACY,
    MD_MONITOR_VAL_MAE,
    MD_MONITOR_MAE
} md_monitor;

/* The configuration's words, by md_monitor; NULL at the end. */
extern const char *const md_monitor_words[];

typedef struct md_config {
    struct {
        char source[MD_PATH_SIZE];
        char validation[MD_WORD_SIZE]; /* test, none or split:N */
        md_storage storage;
        md_memory memory;
        int64_t window; /* MB per node */
        md_scaling scale;
        int64_t classes; /* 0: as many as the labels show */
        int transpose;
        char target[MD_NAME_SIZE * 4]; /* columns of a table, "a, b"; "": a usual name */
        char train_x[MD_NAME_SIZE * 4],
            train_y[MD_NAME_SIZE * 4]; /* names in the file; "": usual */
        char test_x[MD_NAME_SIZE * 4], test_y[MD_NAME_SIZE * 4];
    } data;
    md_model_spec model; /* rows and columns are the data's, 0 until it is known */
    md_augmentation augment;
    md_optimizer_spec optimizer;
    md_schedule schedule;
    struct {
        int64_t epochs, batch_size;
        uint64_t seed;
        int shuffle;
        int64_t max_steps;
        char initial_weights[MD_PATH_SIZE];
        double time_limit; /* minutes */
    } train;
    struct {
        int64_t patience;
        md_monitor monitor;
        double min_delta;
    } early_stopping;
    struct {
        md_reducer_kind reducer;
        int64_t node_size;
        int64_t active_ranks;
        double stall_timeout; /* seconds */
    } distributed;
    struct {
        char output[MD_PATH_SIZE];
        int64_t every_steps, keep, digest_every, max_failures;
        double lock_wait;     /* seconds */
        double every_minutes; /* 0: never by the clock */
    } checkpoint;
    unsigned char given[MD_MAX_KEYS]; /* by table row: set by something else than the defaults */
} md_config;

md_config md_config_default(void);

/* Applies YAML text of up to 16 KiB; `name` is the file's name for messages ("mnist.yaml:12: ...").
 * Unknown keys, wrong types and values out of range: MD_USAGE naming key and line, and *config
 * stays as it was. */
md_status md_config_parse(md_config *config, const char *text, const char *name, md_error *err);
/* The same for the copy that a run saved. It may hold what is no longer taken from users. */
md_status md_config_parse_saved(md_config *config, const char *text, md_error *err);

/* Applies "section.key=value" (scalar keys only). */
md_status md_config_set(md_config *config, const char *assignment, md_error *err);

/* Reads a whole file into malloc'ed text for md_config_parse. MD_USAGE naming the path when it
 * cannot be read, is too large or is no text; *text is NULL on error. */
md_status md_config_read_file(const char *path, char **text, md_error *err);

/* Every value's range once more, for structs filled by hand, and what no single key can show:
 * combinations, and the model apart from the data's shape. MD_USAGE naming the key. */
md_status md_config_check(const md_config *config, md_error *err);

/* Was "section.key" given by anything but the defaults? */
int md_config_given(const md_config *config, const char *key);

/* The whole configuration as YAML (malloc'ed), which md_config_parse reads back to the same values;
 * NULL when out of memory. */
char *md_config_write(const md_config *config);

/* May a run saved under `saved`, which has taken steps or not, go on under `now`? Before the first
 * step only the model is fixed. MD_USAGE naming the key and both values. */
md_status md_config_check_resume(const md_config *saved, const md_config *now, int has_steps,
                                 md_error *err);

/* The reference: one Markdown table row a key (name, default, range, help). */
void md_config_print_reference(FILE *out);

#endif
