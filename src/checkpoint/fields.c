#include "mnist_dist/checkpoint/fields.h"

#include <stdio.h>
#include <string.h>

#include "mnist_dist/checkpoint/schema.h"

enum { COLUMNS_HISTORY = 10, COLUMNS_CHAIN = 2, COLUMNS_LEDGER = 6 };

static const md_field history_fields[COLUMNS_HISTORY] = {
    {"epoch", MD_H5_I64, offsetof(md_epoch_row, epoch), "1", "finished epochs, from 1"},
    {"step", MD_H5_I64, offsetof(md_epoch_row, step), "1", "optimizer steps since the start"},
    {"loss", MD_H5_F64, offsetof(md_epoch_row, loss), "nat",
     "mean training loss of the epoch's samples, as the weights moved"},
    {"accuracy", MD_H5_F64, offsetof(md_epoch_row, accuracy), "1",
     "fraction of the epoch's samples classified correctly, as the weights moved"},
    {"val_loss", MD_H5_F64, offsetof(md_epoch_row, val_loss), "nat",
     "mean loss of the validation set after the epoch; NaN without one"},
    {"val_accuracy", MD_H5_F64, offsetof(md_epoch_row, val_accuracy), "1",
     "fraction of the validation set classified correctly after the epoch; NaN without one"},
    {"learning_rate", MD_H5_F64, offsetof(md_epoch_row, learning_rate), "1",
     "learning rate of the epoch's last step"},
    {"seconds", MD_H5_F64, offsetof(md_epoch_row, seconds), "s",
     "time inside the epoch's training steps; of those since the resume, after one in mid-epoch"},
    {"images_per_second", MD_H5_F64, offsetof(md_epoch_row, images_per_second), "1/s",
     "training images over those seconds"},
    {"weights_xxh3", MD_H5_U64, offsetof(md_epoch_row, weights_xxh3), "1",
     "XXH3-64 of the parameters after the epoch"},
};

static const md_field chain_fields[COLUMNS_CHAIN] = {
    {"step", MD_H5_I64, offsetof(md_chain_row, step), "1", "optimizer steps since the start"},
    {"weights_xxh3", MD_H5_U64, offsetof(md_chain_row, weights_xxh3), "1",
     "XXH3-64 of the parameters after that step"},
};

static const md_field ledger_fields[COLUMNS_LEDGER] = {
    {"epoch", MD_H5_I64, offsetof(md_ledger_row, epoch), "1", "epoch, from 1"},
    {"rank", MD_H5_I32, offsetof(md_ledger_row, rank), "1", "MPI rank, from 0"},
    {"ranks", MD_H5_I32, offsetof(md_ledger_row, ranks), "1", "MPI ranks in that epoch"},
    {"compute_s", MD_H5_F64, offsetof(md_ledger_row, compute_s), "s",
     "time the rank computed in the epoch's steps"},
    {"wait_s", MD_H5_F64, offsetof(md_ledger_row, wait_s), "s",
     "time in reductions, waiting for other ranks"},
    {"io_s", MD_H5_F64, offsetof(md_ledger_row, io_s), "s",
     "time in saves, waiting for rank 0's; an epoch's own save counts for the next"},
};

const md_table md_history_table = {MD_PATH_HISTORY, sizeof(md_epoch_row), COLUMNS_HISTORY,
                                   history_fields};
const md_table md_chain_table = {MD_PATH_CHAIN, sizeof(md_chain_row), COLUMNS_CHAIN, chain_fields};
const md_table md_ledger_table = {MD_PATH_LEDGER, sizeof(md_ledger_row), COLUMNS_LEDGER,
                                  ledger_fields};

#define STATE(member) offsetof(md_checkpoint, member)
const md_field md_progress_fields[MD_PROGRESS_FIELDS] = {
    {"seed", MD_H5_U64, STATE(seed), NULL, NULL},
    {"epoch", MD_H5_I64, STATE(epoch), NULL, NULL},
    {"step", MD_H5_I64, STATE(step), NULL, NULL},
    {"step_in_epoch", MD_H5_I64, STATE(step_in_epoch), NULL, NULL},
    {"best_val_accuracy", MD_H5_F64, STATE(best_val_accuracy), NULL, NULL},
    {"best_epoch", MD_H5_I64, STATE(best_epoch), NULL, NULL},
    {"loss_sum", MD_H5_F64, STATE(loss_sum), NULL, NULL},
    {"correct", MD_H5_I64, STATE(correct), NULL, NULL},
    {"samples", MD_H5_I64, STATE(samples), NULL, NULL},
    {"complete", MD_H5_I32, STATE(complete), NULL, NULL},
};

static const md_optimizer_table optimizers[MD_OPTIMIZERS] = {
    {"adam",
     2,
     4,
     {{"learning_rate", MD_H5_F64, STATE(learning_rate), NULL, NULL},
      {"beta_1", MD_H5_F64, STATE(beta_1), NULL, NULL},
      {"beta_2", MD_H5_F64, STATE(beta_2), NULL, NULL},
      {"epsilon", MD_H5_F64, STATE(epsilon), NULL, NULL}}},
    {"adamw",
     2,
     5,
     {{"learning_rate", MD_H5_F64, STATE(learning_rate), NULL, NULL},
      {"beta_1", MD_H5_F64, STATE(beta_1), NULL, NULL},
      {"beta_2", MD_H5_F64, STATE(beta_2), NULL, NULL},
      {"epsilon", MD_H5_F64, STATE(epsilon), NULL, NULL},
      {"weight_decay", MD_H5_F64, STATE(weight_decay), NULL, NULL}}},
    {"sgd",
     1,
     2,
     {{"learning_rate", MD_H5_F64, STATE(learning_rate), NULL, NULL},
      {"momentum", MD_H5_F64, STATE(momentum), NULL, NULL}}},
};

#define RUN(member)                                                                                \
    {                                                                                              \
#member, MD_H5_I32, offsetof(md_run_record, member), NULL, NULL                            \
    }
const md_field md_run_numbers[MD_RUN_NUMBERS] = {RUN(ranks), RUN(nodes), RUN(exponent)};
const md_field md_run_texts[MD_RUN_TEXTS] = {
    RUN(config),      RUN(command_line), RUN(hosts),       RUN(reducer),      RUN(kernels),
    RUN(storage),     RUN(version),      RUN(version_mpi), RUN(version_hdf5), RUN(version_blas),
    RUN(data_sha256), RUN(started),      RUN(saved)};

const md_optimizer_table *md_optimizer_find(const char *name)
{
    for (int i = 0; i < MD_OPTIMIZERS; i++)
        if (strcmp(optimizers[i].name, name) == 0)
            return &optimizers[i];
    return NULL;
}

char **md_run_text(md_run_record *record, const md_field *field)
{
    return (char **)((char *)record + field->offset);
}

void md_path_moment(const md_model_spec *spec, const md_tensor *t, int moment, char out[MD_H5_PATH])
{
    snprintf(out, MD_H5_PATH, "%s/%c/%s/%s", MD_PATH_OPTIMIZER, "mv"[moment],
             spec -> layers[t->layer].name, t->role);
}

void md_path_run(size_t number, char out[MD_H5_PATH])
{
    snprintf(out, MD_H5_PATH, "%s/%04zu", MD_PATH_RUN, number);
}
