/* NumPy's archive of arrays, a zip of .npy files (https://numpy.org/doc/stable/reference/generated/
 * numpy.lib.format.html): pairs under their usual names, or those that data.train_x and so on name.
 * Nothing is allocated that the archive's bytes cannot account for. */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/text.h"
#include "named_arrays.h"
#include "zip_place.h"

#define HALF "f2"

enum { HEADER_MOST = 4096, PREFIX = 10, WORD_SIZE = 16 };

typedef struct npz_context {
    zip_t *archive;
    uint64_t size; /* of the file */
    char path[];   /* its name */
} npz_context;

/* What a .npy file's header says. */
typedef struct npy_header {
    md_array array;
    int turned;  /* columns first: fortran_order */
    int swapped; /* big-endian */
    int half;    /* floats of 2 bytes, made longer when they are read */
    size_t size; /* bytes before the numbers */
} npy_header;

static int member_name(const char *name, char out[MD_USUAL_NAME])
{
    return snprintf(out, MD_USUAL_NAME, "%s.npy", name) < MD_USUAL_NAME;
}

static int has(md_source *source, const char *name)
{
    const npz_context *npz = source->context;
    char member[MD_USUAL_NAME];
    return member_name(name, member) && zip_name_locate(npz->archive, member, 0) >= 0;
}

static md_status fail(const npz_context *npz, const char *name, const char *what, md_error *err)
{
    char snippet[MD_SNIPPET_SIZE];
    md_text_snippet(name, snippet);
    return md_fail(err, MD_BAD_DATA, "'%s': %s %s", npz->path, snippet, what);
}

/* Steps over what must stand there, blanks before it aside. */
static int take(const char **at, const char *word)
{
    *at += strspn(*at, " ");
    const size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return 0;
    *at += length;
    return 1;
}

/* A text in single quotes. */
static int take_word(const char **at, char out[WORD_SIZE])
{
    if (!take(at, "'"))
        return 0;
    const size_t length = strcspn(*at, "'");
    if (length >= WORD_SIZE || (*at)[length] != '\'')
        return 0;
    memcpy(out, *at, length);
    out[length] = '\0';
    *at += length + 1;
    return 1;
}

/* "(600, 28, 28)", "(600,)" */
static int take_shape(const char **at, md_array *array)
{
    if (!take(at, "("))
        return 0;
    while (!take(at, ")")) {
        char *end;
        *at += strspn(*at, " ");
        if (**at < '0' || **at > '9' || array->rank == MD_ARRAY_RANK)
            return 0;
        errno = 0;
        const unsigned long long extent = strtoull(*at, &end, 10);
        if (errno || extent > SIZE_MAX / 16)
            return 0;
        array->extent[array->rank++] = (size_t)extent;
        *at = end;
        if (!take(at, ",") && **at != ')')
            return 0;
    }
    return 1;
}

/* "<f4", "|u1", "|b1"; 1 unless it is none of ours. */
static int take_type(const char *word, npy_header *out)
{
    static const struct {
        const char *name;
        md_number type;
    } names[] = {{"b1", MD_NUMBER_I8}, /* no byte of a picture: 0 or 1, as they are */
#define MD_ROW(NAME, type, name) {name, MD_NUMBER_##NAME},
                 MD_NUMBERS(MD_ROW)
#undef MD_ROW
                     {HALF, MD_NUMBER_F32}};
    if (!strchr("<>|=", word[0]) || !word[0])
        return 0;
    out->swapped = word[0] == '>';
    out->half = strcmp(word + 1, HALF) == 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(word + 1, names[i].name) == 0) {
            out->array.type = names[i].type;
            return 1;
        }
    return 0;
}

