/* What `plot --kind` draws: a kind is one file with a descriptor, md_picture_<kind>, and its word
 * in the list below. Help and choices are made from the list; a test holds the man page, the README
 * and the completion against it. Local. */
#ifndef MNIST_DIST_APP_PICTURE_KIND_H
#define MNIST_DIST_APP_PICTURE_KIND_H

#include "cli/inputs.h"
#include "present/chart.h"

/* The first is the default. */
#define MD_PICTURE_KINDS(KIND)                                                                     \
    KIND(curves)                                                                                   \
    KIND(accuracy)                                                                                 \
    KIND(mae)                                                                                      \
    KIND(loss)                                                                                     \
    KIND(grid) KIND(confusion) KIND(predicted) KIND(residuals) KIND(weights) KIND(features)

/* All borrowed. */
typedef struct md_picture_subject {
    const char *name; /* of the checkpoint's file */
    const md_checkpoint *checkpoint;
    const md_predictions *predictions; /* of the test set; NULL unless the kind needs data */
    int64_t index;                     /* of one of its images, for a kind of one */
} md_picture_subject;

/* Models, by what they answer with: a bit for each md_answer. */
enum {
    MD_PICTURE_CLASSES = 1 << MD_ANSWER_CLASS,
    MD_PICTURE_LABELS = 1 << MD_ANSWER_LABELS,
    MD_PICTURE_NUMBERS = 1 << MD_ANSWER_NUMBERS
};

typedef struct md_picture_kind {
    const char *help; /* stands in brackets behind the word; NULL: the word says it */
    int needs_data;
    int of_one_image;
    int answers;  /* MD_PICTURE_...: of which models, with data against their answers; 0: of all */
    int has_text; /* can be shown in a terminal, too: then path may be NULL, for stdout */
    md_status (*draw)(const md_picture_subject *subject, const char *path, md_error *err);
} md_picture_kind;

extern const md_picture_kind *const md_picture_kinds[]; /* by the order of their words */
extern const char *const md_picture_words[];            /* NULL at the end */

/* For the --help of --kind: "curves (accuracy and loss; the default), ...", malloc'ed; NULL when
 * out of memory. */
char *md_picture_help(void);

#endif
