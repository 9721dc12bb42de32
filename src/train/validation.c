/* What the present weights make of images. */
#include "trainer_internal.h"

md_inference md_trainer_inference(const md_trainer *t)
{
    return (md_inference){t->model, t->batcher, md_reducer_parameters(t->reducer)};
}

md_status md_trainer_validate(md_trainer *t, md_error *err)
{
    const md_image_range range = md_dataset_validation(t->dataset);
    const md_inference inference = md_trainer_inference(t);
    md_heartbeat_mark(t->heartbeat, MD_PHASE_VALIDATE, t->at.step);
    md_status status = md_evaluate(t->comm, &inference, range, 0, &t->validation, err);
    return status ? md_fail_context(err, status, "after step %lld, ", (long long)t->at.step)
                  : MD_OK;
}
