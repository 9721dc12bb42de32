/* How training images are moved a little, otherwise in each epoch, as plain data. Local. */
#ifndef MNIST_DIST_MODEL_AUGMENTATION_H
#define MNIST_DIST_MODEL_AUGMENTATION_H

/* The most that each may be, either way; 0: none of it. */
typedef struct md_augmentation {
    double shift;    /* pixels, by rows and by columns */
    double rotation; /* degrees */
    double zoom;     /* share of the size */
    double shear;    /* degrees */
} md_augmentation;

static inline int md_augmentation_any(const md_augmentation *a)
{
    return a->shift > 0.0 || a->rotation > 0.0 || a->zoom > 0.0 || a->shear > 0.0;
}

#endif
