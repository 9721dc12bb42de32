#include "mnist_dist/checkpoint/fields.h"

#include <stdio.h>

#include "mnist_dist/checkpoint/schema.h"

/* Name, type and place of a member; its type in C is its type in the file. */
#define FIELD(record, member)                                                                      \
#member,                                                                                       \
        _Generic(((record *)0)->member, int32_t                                                    \
                 : MD_H5_I32, int64_t                                                              \
                 : MD_H5_I64, uint64_t                                                             \
                 : MD_H5_U64, double                                                               \
                 : MD_H5_F64),                                                                     \
        offsetof(record, member)
#define COUNT(array) (sizeof(array) / sizeof *(array))

#define EPOCH_FIELDS                                                                               \
    {FIELD(md_epoch_row, epoch), "1", "finished epochs, from 1", 0},                               \
    {                                                                                              \
        FIELD(md_epoch_row, step), "1", "optimizer steps since the start", 0                       \
    }
#define COST_FIELDS                                                                                \
    {FIELD(md_epoch_row, learning_rate), "1", "learning rate of the epoch's last step",            \
     MD_FIELD_REPEATABLE},                                                                         \
        {FIELD(md_epoch_row, seconds), "s",                                                        \
         "time inside the epoch's training steps; of those since the resume, after one in "        \
         "mid-epoch",                                                                              \
         0},                                                                                       \
        {FIELD(md_epoch_row, images_per_second), "1/s", "training images over those seconds", 0},  \
    {                                                                                              \
        FIELD(md_epoch_row, weights_xxh3), "1", "XXH3-64 of the parameters after the epoch", 0     \
    }

static const md_field history_fields[] = {
    EPOCH_FIELDS,
    {FIELD(md_epoch_row, loss), "nat",
     "mean training loss of the epoch's samples, as the weights moved", MD_FIELD_REPEATABLE},
    {FIELD(md_epoch_row, accuracy), "1",
     "fraction of the epoch's samples classified correctly, as the weights moved",
     MD_FIELD_REPEATABLE},
    {FIELD(md_epoch_row, val_loss), "nat",
     "mean loss of the validation set after the epoch; NaN without one", MD_FIELD_REPEATABLE},
    {FIELD(md_epoch_row, val_accuracy), "1",
     "fraction of the validation set classified correctly after the epoch; NaN without one",
     MD_FIELD_REPEATABLE},
    COST_FIELDS};

/* Of models that answer with numbers; units are the targets'. */
static const md_field numbers_history_fields[] = {
    EPOCH_FIELDS,
    {FIELD(md_epoch_row, loss), "1",
     "mean training loss of the epoch's samples, as the weights moved", MD_FIELD_REPEATABLE},
    {FIELD(md_epoch_row, mae), "1",
     "mean absolute error of the epoch's samples, as the weights moved", MD_FIELD_REPEATABLE},
    {FIELD(md_epoch_row, val_loss), "1",
     "mean loss of the validation set after the epoch; NaN without one", MD_FIELD_REPEATABLE},
    {FIELD(md_epoch_row, val_mae), "1",
     "mean absolute error of the validation set after the epoch; NaN without one",
     MD_FIELD_REPEATABLE},
    {FIELD(md_epoch_row, val_r2), "1",
     "coefficient of determination of the validation set after the epoch; NaN without one",
     MD_FIELD_REPEATABLE},
    COST_FIELDS};

static const md_field chain_fields[] = {
    {FIELD(md_chain_row, step), "1", "optimizer steps since the start", 0},
    {FIELD(md_chain_row, weights_xxh3), "1", "XXH3-64 of the parameters after that step", 0},
};

static const md_field ledger_fields[] = {
    {FIELD(md_ledger_row, epoch), "1", "epoch, from 1", 0},
    {FIELD(md_ledger_row, rank), "1", "MPI rank, from 0", 0},
    {FIELD(md_ledger_row, ranks), "1", "MPI ranks in that epoch", 0},
    {FIELD(md_ledger_row, compute_s), "s", "time the rank computed in the epoch's steps", 0},
    {FIELD(md_ledger_row, wait_s), "s", "time in reductions, waiting for other ranks", 0},
    {FIELD(md_ledger_row, io_s), "s",
     "time in saves, waiting for rank 0's; an epoch's own save counts for the next", 0},
};

