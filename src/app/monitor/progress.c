#include "progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/comm/reducer.h"

enum { WIDEST_BAR = 24, NARROWEST_BAR = 6 };

static const double redraw_s = 0.1;

static void clear_bar(md_progress *p)
{
    if (p->showing)
        fprintf(stderr, "\r\033[K");
    p->showing = 0;
}

static void say(md_log_level level, const char *line, void *context)
{
    clear_bar(context);
    md_log_to_stderr(level, line, NULL);
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* Open MPI 4 spins where it waits, unless told or started with more ranks than slots. */
static int spins(const md_run_info *info)
{
    const char *told = getenv("OMPI_MCA_mpi_yield_when_idle");
    if (!told)
        told = getenv("OMPI_MCA_mpi_oversubscribe"); /* mpirun's word */
    return strncmp(info->record->version_mpi, "Open MPI v4", strlen("Open MPI v4")) == 0 &&
           !(told && strcmp(told, "1") == 0);
}

static void speak_of_cpus(const md_run_info *info)
{
    const int cpus = info->cpus, active = info->active;
    if (active < info->node_ranks)
        md_info("at most %d of a node's %d ranks compute at once, the others follow their steps "
                "(distributed.active_ranks): mpirun -np %d mnist_dist ... does as much",
                active, info->node_ranks, active * info->record->nodes);
    if (cpus <= 0 || active <= cpus)
        return;
    md_info("%d ranks take turns on %d CPU%s: each step waits for those that have none, and takes "
            "no less than with %d rank%s, more beside other programs; faster: mpirun -np %d "
            "mnist_dist ...",
            info->node_ranks, cpus, plural(cpus), cpus, plural(cpus), cpus * info->record->nodes);
    if (spins(info))
        md_warn("ranks that wait keep their CPU from those that compute: set "
                "OMPI_MCA_mpi_yield_when_idle=1, or start fewer ranks");
}

/* The largest batch for which it was measured to be so; see ARCHITECTURE.md. */
enum { SMALL_BATCH = 256 };

static void speak_of_reducer(const md_run_info *info)
{
    const md_reducer_kind kind = info->config->distributed.reducer;
    if (info->record->nodes == 1 && info->record->ranks > 1 && !md_reducer_exchanges(kind) &&
        info->shape->batch <= SMALL_BATCH)
        md_info(
            "for so small a batch --reducer %s is faster, and its weights have the same bits at "
            "any rank count",
            md_reducer_abouts[MD_REDUCER_EXCHANGE].name);
}

static void say_shape(const md_run_info *info)
{
    const md_config *config = info->config;
    const md_run_record *r = info->record;
    const md_run_shape *shape = info->shape;
    md_info("%zu images of %s (%s, %.0f %% ink), validating on %zu", shape->images,
            config->data.source, r->storage, 100 * info->density, shape->validation_images);
    md_info("%zu parameters, batch %zu, %lld step%s in epochs of %lld, into %s", info->parameters,
            shape->batch, (long long)shape->last_step, plural(shape->last_step),
            (long long)shape->steps_per_epoch, config->checkpoint.output);
    md_info("%d rank%s on %d node%s, %d CPU%s; reducer %s, kernels %s", r->ranks, plural(r->ranks),
            r->nodes, plural(r->nodes), info->cpus, plural(info->cpus), r->reducer, r->kernels);
}

static void start(void *context, const md_run_info *info)
{
    md_progress *p = context;
    p->metric = md_metric_of(info->spec);
    p->terminal = md_terminal_detect(stderr);
    p->epochs = info->config->train.epochs;
    p->first_step = info->first_step;
    p->total_steps = info->shape->last_step;
    p->began = md_clock_now();
    if (!p->quiet) {
        md_log_set_sink(say, p);
        p->listening = 1;
    }
    say_shape(info);
    if (info->first_step > 0)
        md_info("going on after step %lld", (long long)info->first_step);
    speak_of_cpus(info);
    speak_of_reducer(info);
}

void md_progress_duration_text(double seconds, char *out, size_t size)
{
    long long s = isfinite(seconds) ? llround(fmin(seconds, 1e9)) : 0;
    if (s >= 3600)
        snprintf(out, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, size, "%lld:%02lld", s / 60, s % 60);
}

/* The bar takes what the numbers leave of the line; what does not fit is cut off. */
static void draw(md_progress *p, const md_step_info *info, double now)
{
    char left[32], numbers[160], loss[MD_METRIC_TEXT], value[MD_METRIC_TEXT];
    double done = (double)(info->step - p->first_step);
    double rest = (double)(p->total_steps - info->step);
    int digits = snprintf(NULL, 0, "%lld", (long long)p->total_steps);
    md_progress_duration_text(done > 0 ? rest * (now - p->began) / done : INFINITY, left,
                              sizeof left);
    snprintf(numbers, sizeof numbers, "%*lld/%lld  ETA %s  loss %s  %s %s  %6.0f images/s", digits,
             (long long)info->step, (long long)p->total_steps, left,
             md_metric_text(p->metric, info->loss, loss), p->metric->brief,
             md_metric_text(p->metric, info->metric, value), info->images_per_second);
    int room = p->terminal.columns - 1, width = room - (int)strlen(numbers) - 1;
    width = width > WIDEST_BAR ? WIDEST_BAR : width;
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    if (!out)
        return;
    fprintf(out, "\r");
    if (width >= NARROWEST_BAR) {
        md_terminal_colour(&p->terminal, out, MD_BLUE);
        md_terminal_bar(&p->terminal, out, (double)info->step / (double)p->total_steps, width, 1);
        md_terminal_colour(&p->terminal, out, MD_PLAIN);
        fputc(' ', out);
    }
    fprintf(out, "%.*s\033[K", room, numbers);
    if (fclose(out) == 0)
        fputs(line, stderr);
    free(line);
    p->showing = 1;
}

static void step(void *context, const md_step_info *info)
{
    md_progress *p = context;
    if (p->quiet || !p->terminal.interactive)
        return;
    double now = md_clock_now();
    if (now - p->drawn < redraw_s)
        return;
    p->drawn = now;
    draw(p, info, now);
}

void md_progress_epoch_text(const md_metric *metric, const md_epoch_row *row, int64_t epochs,
                            int best, char *out, size_t size)
{
    char validation[128] = "", loss[MD_METRIC_TEXT], value[MD_METRIC_TEXT];
    if (!isnan(row->val_loss))
        snprintf(validation, sizeof validation, "  val_loss %s val_%s %s",
                 md_metric_text(metric, row->val_loss, loss), metric->brief,
                 md_metric_text(metric, md_metric_validated(metric, row), value));
    snprintf(out, size, "epoch %lld/%lld  loss %s %s %s%s  %.2f s%s", (long long)row->epoch,
             (long long)epochs, md_metric_text(metric, row->loss, loss), metric->brief,
             md_metric_text(metric, md_metric_trained(metric, row), value), validation,
             row->seconds, best ? " *" : "");
}

static void epoch(void *context, const md_epoch_row *row, int best)
{
    md_progress *p = context;
    char text[256];
    md_progress_epoch_text(p->metric, row, p->epochs, best, text, sizeof text);
    md_info("%s", text);
    p->terminal = md_terminal_detect(stderr);
}

void md_progress_stop(md_progress *p)
{
    clear_bar(p);
    if (p->listening)
        md_log_set_sink(md_log_to_stderr, NULL);
    p->listening = 0;
}

md_observer md_progress_start(md_progress *progress, int quiet)
{
    *progress = (md_progress){.quiet = quiet};
    return (md_observer){.context = progress, .start = start, .step = step, .epoch = epoch};
}
