#include "data_summary.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/data/source.h"
#include "mnist_dist/train/dataset.h"

enum { LABEL = 12, WIDTH = 80, SHOWN = 40 };

typedef struct summary {
    const md_config *config;
    md_source *source;
    md_samples samples;
    md_store_header plan;
    char refused[MD_ERROR_TEXT + 128]; /* what, and why; empty: nothing is */
    FILE *out;
} summary;

static md_status load(summary *s, int numbers, const md_split *only, md_error *err)
{
    const md_dataset_params p = md_dataset_params_of(s->config);
    const md_source_wishes wishes = {.where = p.source,
                                     .x = {p.x[0], p.x[1]},
                                     .y = {p.y[0], p.y[1]},
                                     .target = p.target,
                                     .only = only,
                                     .numbers = numbers};
    const md_settling settling = {.scaling = p.scaling, .transpose = p.transpose};
    md_status status = md_source_open(&wishes, &s->source, err);
    for (int split = 0; !status && split < 2; split++)
        if (!only || *only == (md_split)split)
            status = md_source_read(s->source, (md_split)split, &s->samples, err);
    if (!status)
        status = md_scale_name(&s->samples.scale, md_source_feature_names(s->source), NULL, err);
    if (!status)
        status = md_samples_settle(&s->samples, &settling, err);
    if (!status)
        status = md_store_plan(&s->samples, p.storage, &s->plan, err);
    return status;
}

static void clear(summary *s)
{
    md_samples_clear(&s->samples);
    md_source_close(&s->source);
}

/* As classes of both parts first; what is refused so may be numbers to be met, or test data alone.
 */
static md_status understand(summary *s, md_error *err)
{
    static const md_split test = MD_SPLIT_TEST;
    const struct {
        int numbers;
        const md_split *only;
        const char *refused;
    } ways[] = {{1, NULL, "activation softmax, or one sigmoid, for which answers are classes: "},
                {0, &test, "training on it: "}};
    md_status status = load(s, 0, NULL, err);
    for (size_t i = 0; status == MD_BAD_DATA && i < sizeof ways / sizeof *ways; i++) {
        md_error unused;
        clear(s);
        if (load(s, ways[i].numbers, ways[i].only, &unused))
            continue;
        snprintf(s->refused, sizeof s->refused, "%s%s", ways[i].refused, err->text);
        return MD_OK;
    }
    return status;
}

static void print_label(const summary *s, const char *label)
{
    fprintf(s->out, "  %-*s", LABEL - 2, label);
}

static void print_part(const summary *s, md_split split)
{
    char x[MD_SOURCE_TEXT], y[MD_SOURCE_TEXT];
    const md_source_shape *shape = &s->samples.shape;
    if (!md_source_describe(s->source, split, 0, x))
        return;
    print_label(s, split == MD_SPLIT_TEST           ? "test"
                   : md_source_is_single(s->source) ? "one part"
                                                    : "training");
    if (shape->rows > 1)
        fprintf(s->out, "%zu images of %zu x %zu, ", shape->images[split], shape->rows,
                shape->columns);
    else
        fprintf(s->out, "%zu rows of %zu feature%s, ", shape->images[split], shape->columns,
                shape->columns == 1 ? "" : "s");
    if (md_source_describe(s->source, split, 1, y))
        fprintf(s->out, "%s; answers %s\n", x, y);
    else
        fprintf(s->out, "%s; no answers\n", x);
}

/* Joined words in lines of the width, each after the first behind `*column`. */
static void print_word(const summary *s, const char *word, int *column)
{
    const int length = (int)strlen(word);
    if (*column > LABEL && *column + 2 + length > WIDTH - 1) {
        fprintf(s->out, ",\n%*s", LABEL, "");
        *column = LABEL;
    }
    *column += fprintf(s->out, "%s%s", *column > LABEL ? ", " : "", word);
}

/* Lines of `names`, as many as are shown. */
static void print_names(const summary *s, const char *label, const char *names)
{
    int column = LABEL;
    size_t count = 0;
    if (!names)
        return;
    print_label(s, label);
    for (const char *at = names; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL, count++) {
        char name[MD_NAME_SIZE], shown[MD_SNIPPET_SIZE];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "\n"), at);
        md_text_snippet(name, shown);
        if (count < SHOWN)
            print_word(s, shown, &column);
    }
    fprintf(s->out, "%s\n", count > SHOWN ? ", ..." : "");
}

