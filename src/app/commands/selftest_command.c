/* mnist_dist selftest: does this machine compute what every machine is promised to? Short runs of
 * known outcome and the functions they are made of, each compared by a digest of its bits. */
#include <assert.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/data/source.h"
#include "mnist_dist/nn/kernels.h"
#include "mnist_dist/train/trainer.h"

typedef struct check {
    const char *name;
    uint64_t promised; /* the XXH3-64 of what find gives: of the weights, after a run */
    md_status (*find)(md_comm *comm, const struct check *check, uint64_t *digest, md_error *err);
    const char *layers, *settings; /* of a run */
} check;

static md_status functions(md_comm *comm, const check *c, uint64_t *digest, md_error *err);
static md_status digits(md_comm *comm, const check *c, uint64_t *digest, md_error *err);
static md_status training(md_comm *comm, const check *c, uint64_t *digest, md_error *err);

#define DATA "synthetic:700"

static const check checks[] = {
    {"exp, log, tanh and sigmoid", 0x95a825a1c8430014, functions, NULL, NULL},
    {"digits drawn by the program", 0x97a4ba71e5fc7070, digits, NULL, NULL},
    {"sparse images, relu, Adam", 0x3e6f3492012f45fc, training,
     "{layer: flatten}, {layer: dense, units: 128, activation: relu}, "
     "{layer: dense, units: 64, activation: relu}",
     "data: {storage: sparse}"},
    {"dense images, tanh, sigmoid, SGD", 0x310a2357669711c8, training,
     "{layer: flatten}, {layer: dense, units: 50, activation: tanh}, "
     "{layer: dense, units: 33, activation: sigmoid}",
     "data: {storage: dense}\n"
     "optimizer: {name: sgd, learning_rate: 0.05, momentum: 0.9}"},
    {"dropout, clipping, cosine, AdamW", 0x5a563c7b50253ffc, training,
     "{layer: flatten}, {layer: dropout, rate: 0.1}, "
     "{layer: dense, units: 70, activation: relu}, {layer: dropout, rate: 0.3}",
     "optimizer: {name: adamw, weight_decay: 0.01, clip_norm: 0.5}\n"
     "schedule: {name: cosine, warmup_steps: 5}"},
    {"large layers", 0x9e3fa25b75934106, training,
     "{layer: flatten}, {layer: dense, units: 300, activation: relu}, "
     "{layer: dense, units: 500, activation: relu}",
     "data: {storage: dense}"},
    {"convolutions, pooling", 0xb88341fc412d2d27, training,
     "{layer: conv2d, filters: 7, kernel_size: 5, padding: same, activation: relu}, "
     "{layer: max_pool2d, pool_size: 2, strides: 2}, "
     "{layer: conv2d, filters: 20, kernel_size: 3, strides: 2, activation: tanh}, "
     "{layer: average_pool2d, pool_size: 3, strides: 1}, {layer: flatten}",
     "data: {storage: dense}"}};

/* Of the layers before the last, and of the settings; the rest is the default. */
static const char run_format[] = "model: [%s, {layer: dense, units: 10, activation: softmax}]\n"
                                 "train: {batch_size: 70, max_steps: 12}\n"
                                 "distributed: {reducer: exchange, active_ranks: 1000000}\n"
                                 "%s\n";

const struct argp md_selftest_argp = {
    .doc = "Computes runs of known outcome and says whether this machine's arithmetic is the one "
           "that every machine is promised, bit for bit; under mpirun by all ranks together. Exit "
           "code 0, or 1 when it is not."};

/* Of floats of every size and sign, evenly by their bits. */
static md_status functions(md_comm *comm, const check *c, uint64_t *digest, md_error *err)
{
    enum { FUNCTIONS = 4, COUNT = 1 << 16 };
    (void)comm;
    (void)c;
    const md_kernels *kernels = md_kernels_get();
    void (*const function[FUNCTIONS])(float *x, size_t count) = {kernels->exp, kernels->log,
                                                                 kernels->tanh, kernels->sigmoid};
    float *x;
    md_status status =
        md_allocate((void **)&x, (size_t)FUNCTIONS * COUNT, sizeof *x, "numbers to test with", err);
    if (status)
        return status;
    for (size_t f = 0; f < FUNCTIONS; f++) {
        float *part = x + f * COUNT;
        for (uint32_t i = 0; i < COUNT; i++) {
            const uint32_t bits = i << 16 | i;
            memcpy(&part[i], &bits, sizeof bits);
        }
        function[f](part, COUNT);
        for (size_t i = 0; i < COUNT; i++)
            if (part[i] != part[i]) /* NaNs are not promised bits */
                part[i] = 0.0f;
    }
    *digest = md_digest_bytes(x, (size_t)FUNCTIONS * COUNT * sizeof *x);
    free(x);
    return MD_OK;
}

