/* How many ranks should compute: found by timing steps, since it depends on the model, the batch,
 * the machine and what else runs there. No bit depends on it, only time. Local, no clock of its
 * own.
 *
 * A window of steps is timed as it is; another one with half, or twice, as many ranks; and one as
 * it was before. If the one between is faster than both, it stays so. Otherwise it takes twice as
 * long until the next trial of the kind. */
#ifndef MNIST_DIST_TRAIN_PACE_H
#define MNIST_DIST_TRAIN_PACE_H

typedef struct md_pace {
    int most, settled;  /* ranks that may compute, and that do but in trials */
    int phase, wider;   /* a trial is of more ranks than settled */
    int skipped, steps; /* of the open window */
    double seconds;     /* of its steps */
    double before, trial;
    struct {
        int wait, left; /* windows between two trials, and until the next */
    } direction[2];     /* fewer, more */
} md_pace;

/* At first all of them. */
void md_pace_begin(md_pace *pace, int most);

/* A step has taken so long; how many ranks shall compute from the one after the next on? */
int md_pace_step(md_pace *pace, double seconds);

#endif
