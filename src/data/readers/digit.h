/* Handwritten-looking digits the program draws itself: strokes through jittered points, a random
 * affine map, pen and pressure. A pure function of the image's number, bit-identical on any
 * machine: IEEE float arithmetic and square roots only. */
#ifndef MNIST_DIST_DATA_DIGIT_H
#define MNIST_DIST_DATA_DIGIT_H

#include <stdint.h>

enum { MD_DIGIT_SIDE = 28, MD_DIGIT_PIXELS = MD_DIGIT_SIDE * MD_DIGIT_SIDE };

/* Every ten images in a row, from a multiple of ten, hold each digit once, in random order. */
int md_digit_label(uint32_t image);

void md_digit_draw(uint32_t image, uint8_t out[MD_DIGIT_PIXELS]);

#endif
