#include <math.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/inputs.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/train/infer.h"

/* Files of earlier versions were added up in another order; logits are of the order of 10. */
static const float tolerance = 1e-4f;

const struct argp md_verify_argp = {
    .args_doc = "FILE",
    .doc = "Checks every checksum, shape and digest of a checkpoint, and computes the logits "
           "of its golden images anew. Exit code 0 when all is well, 4 when not."};

static md_status infer_golden(const md_checkpoint *c, float *logits, md_error *err)
{
    const md_samples samples = {
        .shape = {(size_t)c->model.rows, (size_t)c->model.columns, {0, c->golden.count}},
        .element = c->golden.element,
        .scale = c->scale,
        .features = {NULL, c->golden.images}};
    return md_infer_samples(&c->model, c->parameters, md_checkpoint_storage(c), &samples, logits,
                            err);
}

static md_status check_golden(const md_checkpoint *c, const char *name, float *worst, md_error *err)
{
    size_t classes = (size_t)md_model_spec_outputs(&c->model);
    void *memory = NULL;
    md_status status =
        md_allocate(&memory, c->golden.count * classes, sizeof(float), "logits", err);
    if (!status)
        status = infer_golden(c, memory, err);
    const float *logits = memory;
    *worst = 0;
    for (size_t i = 0; !status && i < c->golden.count * classes; i++) {
        float apart = fabsf(logits[i] - c->golden.logits[i]);
        *worst = fmaxf(*worst, apart);
        if (!(apart <= tolerance))
            status = md_fail(err, MD_BAD_CHECKPOINT,
                             "%s: golden image %zu gives logit %g for output %zu where %g was "
                             "saved; the weights are not the ones that computed it",
                             name, i / classes, (double)logits[i], i % classes,
                             (double)c->golden.logits[i]);
    }
    free(memory);
    return status;
}

md_status md_command_verify(md_comm *comm, int argc, char **argv, md_error *err)
{
    (void)comm;
    const char *file;
    char name[PATH_MAX];
    float worst = 0;
    md_checkpoint *c = NULL;
    md_status status = md_options_parse(&md_verify_argp, argc, argv, NULL, &file, err);
    if (!status)
        status = md_open_checkpoint(file, name, &c, err);
    if (!status)
        status = check_golden(c, name, &worst, err);
    if (!status)
        printf("%s: ok, weights=xxh3:%016llx\n", name, (unsigned long long)c->weights_xxh3);
    if (!status && c->golden.count)
        printf("  logits of %zu golden images recomputed within %.0e; largest difference %.1e\n",
               c->golden.count, (double)tolerance, (double)worst);
    else if (!status)
        printf("  it holds no golden images whose logits could be recomputed\n");
    md_checkpoint_destroy(&c);
    return status;
}
