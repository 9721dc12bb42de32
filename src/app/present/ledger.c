#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

static const double slow_lag = 0.2;

static int longest_first(const void *a, const void *b)
{
    const md_ledger_row *x = *(md_ledger_row *const *)a, *y = *(md_ledger_row *const *)b;
    if (x->compute_s != y->compute_s)
        return x->compute_s < y->compute_s ? 1 : -1;
    return x->rank < y->rank ? -1 : 1;
}

md_status md_ledger_newest(const md_checkpoint *c, md_ledger *out, md_error *err)
{
    size_t end = c->ledger_count, begin = end;
    while (begin > 0 && c->ledger[begin - 1].epoch == c->ledger[end - 1].epoch)
        begin--;
    *out = (md_ledger){.count = end - begin};
    if (out->count == 0)
        return MD_OK;
    out->ranks = malloc(out->count * sizeof(md_ledger_row *));
    if (!out->ranks)
        return md_fail_memory(err, "the ledger", out->count * sizeof(md_ledger_row *));
    for (size_t i = 0; i < out->count; i++)
        out->ranks[i] = &c->ledger[begin + i];
    qsort((void *)out->ranks, out->count, sizeof(md_ledger_row *), longest_first);
    /* Of the middle two, the lower: a pair of ranks is judged by the faster one. */
    out->median_s = out->ranks[out->count / 2]->compute_s;
    return MD_OK;
}

void md_ledger_clear(md_ledger *ledger)
{
    free((void *)ledger->ranks);
    *ledger = (md_ledger){0};
}

/* How much longer than the median this rank computed: 0.5 is 50 % longer. */
static double lag_of(const md_ledger *ledger, const md_ledger_row *row)
{
    return ledger->median_s > 0 ? row->compute_s / ledger->median_s - 1 : 0;
}

int md_ledger_is_slow(const md_ledger *ledger, const md_ledger_row *row)
{
    return lag_of(ledger, row) > slow_lag;
}

void md_ledger_describe(const md_ledger *ledger, const md_ledger_row *row, char out[MD_LEDGER_TEXT])
{
    snprintf(out, MD_LEDGER_TEXT,
             "%d of %d took %.2f s to compute epoch %lld, %.0f %% more than the median", row->rank,
             row->ranks, row->compute_s, (long long)row->epoch, 100 * lag_of(ledger, row));
}
