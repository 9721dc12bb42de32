/* How far numbers are off. Sums of squares cancel, and targets have any size, so nothing is rounded
 * to integers here: each block has its sums in double, every rank gets those of all blocks, and
 * puts them together in the blocks' order. */
#include "evaluate_numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"

/* Of one output over some samples. */
typedef struct spread {
    double off, square;     /* sums of |error| and error^2 */
    double mean, deviation; /* of the targets: mean, and sum of squared distances from it */
} spread;

/* The block's loss, then its outputs' spreads: doubles, which travel as the integers of their bits
 * and are added to zeros. */
static size_t block_doubles(size_t outputs)
{
    return 1 + outputs * (sizeof(spread) / sizeof(double));
}

/* Welford, Technometrics 4, 1962. */
static void take_sample(spread *s, double target, double answer, size_t before)
{
    const double error = answer - target, distance = target - s->mean;
    s->off += fabs(error);
    s->square += error * error;
    s->mean += distance / (double)(before + 1);
    s->deviation += distance * (target - s->mean);
}

/* Chan, Golub & LeVeque, The American Statistician 37, 1983. */
static void merge(spread *s, size_t have, const spread *more, size_t count)
{
    const double distance = more->mean - s->mean, all = (double)(have + count);
    s->off += more->off;
    s->square += more->square;
    s->deviation += more->deviation + distance * distance * ((double)have * (double)count / all);
    s->mean += distance * ((double)count / all);
}

static void sum_block(const md_inference *inference, md_image_range images, size_t outputs,
                      double *sums)
{
    const md_inferred block = md_infer_block(inference, images);
    spread *spreads = (spread *)(void *)(sums + 1);
    for (size_t i = 0; i < images.count; i++) {
        sums[0] += (double)block.loss[i];
        for (size_t k = 0; k < outputs; k++)
            take_sample(&spreads[k], (double)block.targets[i * outputs + k],
                        (double)block.logits[i * outputs + k], i);
    }
}

/* In the blocks' order, the first one's place taking the sums of all. Returns in how many the loss
 * is no number. */
static int64_t put_together(double *sums, md_image_range range, size_t outputs)
{
    const size_t width = block_doubles(outputs);
    size_t have = md_infer_cut(range, 0).count;
    int64_t bad = !isfinite(sums[0]);
    md_image_range part;
    for (size_t b = 1; (part = md_infer_cut(range, b)).count > 0; b++) {
        const double *block = sums + b * width;
        bad += !isfinite(block[0]);
        sums[0] += block[0];
        for (size_t k = 0; k < outputs; k++)
            merge((spread *)(void *)(sums + 1) + k, have,
                  (const spread *)(const void *)(block + 1) + k, part.count);
        have += part.count;
    }
    return bad;
}

double md_evaluate_r2(double errors, double distances)
{
    if (distances > 0.0 && errors / distances < INFINITY)
        return 1.0 - errors / distances;
    return errors > 0.0 ? 0.0 : 1.0;
}

static void conclude(const double *sums, md_evaluation *out)
{
    const spread *spreads = (const spread *)(const void *)(sums + 1);
    const double samples = (double)out->images;
    out->loss = sums[0] / samples;
    out->mae = out->r2 = 0.0;
    for (size_t k = 0; k < out->outputs; k++) {
        const spread *s = &spreads[k];
        const double mae = s->off / samples;
        const double r2 = md_evaluate_r2(s->square, s->deviation);
        out->mae += mae / (double)out->outputs;
        out->r2 += r2 / (double)out->outputs;
        if (out->scores)
            out->scores[k] = (md_output_score){0, mae, r2};
    }
}

static md_status share(md_comm *comm, double *sums, size_t count, md_error *err)
{
    int64_t *bits;
    md_status status = md_allocate((void **)&bits, count, sizeof *bits, "sums of errors", err);
    status = md_agree(comm, status, err);
    if (!status) {
        memcpy(bits, sums, count * sizeof *bits);
        status = md_comm_sum(comm, bits, count, err);
        memcpy(sums, bits, count * sizeof *bits);
    }
    free(bits);
    return status;
}

md_status md_evaluate_numbers(md_comm *comm, const md_inference *inference, md_image_range range,
                              md_evaluation *out, md_error *err)
{
    const md_range own = md_infer_share(range, md_comm_rank(comm), md_comm_size(comm));
    const size_t width = block_doubles(out->outputs);
    const size_t blocks = range.count / MD_INFERENCE_BLOCK + 2;
    double *sums;
    out->loss = NAN;
    if (range.count == 0)
        return MD_OK;
    md_status status =
        md_allocate((void **)&sums, blocks * width, sizeof *sums, "sums of errors", err);
    status = md_agree(comm, status, err);
    for (size_t k = own.begin; k < own.begin + own.count && !status; k++)
        sum_block(inference, md_infer_cut(range, k), out->outputs, sums + k * width);
    if (!status)
        status = share(comm, sums, blocks * width, err);
    if (!status) {
        const int64_t bad = put_together(sums, range, out->outputs);
        status = bad ? md_evaluate_fail_bad(bad, err) : MD_OK;
    }
    if (!status)
        conclude(sums, out);
    free(sums);
    return status;
}
