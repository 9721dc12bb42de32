/* Another program that uses the installed trainer: trains one epoch, reads the checkpoint that was
 * saved, and prints the digest of the weights in it. */
#include <stdio.h>

#include <mnist_dist/base/digest.h>
#include <mnist_dist/checkpoint/checkpoint.h>
#include <mnist_dist/train/trainer.h>
#include <mnist_dist/version.h>

static md_status train(md_comm *comm, md_train_result *result, md_error *err)
{
    const char *const assignments[] = {"data.source=synthetic:600", "train.epochs=1",
                                       "checkpoint.output=trained"};
    const md_run_params params = {.assignments = assignments, .assignment_count = 3};
    const md_train_params train_params = {.command_line = "consumer"};
    md_run run;
    md_status status = md_run_configure(comm, &params, &run, err);
    if (!status)
        status = md_run_open(comm, &params, &run, err);
    if (!status)
        status = md_train(comm, &run, &train_params, result, err);
    md_run_close(&run);
    return status;
}

static md_status read_back(const md_train_result *result, md_error *err)
{
    md_checkpoint *c;
    md_status status = md_checkpoint_read("trained/last.h5", &c, err);
    if (status)
        return status;
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    const uint64_t digest = md_digest_floats(c->parameters, layout.parameters);
    if (digest == result->weights_xxh3 && c->at.step == result->steps)
        printf("mnist_dist %s: %zu parameters after step %lld, weights=xxh3:%016llx\n", MD_VERSION,
               layout.parameters, (long long)c->at.step, (unsigned long long)digest);
    md_checkpoint_destroy(&c);
    return MD_OK;
}

int main(int argc, char **argv)
{
    md_comm *comm = NULL;
    md_error err = {0};
    md_train_result result;
    MPI_Init(&argc, &argv);
    md_status status = md_comm_create(MPI_COMM_WORLD, 0, &comm, &err);
    if (!status)
        status = train(comm, &result, &err);
    if (!status)
        status = read_back(&result, &err);
    if (status)
        fprintf(stderr, "%s\n", err.text);
    md_comm_destroy(&comm);
    MPI_Finalize();
    return (int)status;
}
