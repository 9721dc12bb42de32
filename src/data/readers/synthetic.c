/* Digits the program draws itself, for machines without MNIST and for tests. */
#include <string.h>

#include "digit.h"
#include "mnist_dist/base/parse.h"
#include "source_internal.h"

enum { DEFAULT_COUNT = 12000, MAX_COUNT = 1000000000, TEST_SHARE = 6 };

/* Test images are numbered from here, so that they are the same for any number of training images.
 */
static const uint32_t first_test_image = 2000000000;

static md_status synthetic_open(md_source *source, const char *where, md_error *err)
{
    const char *count = strchr(where, ':');
    int64_t n = DEFAULT_COUNT;
    if (count && !md_parse_i64(count + 1, 1, MAX_COUNT, &n))
        return md_fail(err, MD_BAD_DATA,
                       "%s: the number of images must be 1 to %d, as in synthetic:12000", where,
                       MAX_COUNT);
    size_t train = (size_t)n, test = train / TEST_SHARE;
    source->shape = (md_source_shape){MD_DIGIT_SIDE, MD_DIGIT_SIDE, {train, test > 0 ? test : 1}};
    return MD_OK;
}

static md_status synthetic_read(md_source *source, md_split split, md_samples *out, md_error *err)
{
    (void)err;
    uint8_t *images = out->features[split];
    uint32_t first = split == MD_SPLIT_TEST ? first_test_image : 0;
    for (size_t i = 0; i < source->shape.images[split]; i++) {
        out->labels[split][i] = md_digit_label(first + (uint32_t)i);
        md_digit_draw(first + (uint32_t)i, images + i * MD_DIGIT_PIXELS);
    }
    return MD_OK;
}

static void synthetic_close(md_source *source)
{
    (void)source;
}

static int synthetic_recognises(const char *where)
{
    static const char word[] = "synthetic";
    size_t length = sizeof word - 1;
    return strncmp(where, word, length) == 0 && (!where[length] || where[length] == ':');
}

const md_source_ops md_source_synthetic = {"synthetic[:N]", synthetic_recognises, synthetic_open,
                                           synthetic_read, synthetic_close};
