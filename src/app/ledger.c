#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

static const double slow_lag = 0.2;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of two, the lower: a pair of ranks is judged by the faster one. */
static md_status find_median(md_ledger *ledger, md_error *err)
{
    double *seconds = malloc(ledger->count * sizeof *seconds);
    if (!seconds)
        return md_fail_memory(err, "the ledger", ledger->count * sizeof *seconds);
    for (size_t i = 0; i < ledger->count; i++)
        seconds[i] = ledger->rows[i].compute_s;
    qsort(seconds, ledger->count, sizeof *seconds, by_value);
    ledger->median_s = seconds[(ledger->count - 1) / 2];
    free(seconds);
    return MD_OK;
}

md_status md_ledger_newest(const md_checkpoint *c, md_ledger *out, md_error *err)
{
    size_t end = c->ledger_count, begin = end;
    while (begin > 0 && c->ledger[begin - 1].epoch == c->ledger[end - 1].epoch)
        begin--;
    *out = (md_ledger){.rows = c->ledger + begin, .count = end - begin};
    return out->count ? find_median(out, err) : MD_OK;
}

double md_ledger_lag(const md_ledger *ledger, const md_ledger_row *row)
{
    return ledger->median_s > 0 ? row->compute_s / ledger->median_s - 1 : 0;
}

int md_ledger_is_slow(const md_ledger *ledger, const md_ledger_row *row)
{
    return md_ledger_lag(ledger, row) > slow_lag;
}

const md_ledger_row *md_ledger_slowest(const md_ledger *ledger)
{
    const md_ledger_row *slowest = ledger->rows;
    for (size_t i = 1; i < ledger->count; i++)
        if (ledger->rows[i].compute_s > slowest->compute_s)
            slowest = &ledger->rows[i];
    return slowest;
}

void md_ledger_describe(const md_ledger *ledger, const md_ledger_row *row, char out[MD_LEDGER_TEXT])
{
    snprintf(out, MD_LEDGER_TEXT,
             "%d of %d took %.2f s to compute epoch %lld, %.0f %% more than the median", row->rank,
             row->ranks, row->compute_s, (long long)row->epoch, 100 * md_ledger_lag(ledger, row));
}