/* The dictionary: its three keys in any order, each once. NULL, or what is wrong with it. */
static const char *parse(const char *text, npy_header *out, char type[WORD_SIZE])
{
    static const char broken[] = "has a header that is no dictionary of descr, fortran_order and "
                                 "shape; save it again with numpy.savez";
    int seen = 0;
    const char *at = text;
    if (!take(&at, "{"))
        return broken;
    while (!take(&at, "}")) {
        char key[WORD_SIZE];
        int bit = 0, good = take_word(&at, key) && take(&at, ":");
        if (good && strcmp(key, "descr") == 0) {
            bit = 1;
            if (!take_word(&at, type))
                return "holds records, not numbers; give one array of numbers for each";
        } else if (good && strcmp(key, "fortran_order") == 0) {
            bit = 2;
            out->turned = take(&at, "True");
            good = out->turned || take(&at, "False");
        } else if (good && strcmp(key, "shape") == 0) {
            bit = 4;
            good = take_shape(&at, &out->array);
        }
        if (!good || !bit || seen & bit || (!take(&at, ",") && *at != '}'))
            return broken;
        seen |= bit;
    }
    if (seen != 7)
        return broken;
    return take_type(type, out) ? NULL : "";
}

/* A number's bytes in the file. */
static size_t stored_size(const npy_header *header)
{
    return header->half ? sizeof(uint16_t) : md_number_size(header->array.type);
}

/* Sizes as far as they are claims: the numbers' bytes must be all that follows the header. */
static int fits(const npy_header *header, uint64_t member)
{
    size_t bytes = stored_size(header);
    for (int i = 0; i < header->array.rank; i++)
        if (__builtin_mul_overflow(bytes, header->array.extent[i], &bytes))
            return 0;
    return member >= header->size && bytes == member - header->size;
}

static md_status read_header(const npz_context *npz, const char *name, zip_file_t *file,
                             uint64_t member, npy_header *out, md_error *err)
{
    unsigned char start[PREFIX + 2];
    char text[HEADER_MOST + 1], type[WORD_SIZE] = "";
    if (zip_fread(file, start, PREFIX) != PREFIX || memcmp(start, "\x93NUMPY", 6) != 0 ||
        start[6] < 1 || start[6] > 3)
        return fail(npz, name, "is not an array of NumPy's", err);
    size_t length = (size_t)start[8] | (size_t)start[9] << 8;
    if (start[6] > 1) {
        if (zip_fread(file, start + PREFIX, 2) != 2)
            return fail(npz, name, "is truncated", err);
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    }
    *out = (npy_header){.size = PREFIX + (start[6] > 1 ? 2u : 0u) + length};
    if (length > HEADER_MOST || zip_fread(file, text, length) != (zip_int64_t)length)
        return fail(npz, name, "has a header that is too long or cut off", err);
    text[length] = '\0';
    const char *wrong = parse(text, out, type);
    if (wrong && type[0] && strchr(type, 'O'))
        wrong = "holds Python objects, which are not read; save it with dtype float32 or int64";
    if (wrong && wrong[0])
        return fail(npz, name, wrong, err);
    if (wrong)
        return md_fail(err, MD_BAD_DATA,
                       "'%s': %s has the type '%s', which is no number read here; give whole "
                       "numbers or floats of 2, 4 or 8 bytes",
                       npz->path, name, type);
    if (!fits(out, member))
        return fail(npz, name, "does not hold what its header claims", err);
    snprintf(out->array.name, sizeof out->array.name, "%s", name);
    return MD_OK;
}

/* Opens a member and reads its header. The caller closes *file, if it is set. */
static md_status open_member(md_source *source, const char *name, zip_file_t **file,
                             npy_header *out, md_error *err)
{
    const npz_context *npz = source->context;
    char member[MD_USUAL_NAME];
    zip_stat_t info;
    *file = NULL;
    if (!member_name(name, member) || zip_stat(npz->archive, member, 0, &info) != 0 ||
        !(info.valid & ZIP_STAT_SIZE))
        return fail(npz, name, "is missing", err);
    if (info.size / MD_INFLATE_RATIO > npz->size)
        return fail(npz, name, "claims more bytes than the archive has", err);
    *file = zip_fopen(npz->archive, member, 0);
    if (!*file)
        return fail(npz, name, zip_strerror(npz->archive), err);
    return read_header(npz, name, *file, info.size, out, err);
}

