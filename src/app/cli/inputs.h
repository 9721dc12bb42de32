/* What the commands read: a checkpoint, one split of a data set, and what the model makes of it.
 * Local, but where a comm is given. */
#ifndef MNIST_DIST_APP_INPUTS_H
#define MNIST_DIST_APP_INPUTS_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/train/dataset.h"

/* The checkpoint at path, or, when path is a folder, its last.h5. name (MD_PATH_SIZE bytes, may be
 * NULL) receives the file's path. MD_BAD_CHECKPOINT when it cannot be read. */
md_status md_open_checkpoint(const char *path, char *name, md_checkpoint **out, md_error *err);

/* The configuration of the checkpoint's newest run; the defaults where it has none. */
md_status md_checkpoint_config(const md_checkpoint *checkpoint, md_config *out, md_error *err);

/* Which data set is meant: `given` (--data) or, when that is NULL, the checkpoint's. Without a
 * checkpoint (NULL) the built-in default, which gives way to synthetic digits, with a warning, when
 * it is not there. MD_BAD_DATA when the checkpoint is an imported model, which has none. */
md_status md_choose_source(const char *given, const md_checkpoint *checkpoint,
                           char out[MD_PATH_SIZE], md_error *err);

/* How the images lay in memory in the checkpoint's newest run. Laid out the same way they give the
 * same bits as in that run's validation; MD_STORAGE_AUTO where there was no run. */
md_storage md_checkpoint_storage(const md_checkpoint *checkpoint);

/* Collective. One split of a data set, the other left empty; comm is borrowed. MD_BAD_DATA when it
 * has no images, too. */
md_status md_split_read(md_comm *comm, const char *source, md_split split, md_storage storage,
                        md_dataset **out, md_error *err);

/* Can the model take these images and labels? MD_BAD_DATA naming the source when not. */
md_status md_check_data_fits(const md_model_spec *model, const md_store *store, const char *source,
                             md_error *err);

/* Is there an image of this number? MD_USAGE naming --index. */
md_status md_check_index(const md_dataset *dataset, md_split split, const char *source,
                         int64_t index, md_error *err);

/* What the checkpoint's model makes of a whole split. */
typedef struct md_predictions {
    md_dataset *dataset;
    size_t count, rows, columns, classes;
    uint8_t *images;       /* [count][rows * columns] */
    const uint8_t *labels; /* [count]; the data set's */
    float *probabilities;  /* [count][classes] */
    uint8_t *predicted;    /* [count]: the first of the most probable classes */
} md_predictions;

/* Collective over comm, which is borrowed: the command's own rank alone. */
md_status md_predictions_compute(md_comm *comm, const md_checkpoint *checkpoint, const char *source,
                                 md_split split, md_predictions *out, md_error *err);
void md_predictions_clear(md_predictions *predictions);

/* "train" and "test", as --split takes them; by md_split. */
extern const char *const md_split_words[];

#endif
