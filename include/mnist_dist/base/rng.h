/* Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC11) through Random123. A value is a pure function of (seed, stream, counter): there
 * is no state to save, to share between ranks or to get out of step. Local. */
#ifndef MNIST_DIST_BASE_RNG_H
#define MNIST_DIST_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* One stream per use, so that no two uses ever see the same numbers. */
typedef enum md_stream {
    MD_STREAM_INITIALIZER = 1,  /* counter: layer, element */
    MD_STREAM_SHUFFLE = 2,      /* counter: epoch, position */
    MD_STREAM_DROPOUT = 3,      /* counter: layer, epoch, sample, unit */
    MD_STREAM_SYNTHETIC = 4,    /* counter: image, draw */
    MD_STREAM_AUGMENTATION = 5, /* counter: epoch, image, draw */
    MD_STREAM_CHUNKS = 6        /* counter: epoch, chunk */
} md_stream;

/* What a value depends on. `high` and `low` are the caller's counter; see md_stream. */
typedef struct md_rng_key {
    uint64_t seed;
    md_stream stream;
    uint32_t high; /* slow part, such as layer or epoch */
} md_rng_key;

/* The block of four 32-bit values at counter (high, low). */
void md_rng_block(const md_rng_key *key, uint64_t low, uint32_t out[4]);

/* count values uniform in [0, 1), 24 bits each, from counters low, low + 1, ... (4 values each). */
void md_rng_uniform(const md_rng_key *key, uint64_t low, float *out, size_t count);

#endif