static md_status look(md_source *source, const char *name, md_array *out, md_error *err)
{
    zip_file_t *file;
    npy_header header = {0};
    md_status status = open_member(source, name, &file, &header, err);
    if (file)
        zip_fclose(file);
    if (!status && header.array.rank == 0)
        status = fail(source->context, name, "has no dimensions; give one sample a row", err);
    if (!status)
        *out = header.array;
    return status;
}

static size_t list(md_source *source, char *out, size_t size)
{
    const npz_context *npz = source->context;
    const zip_int64_t count = zip_get_num_entries(npz->archive, 0);
    size_t used = 0, listed = 0;
    out[0] = '\0';
    for (zip_int64_t i = 0; i < count && i < 8 && used < size; i++) {
        char name[MD_USUAL_NAME], text[MD_ARRAY_TEXT] = "no numbers", snippet[MD_SNIPPET_SIZE];
        const char *member = zip_get_name(npz->archive, (zip_uint64_t)i, 0);
        const size_t length = member ? strlen(member) : 0;
        md_array array;
        md_error why;
        if (length < 5 || length >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)length - 4, member);
        if (look(source, name, &array, &why) == MD_OK)
            md_array_describe(&array, text);
        md_text_snippet(name, snippet);
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s %s", used ? ", " : "", snippet, text);
        listed++;
    }
    return listed;
}

static md_status failed(const md_source *source)
{
    (void)source;
    return MD_OK;
}

static void npz_close(md_source *source)
{
    npz_context *npz = source->context;
    zip_discard(npz->archive);
    free(npz);
}

static md_status npz_open(md_source *source, const char *where, md_error *err)
{
    static const md_named_ops ops = {has, look, list, failed, ""};
    const size_t size = strlen(where) + 1;
    struct stat info;
    int reason;
    npz_context *npz = malloc(sizeof *npz + size);
    if (!npz)
        return md_fail_memory(err, "a data source", sizeof *npz + size);
    memcpy(npz->path, where, size);
    npz->size = stat(where, &info) == 0 ? (uint64_t)info.st_size : 0;
    npz->archive = zip_open(where, ZIP_RDONLY, &reason);
    if (!npz->archive) {
        free(npz);
        return md_fail(err, MD_BAD_DATA,
                       "'%s': is a damaged zip archive (libzip error %d); fetch or save it again",
                       where, reason);
    }
    source->context = npz;
    md_status status = md_named_find(source, &ops, where, err);
    if (status)
        npz_close(source);
    return status;
}

/* From columns first to rows first. */
static md_status turn(const md_array *array, size_t count, void *numbers, md_error *err)
{
    const size_t size = md_number_size(array->type);
    char *copy = malloc(count * size + 1), *out = numbers;
    if (!copy)
        return md_fail_memory(err, array->name, count * size);
    memcpy(copy, numbers, count * size);
    for (size_t i = 0; i < count; i++) {
        size_t left = i, from = 0, stride = count;
        for (int a = array->rank - 1; a >= 0; a--) {
            stride /= array->extent[a];
            from += left % array->extent[a] * stride;
            left /= array->extent[a];
        }
        memcpy(out + i * size, copy + from * size, size);
    }
    free(copy);
    return MD_OK;
}

static int same_array(const md_array *a, const md_array *b)
{
    return a->type == b->type && a->rank == b->rank &&
           memcmp(a->extent, b->extent, sizeof a->extent) == 0;
}

/* IEEE 754-2008's binary16: a sign, 5 bits of exponent, 10 of fraction. */
static float of_half(uint16_t half)
{
    const int exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    const float sign = half >> 15 ? -1.0f : 1.0f;
    if (exponent == 0x1f)
        return fraction ? NAN : sign * INFINITY;
    if (exponent == 0)
        return sign * ldexpf((float)fraction, -24);
    return sign * ldexpf((float)(fraction + 0x400), exponent - 25);
}

