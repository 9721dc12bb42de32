/* Training against a float64 trajectory computed elsewhere: loss of each step, first gradient,
 * final logits, for Adam and SGD and every reducer. */
#include <hdf5.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/data/source.h"
#include "mnist_dist/nn/twin.h"
#include "runner.h"
#include "specs.h"
#include "trial.h"

enum { STEPS = 100, CHECKED_LOSSES = 20, LOGIT_IMAGES = 256 };

static const char *const tensors[] = {"dense_1/kernel", "dense_1/bias",   "dense_2/kernel",
                                      "dense_2/bias",   "dense_3/kernel", "dense_3/bias"};
enum { TENSORS = sizeof tensors / sizeof *tensors };

static md_model_spec spec;
static md_layout layout;

static int world_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

/* Sets the scene. The data folder, or NULL after saying that the test is skipped. */
static const char *data_folder(char *reference, size_t size)
{
    const char *folder = getenv("MNIST_DIR");
    spec = md_notebook();
    md_model_spec_layout(&spec, &layout);
    if (folder)
        snprintf(reference, size, "%s/../reference/mlp-128-64-10.h5", folder);
    if (folder && access(reference, R_OK) == 0)
        return folder;
    if (world_rank() == 0)
        printf("skipped: no reference trajectory beside MNIST_DIR; nn.gradient and nn.optimizer "
               "judge the parts\n");
    return NULL;
}

