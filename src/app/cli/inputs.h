/* What the commands read: a checkpoint, one split of a data set, and what the model makes of it.
 * Local, but where a comm is given. */
#ifndef MNIST_DIST_APP_INPUTS_H
#define MNIST_DIST_APP_INPUTS_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/train/dataset.h"
#include "mnist_dist/train/infer.h"

/* The checkpoint at path, or, when path is a folder, its last.h5; where there is none, the newest
 * that is, with a warning. name (PATH_MAX bytes, may be NULL) receives the file's path.
 * MD_BAD_CHECKPOINT when it cannot be read. */
md_status md_open_checkpoint(const char *path, char *name, md_checkpoint **out, md_error *err);

/* MD_BAD_CHECKPOINT: a folder that is there, but not to be read, by errno. */
md_status md_fail_folder(const char *folder, int reason, md_error *err);

/* The configuration of the checkpoint's newest run; the defaults where it has none. */
md_status md_checkpoint_config(const md_checkpoint *checkpoint, md_config *out, md_error *err);

/* Data, and what a model sees of them. */
typedef struct md_data_choice {
    md_config config;      /* its data section; the model is the checkpoint's */
    md_storage storage;    /* as in the checkpoint's newest run */
    const md_scale *scale; /* the checkpoint's; NULL: there is none that binds */
    int asks;              /* the model, which there is, is asked for answers */
    int as_is;             /* the checkpoint is an imported model: see md_settling */
} md_data_choice;

/* Which data set is meant: `given` (--data) or, when that is NULL, the checkpoint's. Without a
 * checkpoint (NULL) the built-in default, which gives way to synthetic digits, with a warning, when
 * it is not there. Borrows the checkpoint's scale. MD_BAD_DATA when the checkpoint is an imported
 * model, which has none. */
md_status md_choose_data(const char *given, const md_checkpoint *checkpoint, md_data_choice *out,
                         md_error *err);

/* How the images lay in memory in the checkpoint's newest run. Laid out the same way they give the
 * same bits as in that run's validation; MD_STORAGE_AUTO where there was no run. */
md_storage md_checkpoint_storage(const md_checkpoint *checkpoint);

/* Collective. One split of a data set, the other left empty; comm is borrowed. MD_BAD_DATA when it
 * has no images, too. */
md_status md_split_read(md_comm *comm, const md_data_choice *choice, md_split split,
                        md_dataset **out, md_error *err);

/* md_inference_open over the data set: MD_BAD_DATA names the source when the model cannot take its
 * images and labels. */
md_status md_open_inference(const md_model_spec *model, const float *parameters,
                            const md_dataset *dataset, const char *source, md_inference *out,
                            md_error *err);

/* Is there an image of this number? MD_USAGE naming --index. */
md_status md_check_index(const md_dataset *dataset, md_split split, const char *source,
                         int64_t index, md_error *err);

/* Is it known what the model should answer? MD_BAD_DATA naming what the user gave. */
md_status md_check_answers(const md_dataset *dataset, md_split split, const char *source,
                           md_error *err);

/* What the checkpoint's model makes of a whole split, whose images stay in the data set. */
typedef struct md_predictions {
    md_dataset *dataset;
    md_split split;
    md_answer answer;
    const md_scale *scale;                         /* the checkpoint's, for the names of classes */
    size_t count, rows, columns, outputs, classes; /* classes: see md_model_spec_classes */
    const int32_t *labels;                         /* [count]; the data set's; NULL: it has none */
    const float *targets;                          /* [count][outputs], likewise */
    float *answers;                                /* [count][outputs]: probabilities, or numbers */
    int32_t *predicted; /* [count]: the first of the most probable classes; NULL: no classes */
    uint8_t *room;      /* for one image */
} md_predictions;

/* Collective over comm, which is borrowed: the command's own rank alone. */
md_status md_predictions_compute(md_comm *comm, const md_checkpoint *checkpoint,
                                 const md_data_choice *choice, md_split split, md_predictions *out,
                                 md_error *err);
/* An image's rows * columns pixels, 0 paper to 255 ink; valid until the next call. */
const uint8_t *md_predictions_image(const md_predictions *predictions, size_t image);
void md_predictions_clear(md_predictions *predictions);

/* What the model takes: "28 x 28 images", "5 features". Returns `out`. */
enum { MD_INPUT_TEXT = 48 };
const char *md_input_text(const md_model_spec *spec, char out[MD_INPUT_TEXT]);

/* "10 classes", "3 labels", "1 number". Returns `out`. */
enum { MD_ANSWER_TEXT = 32 };
const char *md_answer_text(const md_model_spec *spec, char out[MD_ANSWER_TEXT]);

/* "train" and "test", as --split takes them; by md_split. */
extern const char *const md_split_words[];

#endif
