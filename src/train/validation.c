/* What the present weights make of images. */
#include "trainer_internal.h"

md_status md_trainer_validate(md_trainer *t, md_error *err)
{
    const md_image_range range = md_dataset_validation(t->dataset);
    md_heartbeat_mark(t->heartbeat, MD_PHASE_VALIDATE, t->at.step);
    md_status status = md_evaluate(t->comm, &t->inference, range, 0, &t->validation, err);
    return status ? md_fail_context(err, status, "after step %lld, ", (long long)t->at.step)
                  : MD_OK;
}
