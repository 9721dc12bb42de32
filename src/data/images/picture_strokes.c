#include <assert.h>
#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "picture.h"

/* Pixels that touch each other, all above the noise. */
typedef struct component {
    md_picture_box box;
    double sum;   /* of ink */
    int area;     /* pixels */
    int at_edges; /* pixels on the picture's edges */
    int kept;
} component;

static int longer_side(const md_picture_box *b)
{
    int width = b->high_x - b->low_x, height = b->high_y - b->low_y;
    return width > height ? width : height;
}

static void add_pixel(component *c, int x, int y, int ink)
{
    md_picture_box *b = &c->box;
    if (c->area++ == 0)
        *b = (md_picture_box){x, x, y, y};
    b->low_x = x < b->low_x ? x : b->low_x;
    b->high_x = x >= b->high_x ? x + 1 : b->high_x;
    b->high_y = y + 1;
    c->sum += ink;
}

/* The number of each pixel's component, from 1; 0 for noise. NULL when memory ran out. */
static PIX *label(PIX *ink, int noise)
{
    PIX *mask = pixThresholdToBinary(ink, noise + 1), *labels = NULL;
    if (mask && pixInvert(mask, mask))
        labels = pixConnCompTransform(mask, 8, 32);
    pixDestroy(&mask);
    return labels;
}

static unsigned label_at(PIX *labels, int x, int y)
{
    return pixGetData(labels)[(size_t)y * (size_t)pixGetWpl(labels) + (size_t)x];
}

static void measure(PIX *ink, PIX *labels, component *components)
{
    int width = pixGetWidth(ink), height = pixGetHeight(ink);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            unsigned number = label_at(labels, x, y);
            if (number == 0)
                continue;
            add_pixel(&components[number], x, y, md_picture_at(ink, x, y));
            components[number].at_edges += x == 0 || y == 0 || x == width - 1 || y == height - 1;
        }
}

/* A scanner's strip, a frame, a dark corner: lies along the picture's edges for most of what such a
 * box can. A digit that was cut close touches them here and there. */
static int is_strip(const component *c)
{
    const md_picture_box *b = &c->box;
    int sides = b->high_x - b->low_x + b->high_y - b->low_y;
    return 5 * c->at_edges >= 4 * sides;
}

/* A shadow, a stain, a line across the page: full, and as wide as high or as long as the picture.
 */
static int is_full(const component *c)
{
    const md_picture_box *b = &c->box;
    int width = b->high_x - b->low_x, height = b->high_y - b->low_y;
    int shorter = width < height ? width : height;
    return 4.0 * c->area >= 3.0 * width * height &&
           (5 * shorter > 2 * longer_side(b) || c->at_edges >= 2 * shorter);
}

/* Could be a digit, or its largest part: not a speck. */
static int is_large(const component *c, PIX *ink)
{
    const int least = 5, share = 40;
    int side = longer_side(&c->box);
    int width = pixGetWidth(ink), height = pixGetHeight(ink);
    return side >= least && share * side >= (width > height ? width : height);
}

static int gap(int low_a, int high_a, int low_b, int high_b)
{
    int between = low_a > low_b ? low_a - high_b : low_b - high_a;
    return between > 0 ? between : 0;
}

/* A stroke of the digit whose largest part is `main`: not too small and not far. */
static int belongs(const component *c, const component *main)
{
    const md_picture_box *a = &c->box, *b = &main->box;
    int side = longer_side(b);
    int across = gap(a->low_x, a->high_x, b->low_x, b->high_x);
    int down = gap(a->low_y, a->high_y, b->low_y, b->high_y);
    return 5 * longer_side(a) >= side && 2 * (across > down ? across : down) <= side;
}

/* Marks the strokes; 0 when there are none. */
static int choose(PIX *ink, component *components, unsigned count)
{
    component *main = NULL;
    for (component *c = components + 1; c <= components + count; c++)
        if (is_large(c, ink) && !is_strip(c) && !is_full(c) && (!main || c->sum > main->sum))
            main = c;
    for (component *c = components + 1; main && c <= components + count; c++)
        c->kept = c == main || (!is_strip(c) && belongs(c, main));
    return main != NULL;
}