static md_status digits(md_comm *comm, const check *c, uint64_t *digest, md_error *err)
{
    (void)comm;
    (void)c;
    md_source *source = NULL;
    md_samples samples = {0};
    md_status status = md_source_open(&(md_source_wishes){.where = DATA}, &source, err);
    if (!status)
        status = md_source_read(source, MD_SPLIT_TRAIN, &samples, err);
    if (!status) {
        const md_source_shape *shape = md_source_get_shape(source);
        *digest = md_digest_bytes(samples.features[MD_SPLIT_TRAIN],
                                  shape->images[MD_SPLIT_TRAIN] * shape->rows * shape->columns);
    }
    md_samples_clear(&samples);
    md_source_close(&source);
    return status;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* Rank 0's, whose name all ranks get. */
static md_status make_folder(md_comm *comm, char path[MD_PATH_SIZE], md_error *err)
{
    md_status status = MD_OK;
    if (md_comm_rank(comm) == 0) {
        const char *parent = getenv("TMPDIR");
        snprintf(path, MD_PATH_SIZE, "%s/mnist_dist_selftest_XXXXXX",
                 parent && parent[0] ? parent : "/tmp");
        if (!mkdtemp(path))
            status = md_fail(err, MD_FAILED, "cannot make the folder %s: %s; set TMPDIR", path,
                             strerror(errno));
    }
    status = md_agree(comm, status, err);
    return status ? status : md_comm_broadcast(comm, path, MD_PATH_SIZE, 0, err);
}

static md_status configure(const check *c, const char *folder, md_config *out, md_error *err)
{
    char text[1024];
    const int length = snprintf(text, sizeof text, run_format, c->layers, c->settings);
    assert(length > 0 && (size_t)length < sizeof text);
    (void)length;
    *out = md_config_default();
    md_status status = md_config_parse(out, text, c->name, err);
    if (!status)
        status = md_config_set(out, "data.source=" DATA, err);
    snprintf(out->checkpoint.output, sizeof out->checkpoint.output, "%s", folder);
    return status ? status : md_config_check(out, err);
}

static md_status train(md_comm *comm, const check *c, const char *folder, uint64_t *digest,
                       md_error *err)
{
    const md_run_params params = {0};
    const md_train_params how = {.command_line = "selftest"};
    md_train_result result = {0};
    md_run run = {0};
    md_status status = md_agree(comm, configure(c, folder, &run.config, err), err);
    if (!status)
        status = md_run_open(comm, &params, &run, err);
    if (!status)
        status = md_train(comm, &run, &how, &result, err);
    md_run_close(&run);
    *digest = result.weights_xxh3;
    return status;
}

static md_status training(md_comm *comm, const check *c, uint64_t *digest, md_error *err)
{
    char folder[MD_PATH_SIZE];
    md_status status = make_folder(comm, folder, err);
    if (status)
        return status;
    status = train(comm, c, folder, digest, err);
    if (md_comm_rank(comm) == 0)
        nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}

/* What rank 0 prints; every rank takes part in each check. */
static md_status run_checks(md_comm *comm, int *wrong, md_error *err)
{
    const int speaks = md_comm_rank(comm) == 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const check *c = &checks[i];
        uint64_t digest = 0;
        md_status status = md_agree(comm, c->find(comm, c, &digest, err), err);
        if (!status)
            status = md_agree_digest(comm, digest, c->name, err);
        if (status)
            return status;
        if (speaks && digest == c->promised)
            printf("%-34s xxh3:%016" PRIx64 "  as promised\n", c->name, digest);
        else if (speaks)
            printf("%-34s xxh3:%016" PRIx64 "  WRONG: xxh3:%016" PRIx64 " is promised\n", c->name,
                   digest, c->promised);
        *wrong += digest != c->promised;
    }
    return MD_OK;
}

md_status md_command_selftest(md_comm *comm, int argc, char **argv, md_error *err)
{
    int wrong = 0;
    md_status status = md_options_parse(&md_selftest_argp, argc, argv, NULL, NULL, err);
    if (md_comm_rank(comm) == 0)
        md_log_set_sink(md_log_warnings, NULL);
    status = md_agree(comm, status, err);
    if (!status)
        status = run_checks(comm, &wrong, err);
    if (status)
        return status;
    if (md_comm_rank(comm) == 0 && wrong)
        printf("FAIL: kernels %s do not compute what is promised\n", md_kernels_get()->name);
    else if (md_comm_rank(comm) == 0)
        printf("PASS: kernels %s, %d rank%s\n", md_kernels_get()->name, md_comm_size(comm),
               md_comm_size(comm) == 1 ? "" : "s");
    return wrong ? md_fail(err, MD_FAILED, "%s", "") : MD_OK; /* said already */
}
