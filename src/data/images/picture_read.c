#include <fcntl.h>
#include <inttypes.h>
#include <libexif/exif-data.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mnist_dist/base/bytes.h"
#include "picture.h"

enum { MAX_PIXELS = 64 * 1000 * 1000, LEAST_BYTES = 12 /* that the library looks at */ };

/* The formats that are read, by the library's numbers. Not GIF: its decoder allocates whatever a
 * file claims. */
static const struct {
    int format;
    const char *name;
} formats[] = {{IFF_PNG, "PNG"},
               {IFF_JFIF_JPEG, "JPEG"},
               {IFF_PNM, "PNM"},
               {IFF_BMP, "BMP"},
               {IFF_WEBP, "WebP"},
               {IFF_TIFF, "TIFF"},
               {IFF_TIFF_PACKBITS, "TIFF"},
               {IFF_TIFF_RLE, "TIFF"},
               {IFF_TIFF_G3, "TIFF"},
               {IFF_TIFF_G4, "TIFF"},
               {IFF_TIFF_LZW, "TIFF"},
               {IFF_TIFF_ZIP, "TIFF"},
               {IFF_TIFF_JPEG, "TIFF"}};

static const md_file_kind picture_file = {
    .what = "a picture", .quote = "", .status = MD_BAD_DATA, .most = (size_t)1 << 28};

/* The libraries beneath Leptonica write to stderr whatever they are told: closes it for them.
 * Returns what open_stderr wants, -1 when it could not be done. */
static int close_stderr(void)
{
    fflush(stderr);
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), nowhere = open("/dev/null", O_WRONLY);
    if (kept >= 0 && nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    if (nowhere >= 0)
        close(nowhere);
    return kept;
}

static void open_stderr(int kept)
{
    fflush(stderr);
    if (kept < 0)
        return;
    dup2(kept, STDERR_FILENO);
    close(kept);
}

static const char *name_format(const md_bytes *file)
{
    int format = IFF_UNKNOWN;
    if (file->size >= LEAST_BYTES)
        findFileFormatBuffer(file->data, &format);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].format == format)
            return formats[i].name;
    return NULL;
}

/* Reads the header before anything of the size it tells is allocated. */
static md_status decode(const char *path, const md_bytes *file, PIX **out, md_error *err)
{
    const char *name = name_format(file);
    int width = 0, height = 0;
    if (!name)
        return md_fail(err, MD_BAD_DATA,
                       "%s: is no picture that is understood (PNG, JPEG, PNM, TIFF, BMP, WebP); "
                       "convert it to PNG",
                       path);
    if (pixReadHeaderMem(file->data, file->size, NULL, &width, &height, NULL, NULL, NULL) == 0 &&
        (int64_t)width * height > MAX_PIXELS)
        return md_fail(err, MD_BAD_DATA,
                       "%s: is %d x %d pixels, more than 64 megapixels; make it smaller", path,
                       width, height);
    if (width > 0 && height > 0)
        *out = pixReadMem(file->data, file->size);
    if (*out)
        return MD_OK;
    return md_fail(err, MD_BAD_DATA, "%s: is not a sound %s; save it again", path, name);
}