/* Halves at the end of `numbers` become floats, each written behind what is still to be read. */
static void widen(size_t count, float *numbers)
{
    const unsigned char *halves = (const unsigned char *)numbers + count * sizeof(uint16_t);
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, halves + i * sizeof half, sizeof half);
        numbers[i] = of_half(half);
    }
}

static int read_all(zip_file_t *file, void *out, size_t bytes)
{
    enum { PART = 256 * 1024 };
    for (size_t done = 0; done < bytes; done += PART) {
        const size_t part = bytes - done < PART ? bytes - done : PART;
        if (zip_fread(file, (char *)out + done, part) != (zip_int64_t)part)
            return 0;
        md_beat();
    }
    return 1;
}

/* The CRC is compared on reading past the end. */
static md_status npz_read(md_source *source, const md_array *array, void *out, md_error *err)
{
    const npz_context *npz = source->context;
    zip_file_t *file;
    npy_header header = {0};
    char beyond;
    const size_t count = array->extent[0] * md_array_width(array);
    md_status status = open_member(source, array->name, &file, &header, err);
    if (!status && !same_array(&header.array, array))
        status = fail(npz, array->name, "changed while it was being read; try again", err);
    if (!status) {
        const size_t size = stored_size(&header), bytes = count * size;
        void *numbers = (char *)out + count * (md_number_size(array->type) - size);
        if (!read_all(file, numbers, bytes) || zip_fread(file, &beyond, 1) != 0)
            status = fail(npz, array->name, "is damaged; fetch or save it again", err);
        else if (size > 1 && header.swapped == (BYTE_ORDER == LITTLE_ENDIAN))
            md_array_swap(header.half ? MD_NUMBER_U16 : array->type, numbers, count);
    }
    if (file)
        zip_fclose(file);
    if (!status && header.half)
        widen(count, out);
    if (!status && header.turned && count > 0)
        status = turn(array, count, out, err);
    return status;
}

static md_status npz_locate(md_source *source, const md_array *array, md_feature_file *out,
                            md_h5_piece **pieces, md_error *err)
{
    const npz_context *npz = source->context;
    char member[MD_USUAL_NAME];
    zip_file_t *file;
    npy_header header = {0};
    uint64_t begin = 0;
    (void)pieces;
    md_status status = open_member(source, array->name, &file, &header, err);
    if (file)
        zip_fclose(file);
    if (!status && header.half)
        status =
            fail(npz, array->name,
                 "holds floats of 2 bytes, which are not read in parts; save it as float32", err);
    if (!status && header.turned)
        status = fail(npz, array->name,
                      "is stored columns first, so it cannot be read in parts; save "
                      "numpy.ascontiguousarray of it",
                      err);
    if (!status &&
        (!member_name(array->name, member) ||
         !md_zip_place(npz->path, member,
                       md_array_width(array) * array->extent[0] * md_number_size(array->type) +
                           header.size,
                       &begin)))
        status = fail(npz, array->name,
                      "is compressed, so it cannot be read in parts; save it with numpy.savez in "
                      "place of savez_compressed, or as HDF5 with h5py",
                      err);
    if (status)
        return status;
    *out = (md_feature_file){.array = *array,
                             .begin = begin + header.size,
                             .swapped = header.swapped == (BYTE_ORDER == LITTLE_ENDIAN),
                             .shuffled = -1,
                             .deflated = -1};
    return md_feature_file_note(npz->path, out, err);
}

static int npz_recognises(const char *where)
{
    return md_source_starts(where, 0, "PK\3\4", 4);
}

/* A model of Keras is such an archive, too. */
static int npz_holds(const char *where)
{
    int reason;
    zip_t *archive = zip_open(where, ZIP_RDONLY, &reason);
    const int model = !archive || zip_name_locate(archive, "config.json", 0) >= 0;
    if (archive)
        zip_discard(archive);
    return !model;
}

const md_source_ops md_source_npz = {".npz file", 1,         npz_recognises, npz_open,
                                     npz_read,    npz_close, npz_holds,      npz_locate};
