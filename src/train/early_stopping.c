/* Early stopping derived from the history alone, so that a resumed run needs no counter. */
#include <math.h>

#include "trainer_internal.h"

/* The monitored value as something to maximise. */
static double goodness(md_monitor monitor, const md_epoch_row *row)
{
    switch (monitor) {
    case MD_MONITOR_VAL_ACCURACY:
        return row->val_accuracy;
    case MD_MONITOR_ACCURACY:
        return row->accuracy;
    case MD_MONITOR_LOSS:
        return -row->loss;
    case MD_MONITOR_VAL_LOSS:
        break;
    }
    return -row->val_loss;
}

int md_early_stopping_exhausted(const md_config *config, const md_epoch_row *rows, size_t count)
{
    if (config->early_stopping.patience == 0)
        return 0;
    double best = -INFINITY;
    int64_t waited = 0;
    for (size_t i = 0; i < count; i++) {
        double value = goodness(config->early_stopping.monitor, &rows[i]);
        waited++;
        if (value > best + config->early_stopping.min_delta || i == 0) {
            best = value;
            waited = 0;
        }
    }
    return waited >= config->early_stopping.patience;
}