/* How often each class is there, by name or number. */
static md_status print_classes(const summary *s, md_error *err)
{
    const md_scale named = {.class_names = (char *)md_source_class_names(s->source)};
    const size_t classes = (size_t)s->plan.classes;
    if (classes == 0) /* there are no answers, as is said with the parts */
        return MD_OK;
    size_t *counts;
    int column = LABEL;
    md_status status =
        md_allocate((void **)&counts, classes, sizeof *counts, "the classes' counts", err);
    if (status)
        return status;
    for (int split = 0; split < 2; split++)
        for (size_t i = 0; s->samples.labels[split] && i < s->samples.shape.images[split]; i++)
            counts[s->samples.labels[split][i]]++;
    print_label(s, "answers");
    fprintf(s->out, "%zu classes, with so many samples:\n%*s", classes, LABEL, "");
    for (size_t k = 0; k < classes && k < SHOWN; k++) {
        char name[MD_CLASS_NAME], shown[MD_SNIPPET_SIZE], word[2 * MD_SNIPPET_SIZE];
        md_text_snippet(md_scale_class(&named, k, name), shown);
        snprintf(word, sizeof word, "%s: %zu", shown, counts[k]);
        print_word(s, word, &column);
    }
    fprintf(s->out, "%s\n", classes > SHOWN ? ", ..." : "");
    free(counts);
    return MD_OK;
}

static void print_range(const summary *s, size_t target)
{
    const float *values = s->samples.values[MD_SPLIT_TRAIN];
    const size_t n = s->samples.shape.images[MD_SPLIT_TRAIN], width = s->samples.targets;
    float least = values[target], most = least;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const float v = values[i * width + target];
        least = v < least ? v : least;
        most = v > most ? v : most;
        sum += (double)v;
    }
    char name[MD_CLASS_NAME], shown[MD_SNIPPET_SIZE];
    const md_scale named = {.class_names = (char *)md_source_class_names(s->source)};
    md_text_snippet(md_scale_class(&named, target, name), shown);
    fprintf(s->out, "%*s%s: %.6g to %.6g, mean %.6g\n", LABEL, "", shown, (double)least,
            (double)most, sum / (double)n);
}

/* Words between blanks in lines of the width. */
static void print_text(const summary *s, const char *text)
{
    int column = LABEL;
    for (; *text; text += strspn(text, " ")) {
        const int length = (int)strcspn(text, " ");
        if (column > LABEL && column + 1 + length > WIDTH - 1) {
            fprintf(s->out, "\n%*s", LABEL, "");
            column = LABEL;
        }
        column += fprintf(s->out, "%s%.*s", column > LABEL ? " " : "", length, text);
        text += length;
    }
    fputc('\n', s->out);
}

static void print_numbers(const summary *s)
{
    print_label(s, "answers");
    fprintf(s->out, "%zu number%s a sample, for as many units, linear or (0 to 1) sigmoid:\n",
            s->samples.targets, s->samples.targets == 1 ? "" : "s");
    for (size_t k = 0; k < s->samples.targets && k < SHOWN; k++)
        print_range(s, k);
}

static const char *scale_text(md_scale_kind kind)
{
    switch (kind) {
    case MD_SCALE_UNIT:
        return "unit: value / 255";
    case MD_SCALE_NONE:
        return "none: values as they are";
    case MD_SCALE_STANDARDIZE:
        break;
    }
    return "standardize: (value - mean) / deviation, of each feature its own";
}

static void print_memory(const summary *s)
{
    const int sparse = s->plan.storage == MD_STORAGE_SPARSE;
    print_label(s, "scale");
    fprintf(s->out, "%s\n", scale_text(s->samples.scale.kind));
    print_label(s, "density");
    fprintf(s->out, "%.1f %% of the values are not 0; in memory as %s\n", 100.0 * s->plan.density,
            sparse                                ? "sparse rows"
            : s->samples.element == MD_ELEMENT_U8 ? "bytes"
                                                  : "float32");
    print_label(s, "memory");
    fprintf(s->out, "%.1f MB on each node, which all its ranks share\n",
            (double)s->plan.bytes / 1e6);
}

static void print_notes(const summary *s)
{
    const char *at = md_source_notes(s->source);
    while (at && *at) {
        char note[MD_ERROR_TEXT];
        const size_t length = strcspn(at, "\n");
        snprintf(note, sizeof note, "%.*s", (int)length, at);
        print_label(s, "note");
        print_text(s, note);
        at += length + (at[length] == '\n');
    }
}

static void print_refused(const summary *s)
{
    if (!s->refused[0])
        return;
    print_label(s, "refused");
    print_text(s, s->refused);
}

md_status md_data_summarize(const md_config *config, FILE *out, md_error *err)
{
    summary s = {.config = config, .out = out};
    md_status status = understand(&s, err);
    if (!status) {
        fprintf(out, "%s: %s\n", config->data.source, md_source_kind(s.source));
        print_part(&s, MD_SPLIT_TRAIN);
        print_part(&s, MD_SPLIT_TEST);
        print_names(&s, "features", md_source_feature_names(s.source));
        if (s.samples.targets > 0)
            print_numbers(&s);
        else
            status = print_classes(&s, err);
    }
    if (!status) {
        print_memory(&s);
        print_notes(&s);
        print_refused(&s);
    }
    clear(&s);
    return status;
}