/* EXIF's orientation, 1 (upright) to 8: how a camera was held. */
static int find_orientation(const md_bytes *file)
{
    int orientation = 1;
    ExifData *exif =
        file->size <= UINT32_MAX ? exif_data_new_from_data(file->data, (unsigned)file->size) : NULL;
    ExifEntry *entry = exif ? exif_data_get_entry(exif, EXIF_TAG_ORIENTATION) : NULL;
    if (entry && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
        orientation = exif_get_short(entry->data, exif_data_get_byte_order(exif));
    if (exif)
        exif_data_unref(exif);
    return orientation;
}

/* Quarter turns clockwise that make each orientation upright, after a mirroring of the even ones up
 * to 4 and the odd ones from 5 (Exif 2.3, 4.6.4). */
static PIX *turn_upright(PIX *picture, int orientation)
{
    static const struct {
        int mirrored, turns;
    } cures[] = {{0, 0}, {1, 0}, {0, 2}, {1, 2}, {1, 3}, {0, 1}, {1, 1}, {0, 3}};
    if (orientation < 2 || orientation > 8)
        return pixClone(picture);
    if (cures[orientation - 1].mirrored)
        pixFlipLR(picture, picture);
    return pixRotateOrth(picture, cures[orientation - 1].turns);
}

/* What is seen of a picture with transparency: weighted by alpha, over all pixels. */
typedef struct visible {
    double weight;                  /* sum of alpha */
    double spread;                  /* standard deviation of the shades */
    double by_shade[UINT8_MAX + 1]; /* the weight of each */
} visible;

static visible look(PIX *grey, PIX *alpha)
{
    visible v = {0};
    double sum = 0.0, squares = 0.0;
    for (int y = 0; y < pixGetHeight(grey); y++)
        for (int x = 0; x < pixGetWidth(grey); x++)
            v.by_shade[md_picture_at(grey, x, y)] += md_picture_at(alpha, x, y);
    for (int shade = 0; shade <= UINT8_MAX; shade++) {
        v.weight += v.by_shade[shade];
        sum += v.by_shade[shade] * shade;
        squares += v.by_shade[shade] * shade * shade;
    }
    double mean = v.weight > 0.0 ? sum / v.weight : 0.0;
    double variance = v.weight > 0.0 ? squares / v.weight - mean * mean : 0.0;
    v.spread = variance > 0.0 ? sqrt(variance) : 0.0;
    return v;
}

/* The shade that halves what is seen. */
static int middle_shade(const visible *v)
{
    double below = 0.0;
    int shade = 0;
    for (; shade < UINT8_MAX; shade++) {
        below += v->by_shade[shade];
        if (2.0 * below >= v->weight)
            break;
    }
    return shade;
}

/* Lays grey and alpha over paper, in place. Where most is transparent, or all that is seen has one
 * shade, alpha itself is the drawing: black on white, whatever its colour. Else the transparent
 * parts get the shade of the paper that is seen. */
static void remove_alpha(PIX *grey, PIX *alpha, md_image_use use)
{
    const double one_shade = 24.0; /* levels of standard deviation */
    visible v = look(grey, alpha);
    double all = (double)UINT8_MAX * pixGetWidth(grey) * pixGetHeight(grey);
    int is_drawing = 2.0 * v.weight < all || v.spread < one_shade;
    if (v.weight >= all)
        return;
    int paper = use == MD_IMAGE_AS_IS ? 0 : is_drawing ? UINT8_MAX : middle_shade(&v);
    for (int y = 0; y < pixGetHeight(grey); y++)
        for (int x = 0; x < pixGetWidth(grey); x++) {
            int seen = md_picture_at(alpha, x, y);
            int shade = use == MD_IMAGE_FITTED && is_drawing ? 0 : md_picture_at(grey, x, y);
            int sum = shade * seen + paper * (UINT8_MAX - seen);
            md_picture_put(grey, x, y, (sum + UINT8_MAX / 2) / UINT8_MAX);
        }
}

/* Any depth and colour in 8 bits of grey; NULL when memory ran out. */
static PIX *make_grey(PIX *picture, md_image_use use)
{
    PIX *grey = pixConvertTo8(picture, 0);
    PIX *alpha = NULL;
    if (grey && pixGetDepth(picture) == 32 && pixGetSpp(picture) == 4) {
        alpha = pixGetRGBComponent(picture, L_ALPHA_CHANNEL);
        if (alpha)
            remove_alpha(grey, alpha, use);
        else
            pixDestroy(&grey);
    }
    pixDestroy(&alpha);
    return grey;
}

static md_status read_bytes(const char *path, const md_bytes *file, md_image_use use, PIX **out,
                            md_error *err)
{
    PIX *picture = NULL, *upright = NULL;
    setMsgSeverity(L_SEVERITY_NONE);
    int kept = close_stderr();
    md_status status = decode(path, file, &picture, err);
    if (!status) {
        upright = turn_upright(picture, find_orientation(file));
        *out = upright ? make_grey(upright, use) : NULL;
        if (!*out)
            status = md_fail_memory(err, "a picture", file->size);
    }
    pixDestroy(&upright);
    pixDestroy(&picture);
    open_stderr(kept);
    return status;
}

md_status md_picture_read(const char *path, md_image_use use, PIX **out, md_error *err)
{
    md_bytes file;
    *out = NULL;
    md_status status = md_bytes_read(path, &picture_file, &file, NULL, err);
    if (!status)
        status = read_bytes(path, &file, use, out, err);
    md_bytes_free(&file);
    return status;
}
