#include "debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/comm/agree.h"

static void print_layer(const md_layer_spec *layer, size_t in, size_t out)
{
    const size_t parameters = layer->kind == MD_LAYER_DENSE ? (in + 1) * out : 0;
    printf("  %-12s %-8s [%zu] -> [%zu]  %zu parameters", layer->name,
           md_layer_kind_name(layer->kind), in, out, parameters);
    if (layer->kind == MD_LAYER_DENSE)
        printf("  %s", md_activation_name(layer->activation));
    if (layer->kind == MD_LAYER_DROPOUT)
        printf("  rate %g", layer->rate);
    putchar('\n');
}

static void start(void *context, const md_run_info *info)
{
    (void)context;
    const md_model_spec *spec = info->spec;
    size_t width = (size_t)spec->rows * (size_t)spec->columns;
    printf("model: images %d x %d, %zu parameters\n", spec->rows, spec->columns, info->parameters);
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_spec *layer = &spec->layers[i];
        const size_t out = layer->kind == MD_LAYER_DENSE ? (size_t)layer->units : width;
        print_layer(layer, width, out);
        width = out;
    }
    printf("run: %d ranks on %d nodes, reducer %s, storage %s, kernels %s\n", info->ranks,
           info->nodes, info->reducer, info->storage, info->kernels);
}

static void step(void *context, const md_step_info *info)
{
    (void)context;
    static const char *const phases[] = {"gather", "forward", "backward", "reduce", "optimizer"};
    printf(
        "step %lld  loss %.6f  gradient %.4e  weights %.6f  rate %.3e  us:", (long long)info->step,
        info->step_loss, info->gradient_norm, info->weight_norm, info->learning_rate);
    for (int i = 0; i < 5; i++)
        printf(" %s %.0f", phases[i], 1e6 * info->phase_s[i]);
    putchar('\n');
}

static void epoch(void *context, const md_epoch_row *row, int best)
{
    (void)context;
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
