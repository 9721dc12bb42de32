/* Making a trainer: the data set that the configuration names. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/data/source.h"
#include "trainer_internal.h"

/* Only the untouched default source may be replaced; rank 0 looks, all follow. */
static md_status choose_source(md_trainer *t, md_error *err)
{
    md_config *config = &t->run->config;
    char chosen[MD_PATH_SIZE + 16] = "";
    if (!md_config_given(config, "data.source") && access(config->data.source, F_OK) != 0)
        snprintf(chosen, sizeof chosen, "data.source=%s", md_source_instead());
    md_status status = md_comm_broadcast(t->comm, chosen, sizeof chosen, 0, err);
    if (status || !chosen[0])
        return status;
    if (strcmp(chosen, "data.source=synthetic") == 0)
        md_warn("NO MNIST in %s: training on SYNTHETIC digits instead; fetch the real ones with "
                "data/fetch_mnist.sh",
                config->data.source);
    else
        md_info("%s is not there: reading MNIST_DIR instead", config->data.source);
    return md_config_set(config, chosen, err);
}

/* A run that goes on sees what it has seen before. A model that comes from elsewhere without steps
 * of ours sees what it is given, as it did there, unless it brings a scale of its own. */
static md_status create_dataset(md_trainer *t, md_error *err)
{
    md_dataset_params params = md_dataset_params_of(t->config);
    const md_checkpoint *resumed = t->run->resumed;
    md_scale scale = {0};
    int own = resumed && (resumed->at.step > 0 || !md_scale_is_assumed(&resumed->scale));
    md_status status = own ? md_scale_copy(&resumed->scale, &scale, err) : MD_OK;
    status = md_agree(t->comm, status, err);
    if (!status)
        status = md_comm_broadcast(t->comm, &own, sizeof own, 0, err);
    if (!status && own)
        status = md_scale_share(t->comm, &scale, err);
    params.scale = own ? &scale : NULL;
    params.as_is = t->run->resuming;
    if (!status)
        status = md_dataset_create(t->comm, &params, &t->dataset, err);
    md_scale_clear(&scale);
    return status;
}

md_status md_trainer_load(md_trainer *t, md_error *err)
{
    md_status status = choose_source(t, err);
    if (status)
        return status;
    status = create_dataset(t, err);
    if (status)
        return status;
    t->shape.images = md_dataset_train_count(t->dataset);
    t->shape.validation_images = md_dataset_validation(t->dataset).count;
    if (t->shape.images == 0)
        return md_fail(err, MD_BAD_DATA, "%s: there are no images to train on",
                       t->config->data.source);
    return MD_OK;
}