/* The strokes with their soft edges, a pixel around; NULL when memory ran out. */
static PIX *draw_mask(PIX *labels, const component *components)
{
    PIX *mask = pixCreate(pixGetWidth(labels), pixGetHeight(labels), 1);
    assert(components);
    for (int y = 0; mask && y < pixGetHeight(mask); y++)
        for (int x = 0; x < pixGetWidth(mask); x++)
            if (components[label_at(labels, x, y)].kept)
                pixSetPixel(mask, x, y, 1);
    return mask ? pixDilateBrick(mask, mask, 3, 3) : NULL;
}

/* How dark strokes are: a mean in which dark pixels count more than many pale ones. */
static double level_of(PIX *ink, PIX *labels, const component *components, int all)
{
    double squares = 0.0, cubes = 0.0;
    for (int y = 0; y < pixGetHeight(ink); y++)
        for (int x = 0; x < pixGetWidth(ink); x++) {
            unsigned number = label_at(labels, x, y);
            double level = md_picture_at(ink, x, y);
            if (number == 0 || !(all || components[number].kept))
                continue;
            squares += level * level;
            cubes += level * level * level;
        }
    return squares > 0.0 ? cubes / squares : 0.0;
}

/* What a look at everything above one level finds. */
typedef struct look {
    PIX *labels;
    component *components;
    int found;
} look;

static md_status look_above(PIX *ink, int level, look *out, md_error *err)
{
    unsigned count = 0;
    *out = (look){.labels = label(ink, level)};
    if (!out->labels)
        return md_fail_memory(err, "a picture",
                              sizeof(l_uint32) * (size_t)pixGetWidth(ink) *
                                  (size_t)pixGetHeight(ink));
    pixGetMaxValueInRect(out->labels, NULL, &count, NULL, NULL);
    md_status status = md_allocate((void **)&out->components, count + 1, sizeof *out->components,
                                   "a picture", err);
    if (status)
        return status;
    measure(ink, out->labels, out->components);
    out->found = choose(ink, out->components, count);
    return MD_OK;
}

static void forget(look *l)
{
    pixDestroy(&l->labels);
    free(l->components);
}

/* Ruled lines and shadows are paler than strokes: a third of what the strokes seem to have, or half
 * of all where none were found, is the level to look above. */
static int level_to_look(PIX *ink, const look *first, int noise)
{
    double level = level_of(ink, first->labels, first->components, !first->found);
    int above = (int)(first->found ? level / 3 : level / 2);
    return above > noise ? above : noise;
}

static double clear_others(PIX *ink, PIX *mask)
{
    double sum = 0.0;
    for (int y = 0; y < pixGetHeight(ink); y++)
        for (int x = 0; x < pixGetWidth(ink); x++) {
            l_uint32 kept = 0;
            pixGetPixel(mask, x, y, &kept);
            if (kept)
                sum += md_picture_at(ink, x, y);
            else
                md_picture_put(ink, x, y, 0);
        }
    return sum;
}

md_status md_picture_keep_strokes(PIX *ink, int noise, double *sum, md_error *err)
{
    look first = {0}, second = {0};
    PIX *mask = NULL;
    *sum = 0.0;
    md_status status = look_above(ink, noise, &first, err);
    if (!status)
        status = look_above(ink, level_to_look(ink, &first, noise), &second, err);
    if (!status) {
        mask = draw_mask(second.labels, second.components);
        if (mask)
            *sum = second.found ? clear_others(ink, mask) : 0.0;
        else
            status = md_fail_memory(err, "a picture",
                                    (size_t)pixGetWidth(ink) * (size_t)pixGetHeight(ink));
    }
    pixDestroy(&mask);
    forget(&first);
    forget(&second);
    return status;
}
