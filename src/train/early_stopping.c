/* Early stopping derived from the history alone, so that a resumed run needs no counter. */
#include <math.h>

#include "mnist_dist/base/log.h"
#include "trainer_internal.h"

static double monitored(md_monitor monitor, const md_epoch_row *row)
{
    switch (monitor) {
    case MD_MONITOR_VAL_ACCURACY:
        return row->val_accuracy;
    case MD_MONITOR_ACCURACY:
        return row->accuracy;
    case MD_MONITOR_LOSS:
        return row->loss;
    case MD_MONITOR_VAL_MAE:
        return row->val_mae;
    case MD_MONITOR_MAE:
        return row->mae;
    case MD_MONITOR_VAL_LOSS:
        break;
    }
    return row->val_loss;
}

/* By how much `value` is better than `best`. */
static double gain(md_monitor monitor, double value, double best)
{
    const int rises = monitor == MD_MONITOR_VAL_ACCURACY || monitor == MD_MONITOR_ACCURACY;
    return rises ? value - best : best - value;
}

typedef struct verdict {
    double best;           /* what no epoch has improved on since */
    int64_t epoch, waited; /* where that was; epochs gone by without, as far as they count */
} verdict;

/* A run that has epochs beyond the one where patience was at its end was told to go on there, with
 * patience anew. */
static verdict judge(const md_config *config, const md_epoch_row *rows, size_t count)
{
    const md_monitor monitor = config->early_stopping.monitor;
    verdict v = {.best = NAN};
    for (size_t i = 0; i < count; i++) {
        const double value = monitored(monitor, &rows[i]);
        if (v.waited >= config->early_stopping.patience)
            v.waited = 0;
        v.waited++;
        if (i == 0 || gain(monitor, value, v.best) > config->early_stopping.min_delta)
            v = (verdict){value, rows[i].epoch, 0};
    }
    return v;
}

int md_early_stopping_exhausted(const md_config *config, const md_epoch_row *rows, size_t count)
{
    const int64_t patience = config->early_stopping.patience;
    return patience > 0 && judge(config, rows, count).waited >= patience;
}

void md_early_stopping_say(const md_config *config, const md_epoch_row *rows, size_t count)
{
    const verdict v = judge(config, rows, count);
    const char *word = md_monitor_words[config->early_stopping.monitor];
    md_info(
        "early stopping after epoch %lld of %lld: for %lld epochs (early_stopping.patience) %s "
        "has not improved on %.6g, epoch %lld's, by more than %g; --resume goes on with a larger "
        "train.epochs or early_stopping.patience, or with patience 0",
        (long long)rows[count - 1].epoch, (long long)config->train.epochs,
        (long long)config->early_stopping.patience, word, v.best, (long long)v.epoch,
        config->early_stopping.min_delta);
}