static const md_table history = {MD_PATH_HISTORY, sizeof(md_epoch_row), COUNT(history_fields),
                                 history_fields};
static const md_table numbers_history = {MD_PATH_HISTORY, sizeof(md_epoch_row),
                                         COUNT(numbers_history_fields), numbers_history_fields};
const md_table md_chain_table = {MD_PATH_CHAIN, sizeof(md_chain_row), COUNT(chain_fields),
                                 chain_fields};
const md_table md_ledger_table = {MD_PATH_LEDGER, sizeof(md_ledger_row), COUNT(ledger_fields),
                                  ledger_fields};

const md_table *md_history_table(const md_model_spec *spec)
{
    return md_model_spec_answer(spec) == MD_ANSWER_NUMBERS ? &numbers_history : &history;
}

#define STATE(member, flags)                                                                       \
    {                                                                                              \
        FIELD(md_checkpoint, member), NULL, NULL, flags                                            \
    }
#define AT(member, flags)                                                                          \
    {                                                                                              \
#member, MD_H5_I64, offsetof(md_checkpoint, at.member), NULL, NULL, flags                  \
    }
#define SUM(name, member, unit, flags)                                                             \
    {                                                                                              \
        name, MD_H5_I64, offsetof(md_checkpoint, at.member.piece[unit]), NULL, NULL, flags         \
    }
#define BEST(name)                                                                                 \
    {                                                                                              \
        name, MD_H5_F64, offsetof(md_checkpoint, best), NULL, NULL, 0                              \
    }
#define POSITION STATE(seed, 0), AT(epoch, 0), AT(step, 0), AT(step_in_epoch, 0)
static const md_field progress_fields[] = {POSITION,
                                           BEST("best_val_accuracy"),
                                           STATE(best_epoch, 0),
                                           SUM("loss_q32", loss, MD_FIXED_Q32, MD_FIELD_LATER),
                                           SUM("correct", metric, MD_FIXED_ONE, 0),
                                           AT(samples, 0),
                                           STATE(complete, 0)};
static const md_field numbers_progress_fields[] = {POSITION,
                                                   BEST("best_val_mae"),
                                                   STATE(best_epoch, 0),
                                                   SUM("loss_q64", loss, MD_FIXED_Q64, 0),
                                                   SUM("loss_q32", loss, MD_FIXED_Q32, 0),
                                                   SUM("loss_q0", loss, MD_FIXED_ONE, 0),
                                                   SUM("loss_up32", loss, MD_FIXED_UP32, 0),
                                                   SUM("error_q64", metric, MD_FIXED_Q64, 0),
                                                   SUM("error_q32", metric, MD_FIXED_Q32, 0),
                                                   SUM("error_q0", metric, MD_FIXED_ONE, 0),
                                                   SUM("error_up32", metric, MD_FIXED_UP32, 0),
                                                   AT(samples, 0),
                                                   STATE(complete, 0)};

const md_field *md_progress_fields(const md_model_spec *spec, int *count)
{
    const int numbers = md_model_spec_answer(spec) == MD_ANSWER_NUMBERS;
    *count = (int)(numbers ? COUNT(numbers_progress_fields) : COUNT(progress_fields));
    return numbers ? numbers_progress_fields : progress_fields;
}

#define RUN(member)                                                                                \
    {                                                                                              \
#member, MD_H5_I32, offsetof(md_run_record, member), NULL, NULL, 0                         \
    }
#define RUN_LATER(member)                                                                          \
    {                                                                                              \
        FIELD(md_run_record, member), NULL, NULL, MD_FIELD_LATER                                   \
    }
const md_field md_run_numbers[MD_RUN_NUMBERS] = {RUN(ranks), RUN(nodes), RUN(exponent),
                                                 RUN_LATER(chunk), RUN_LATER(window)};
const md_field md_run_texts[MD_RUN_TEXTS] = {
    RUN(config),      RUN(command_line), RUN(hosts),       RUN(reducer),      RUN(kernels),
    RUN(storage),     RUN(version),      RUN(version_mpi), RUN(version_hdf5), RUN(version_blas),
    RUN(data_sha256), RUN(started),      RUN(saved)};

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
