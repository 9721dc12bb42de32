/* What the commands read: a checkpoint, one split of a data set, and what the model makes of it.
 * Local; rank 0 only. */
#ifndef MNIST_DIST_APP_INPUTS_H
#define MNIST_DIST_APP_INPUTS_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/data/source.h"

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

typedef struct md_samples {
    md_split split;
    size_t count, rows, columns;
    uint8_t *images; /* [count][rows * columns] */
    uint8_t *labels; /* [count] */
    uint8_t largest_label;
} md_samples;

/* MD_BAD_DATA when the split is empty, too. */
md_status md_samples_read(const char *where, md_split split, md_samples *out, md_error *err);
void md_samples_clear(md_samples *samples);

/* Can the model take images of rows x columns with labels up to `label`? MD_BAD_DATA naming the
 * source when not. */
md_status md_check_data_fits(const md_model_spec *model, size_t rows, size_t columns, int label,
                             const char *source, md_error *err);
md_status md_samples_check(const md_samples *samples, const md_checkpoint *checkpoint,
                           const char *source, md_error *err);

/* Is there an image of this number? MD_USAGE naming --index. */
md_status md_samples_check_index(const md_samples *samples, const char *source, int64_t index,
                                 md_error *err);

/* The checkpoint's model over n images of its size: logits[n][classes]. */
md_status md_compute_logits(const md_checkpoint *checkpoint, const uint8_t *images, size_t n,
                            float *logits, md_error *err);

/* The same over a whole split that fits the model, as probabilities. */
typedef struct md_predictions {
    md_samples samples;
    size_t classes;
    float *probabilities; /* [count][classes] */
    uint8_t *predicted;   /* [count]: the first of the most probable classes */
} md_predictions;

md_status md_predictions_compute(const md_checkpoint *checkpoint, const char *source,
                                 md_split split, md_predictions *out, md_error *err);
void md_predictions_clear(md_predictions *predictions);

uint8_t md_most_probable(const float *probabilities, size_t classes);

/* "train" and "test", as --split takes them; by md_split. */
extern const char *const md_split_words[];

#endif
