/* Digits the program draws itself, for machines without MNIST and for tests. */
#include <string.h>

#include "digit.h"
#include "mnist_dist/base/beat.h"
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
    const size_t train = (size_t)n, test = train / TEST_SHARE;
    const size_t counts[2] = {train, test > 0 ? test : 1};
    for (int split = 0; split < 2; split++) {
        const size_t images = counts[split];
        source->x[split] = (md_array){
            .type = MD_NUMBER_U8, .rank = 3, .extent = {images, MD_DIGIT_SIDE, MD_DIGIT_SIDE}};
        source->y[split] = (md_array){.type = MD_NUMBER_U8, .rank = 1, .extent = {images}};
        source->x[split].place = source->y[split].place = split;
    }
    return MD_OK;
}

static md_status synthetic_read(md_source *source, const md_array *array, void *out, md_error *err)
{
    (void)source;
    (void)err;
    uint8_t *bytes = out;
    const uint32_t first = array->place == MD_SPLIT_TEST ? first_test_image : 0;
    for (size_t i = 0; i < array->extent[0]; i++) {
        if (array->rank == 1)
            bytes[i] = (uint8_t)md_digit_label(first + (uint32_t)i);
        else
            md_digit_draw(first + (uint32_t)i, bytes + i * MD_DIGIT_PIXELS);
        md_beat();
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

const md_source_ops md_source_synthetic = {"synthetic[:N]",      0,
                                           synthetic_recognises, synthetic_open,
                                           synthetic_read,       synthetic_close,
                                           synthetic_recognises, NULL};
