#include "debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/comm/agree.h"
#include "present/layer_table.h"

static void start(void *context, const md_run_info *info)
{
    (void)context;
    const md_model_spec *spec = info->spec;
    const md_run_record *record = info->record;
    printf("model: images %d x %d, %zu parameters\n", spec->rows, spec->columns, info->parameters);
    md_layer_table_print(spec, stdout);
    printf("run: %d ranks on %d nodes, reducer %s, storage %s, kernels %s\n", record->ranks,
           record->nodes, record->reducer, record->storage, record->kernels);
    fflush(stdout); /* before what the gradient check says on stderr */
}

static void step(void *context, const md_step_info *info)
{
    (void)context;
    printf(
        "step %lld  loss %.6f  gradient %.4e  weights %.6f  rate %.3e  us:", (long long)info->step,
        info->step_loss, info->gradient_norm, info->weight_norm, info->learning_rate);
    for (int i = 0; i < MD_STEP_PHASES; i++)
        printf(" %s %.0f", md_step_phases[i], 1e6 * info->phase_s[i]);
    putchar('\n');
}

static void epoch(void *context, const md_epoch_row *row, int best)
{
    (void)context;
    if (isnan(row->accuracy))
        printf("epoch %lld  loss %.6g  mae %.6g  val_loss %.6g  val_mae %.6g  val_r2 %.6f%s\n",
               (long long)row->epoch, row->loss, row->mae, row->val_loss, row->val_mae, row->val_r2,
               best ? "  (best)" : "");
    else
        printf("epoch %lld  loss %.6f  accuracy %.4f  val_loss %.6f  val_accuracy %.4f%s\n",
               (long long)row->epoch, row->loss, row->accuracy, row->val_loss, row->val_accuracy,
               best ? "  (best)" : "");
}

md_observer md_debug_observer(void)
{
    return (md_observer){.start = start, .step = step, .epoch = epoch};
}

typedef struct place {
    char host[64];
    int pid;
} place;

static void say_places(const place *places, int ranks)
{
    md_info("waiting for a debugger; attach to any rank, then on rank 0 `set var go = 1` and "
            "`continue`");
    for (int i = 0; i < ranks; i++)
        md_info("  rank %d: on %s, gdb -p %d", i, places[i].host, places[i].pid);
}

/* Of the whole file, and this file compiled with debugging information whatever the build, so that
 * gdb finds it from wherever the process was caught. */
static volatile int go;

static void wait_for_debugger(void)
{
    while (!go)
        sleep(1);
}

md_status md_debug_wait(md_comm *comm, md_error *err)
{
    const int ranks = md_comm_size(comm), root = md_comm_rank(comm) == 0;
    place mine = {.pid = (int)getpid()}, *places = calloc((size_t)ranks, sizeof *places);
    gethostname(mine.host, sizeof mine.host - 1);
    md_status status = places ? MD_OK : md_fail_memory(err, "the ranks' places", sizeof mine);
    status = md_agree(comm, status, err);
    if (!status)
        status = md_comm_gather(comm, &mine, sizeof mine, places, err);
    if (!status && root) {
        say_places(places, ranks);
        wait_for_debugger();
    }
    free(places);
    return status ? status : md_comm_barrier(comm, err);
}
