/* Two observers where the trainer takes one. */
#ifndef MNIST_DIST_APP_OBSERVERS_H
#define MNIST_DIST_APP_OBSERVERS_H

#include "mnist_dist/train/observer.h"

typedef struct md_observer_pair {
    md_observer first, second;
} md_observer_pair;

/* Tells both, in order. Borrows *pair. */
md_observer md_observer_both(md_observer_pair *pair);

#endif
