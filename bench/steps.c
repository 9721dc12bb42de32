/* Whole training steps, split by phase, as the trainer itself takes them on all ranks of this run.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bounds.h"
#include "mnist_dist/comm/reducer.h"
#include "mnist_dist/train/trainer.h"
#include "results.h"

enum { MOST_STEPS = 4000, MOST_ASSIGNMENTS = 16 };

/* What to train with. */
static const struct {
    const char *name;
    md_reducer_kind kind;
} ways[] = {
#define WAY(ID, id, name, ...) {name, MD_REDUCER_##ID},
    MD_REDUCERS(WAY)
#undef WAY
};

static const int64_t batches[] = {8, 32, 128, 1024};

typedef struct samples {
    double phase[MD_STEP_PHASES][MOST_STEPS], step[MOST_STEPS];
    size_t count;
} samples;

static void note_step(void *context, const md_step_info *info)
{
    samples *s = context;
    if (s->count == MOST_STEPS)
        return;
    double step = 0.0;
    for (int i = 0; i < MD_STEP_PHASES; i++) {
        s->phase[i][s->count] = info->phase_s[i];
        step += info->phase_s[i];
    }
    s->step[s->count++] = step;
}

/* Collective. One run of the trainer into a folder of its own. */
static md_status train(md_bench *bench, const char *const *assignments, size_t count, samples *out,
                       md_error *err)
{
    const md_run_params params = {.assignments = assignments, .assignment_count = count};
    const md_observer observer = {.context = out, .step = note_step};
    const md_train_params how = {
        .command_line = "mnist_dist_bench", .observers = &observer, .observer_count = 1};
    md_run run;
    md_train_result result;
    out->count = 0;
    md_status status = md_run_configure(bench->comm, &params, &run, err);
    if (!status)
        status = md_run_open(bench->comm, &params, &run, err);
    if (!status)
        status = md_train(bench->comm, &run, &how, &result, err);
    md_run_close(&run);
    return status;
}

static void report(const md_bench *bench, const md_bench_bounds *bounds, size_t way, int64_t batch,
                   samples *s)
{
    char name[64];
    double least[MD_STEP_PHASES], sum = 0.0;
    const size_t size = (size_t)batch;
    md_bench_bounds_phases(bounds, bench->images.store.header->density, (double)batch,
                           md_comm_size(bench->comm), md_reducer_exchanges(ways[way].kind), least);
    for (int i = 0; i < MD_STEP_PHASES; i++) {
        snprintf(name, sizeof name, "%s: %s", ways[way].name, md_step_phases[i]);
        sum += least[i];
        md_report_row(bench->csv, &(md_row){.section = "steps",
                                            .name = name,
                                            .batch = size,
                                            .timing = md_timing_of(s->phase[i], s->count),
                                            .least = least[i]});
    }
    snprintf(name, sizeof name, "%s: step", ways[way].name);
    md_row row = {
        .section = "steps", .name = name, .batch = size, .unit = "k images/s", .least = sum};
    row.timing = md_timing_of(s->step, s->count);
    row.rate = 1e-3 * (double)batch / row.timing.median;
    md_report_row(bench->csv, &row);
    md_report_note(bench->csv, "  an epoch of 60000 images: %.3f s",
                   60000.0 / (double)batch * row.timing.median);
}

static md_status measure(md_bench *bench, size_t way, int64_t batch, const char *folder, samples *s,
                         md_error *err)
{
    char text[MOST_ASSIGNMENTS][256];
    const char *assignments[MOST_ASSIGNMENTS];
    const struct {
        const char *key, *value;
    } words[] = {{"data.source", bench->data},
                 {"checkpoint.output", folder},
                 {"data.validation", "none"},
                 {"distributed.reducer", ways[way].name},
                 {"distributed.active_ranks", "1000000"}};
    size_t n = 0;
    for (; n < sizeof words / sizeof *words; n++)
        snprintf(text[n], sizeof *text, "%s=%s", words[n].key, words[n].value);
    const long long steps = batch >= 1024 ? 300 : 1500;
    snprintf(text[n++], sizeof *text, "train.batch_size=%lld", (long long)batch);
    snprintf(text[n++], sizeof *text, "train.max_steps=%lld", steps);
    snprintf(text[n++], sizeof *text, "train.epochs=%lld", steps * (long long)batch);
    for (size_t i = 0; i < n; i++)
        assignments[i] = text[i];
    return train(bench, assignments, n, s, err);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

md_status md_bench_steps(md_bench *bench, md_error *err)
{
    char folder[] = "/tmp/mnist_dist_bench_XXXXXX";
    const int root = md_comm_rank(bench->comm) == 0;
    samples *s = calloc(1, sizeof *s);
    md_bench_bounds bounds = {0};
    md_status status = s ? MD_OK : md_fail_memory(err, "samples", sizeof *s);
    if (!status && root)
        status = md_bench_bounds_measure(bench, &bounds, err);
    if (!status && root && !mkdtemp(folder))
        status = md_fail(err, MD_FAILED, "%s cannot be made", folder);
    status = md_agree(bench->comm, status, err);
    if (!status)
        status = md_comm_broadcast(bench->comm, folder, sizeof folder, 0, err);
    if (!status)
        md_report_title(bench->csv, "Training steps, by phase of rank 0");
    for (size_t b = 0; !status && b < sizeof batches / sizeof *batches; b++)
        for (size_t w = 0; !status && w < sizeof ways / sizeof *ways; w++) {
            status = measure(bench, w, batches[b], folder, s, err);
            if (!status && root)
                report(bench, &bounds, w, batches[b], s);
        }
    if (root && nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
        md_report_note(bench->csv, "%s could not be removed", folder);
    free(s);
    return status;
}