static double *read_doubles(hid_t file, const char *path, size_t count)
{
    double *values = calloc(count, sizeof *values);
    hid_t set = H5Dopen2(file, path, H5P_DEFAULT);
    CU_ASSERT_FATAL(set >= 0 && values != NULL);
    CU_ASSERT_FATAL(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    return values;
}

/* The reference's arrays below `group`, in our layout. */
static double *read_block(hid_t file, const char *group)
{
    double *block = calloc(layout.parameters, sizeof *block);
    for (int i = 0; i < TENSORS; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", group, tensors[i]);
        double *values = read_doubles(file, path, layout.tensors[i].count);
        memcpy(block + layout.tensors[i].offset, values, layout.tensors[i].count * sizeof *values);
        free(values);
    }
    return block;
}

/* The reference's initial weights as a file that train.initial_weights reads. */
static void write_initial(hid_t reference, const char *path)
{
    md_checkpoint *c;
    md_error err;
    CU_ASSERT_FATAL(md_checkpoint_create(&spec, 0, &c, &err) == MD_OK);
    double *initial = read_block(reference, "/initial");
    for (size_t i = 0; i < layout.parameters; i++)
        c->parameters[i] = (float)initial[i];
    c->optimizer.kind = MD_OPTIMIZER_SGD;
    CU_ASSERT_FATAL(md_checkpoint_write(path, c, &err) == MD_OK);
    free(initial);
    md_checkpoint_destroy(&c);
}

/* Logits of the first test images, by the twin with the weights that were trained. */
static void check_logits(const char *data, const double *expected, const float *w)
{
    md_source *source;
    md_error err;
    md_twin *twin;
    CU_ASSERT_FATAL(md_source_open(&(md_source_wishes){.where = data}, &source, &err) == MD_OK);
    CU_ASSERT_FATAL(md_twin_create(&spec, &twin, &err) == MD_OK);
    const md_source_shape *shape = md_source_get_shape(source);
    const size_t pixels = shape->rows * shape->columns;
    const size_t classes = (size_t)md_model_spec_outputs(&spec);
    md_samples samples = {0};
    double *values = calloc(LOGIT_IMAGES * pixels, sizeof *values), worst = 0.0;
    double *weights = calloc(layout.parameters, sizeof *weights);
    CU_ASSERT_FATAL(md_source_read(source, MD_SPLIT_TEST, &samples, &err) == MD_OK);
    const uint8_t *images = samples.features[MD_SPLIT_TEST];
    for (size_t i = 0; i < LOGIT_IMAGES * pixels; i++)
        values[i] = images[i] / 255.0;
    for (size_t i = 0; i < layout.parameters; i++)
        weights[i] = (double)w[i];
    const md_twin_batch batch = {.samples = LOGIT_IMAGES, .pixels = values};
    for (size_t n = 0; n < LOGIT_IMAGES; n++) {
        const double *logits = md_twin_logits(twin, weights, &batch, n);
        for (size_t c = 0; c < classes; c++)
            worst = fmax(worst, fabs(logits[c] - expected[n * classes + c]));
    }
    CU_ASSERT(worst <= 1e-2);
    md_samples_clear(&samples);
    free(values);
    free(weights);
    md_twin_destroy(&twin);
    md_source_close(&source);
}

static void check_losses(const trial *t, const double *expected)
{
    CU_ASSERT_EQUAL(t->steps, STEPS);
    for (int i = 0; i < CHECKED_LOSSES; i++)
        CU_ASSERT(fabs(t->losses[i] - expected[i]) <= 1e-4 * expected[i]);
}

/* One run of the reference's recipe. rule: "adam" or "sgd". */
static void follow(const char *rule, const char *reducer)
{
    char reference[1024], folder[TEST_PATH], initial[TEST_PATH], source[1100],
        weights[TEST_PATH + 64], name[64], kind[64];
    const char *data = data_folder(reference, sizeof reference);
    if (!data)
        return;
    trial_folder(MPI_COMM_WORLD, folder);
    hid_t file = H5Fopen(reference, H5F_ACC_RDONLY, H5P_DEFAULT);
    CU_ASSERT_FATAL(file >= 0);
    test_path(folder, "initial.h5", initial);
    snprintf(source, sizeof source, "data.source=%s", data);
    snprintf(weights, sizeof weights, "train.initial_weights=%s", initial);
    snprintf(name, sizeof name, "optimizer.name=%s", rule);
    snprintf(kind, sizeof kind, "distributed.reducer=%s", reducer);
    if (world_rank() == 0)
        write_initial(file, initial);
    const char *sgd = strcmp(rule, "sgd") == 0 ? "optimizer.learning_rate=0.01" : NULL;
    trial t = {.assignments = (const char *const[]){
                   source, weights, name, kind, "train.shuffle=false", "train.max_steps=100",
                   "data.validation=none", "optimizer.momentum=0.9", sgd, NULL}};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
    if (world_rank() == 0) {
        char path[64];
        snprintf(path, sizeof path, "/%s/loss", rule);
        double *loss = read_doubles(file, path, STEPS);
        check_losses(&t, loss);
        snprintf(path, sizeof path, "/%s/test_logits", rule);
        double *logits =
            read_doubles(file, path, (size_t)LOGIT_IMAGES * (size_t)md_model_spec_outputs(&spec));
        CU_ASSERT_PTR_NOT_NULL_FATAL(last);
        check_logits(data, logits, last->parameters);
        free(loss);
        free(logits);
    }
    md_checkpoint_destroy(&last);
    H5Fclose(file);
    trial_clean(MPI_COMM_WORLD, folder);
}

/* One plain SGD step at learning rate 1 leaves the gradient as the difference of the weights. */
static void the_first_gradient_agrees(void)
{
    char reference[1024], folder[TEST_PATH], initial[TEST_PATH], source[1100],
        weights[TEST_PATH + 64];
    const char *data = data_folder(reference, sizeof reference);
    if (!data)
        return;
    trial_folder(MPI_COMM_WORLD, folder);
    hid_t file = H5Fopen(reference, H5F_ACC_RDONLY, H5P_DEFAULT);
    CU_ASSERT_FATAL(file >= 0);
    test_path(folder, "initial.h5", initial);
    snprintf(source, sizeof source, "data.source=%s", data);
    snprintf(weights, sizeof weights, "train.initial_weights=%s", initial);
    if (world_rank() == 0)
        write_initial(file, initial);
    trial t = {.assignments = (const char *const[]){
                   source, weights, "optimizer.name=sgd", "optimizer.learning_rate=1",
                   "train.shuffle=false", "train.max_steps=1", "data.validation=none", NULL}};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
    if (world_rank() == 0) {
        double *start = read_block(file, "/initial"),
               *expected = read_block(file, "/first_gradient");
        double apart = 0.0, norm = 0.0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(last);
        for (size_t i = 0; i < layout.parameters; i++) {
            double gradient = (double)(float)start[i] - last->parameters[i];
            apart += pow(gradient - expected[i], 2);
            norm += pow(expected[i], 2);
        }
        CU_ASSERT(sqrt(apart) <= 1e-5 * sqrt(norm));
        free(start);
        free(expected);
    }
    md_checkpoint_destroy(&last);
    H5Fclose(file);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void adam_with_every_reducer(void)
{
    for (int kind = 0; kind < MD_REDUCER_KINDS; kind++)
        follow("adam", md_reducer_abouts[kind].name);
}

static void sgd_with_every_reducer(void)
{
    for (int kind = 0; kind < MD_REDUCER_KINDS; kind++)
        follow("sgd", md_reducer_abouts[kind].name);
}

const char md_suite[] = "train.trajectory";
CU_TestInfo md_tests[] = {{"the first gradient agrees", the_first_gradient_agrees},
                          {"Adam with every reducer", adam_with_every_reducer},
                          {"SGD with momentum and every reducer", sgd_with_every_reducer},
                          CU_TEST_INFO_NULL};
