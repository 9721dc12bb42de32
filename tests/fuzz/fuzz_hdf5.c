/* HDF5 data sets that are sound containers of anything: types, sizes, layouts, filters and links
 * are chosen by the input. What leads out of the file or is not ours must be refused, whatever else
 * the file says. (Random bytes as a whole file would test libhdf5, not this program.) */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "fuzz_file.h"

enum { MAX_RANK = 4, MAX_WRITTEN = 4096 };

static md_fuzz_file container;
static char folder[TEST_PATH];

/* The input, byte by byte; zeros after its end. */
typedef struct choices {
    const uint8_t *data;
    size_t size;
} choices;

static unsigned choose(choices *c, unsigned count)
{
    if (c->size == 0)
        return 0;
    c->size--;
    return *c->data++ % count;
}

/* What a dataset became. */
typedef struct made {
    int hostile;  /* must be refused */
    int writable; /* small enough for this target's memory */
} made;

/* Mostly small, sometimes as large as HDF5 takes. */
static hsize_t choose_size(choices *c)
{
    hsize_t size = choose(c, 8);
    return choose(c, 4) == 3 ? size << choose(c, 60) : size;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    container = md_fuzz_create();
    md_fuzz_folder(folder);
    md_fuzz_name(&container, folder, "data.h5");
    return 0;
}

/* Few enough elements to be written? Their product may be beyond any type. */
static int is_small(const hsize_t *size, int rank, hsize_t most)
{
    hsize_t product = 1;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(product, size[i], &product))
            return 0;
    return product <= most;
}

static int choose_filters(choices *c, hid_t creation)
{
    int hostile = 0, deflates = 0;
    for (unsigned i = choose(c, 4); i > 0; i--)
        switch (choose(c, 5)) {
        case 0:
            H5Pset_deflate(creation, choose(c, 10));
            hostile |= ++deflates > 1;
            break;
        case 1:
            H5Pset_shuffle(creation);
            break;
        case 2:
            H5Pset_fletcher32(creation);
            break;
        case 3:
            hostile |= H5Pset_scaleoffset(creation, H5Z_SO_INT, 0) >= 0;
            break;
        default:
            hostile |= H5Pset_nbit(creation) >= 0;
        }
    return hostile;
}

static made choose_chunks(choices *c, hid_t creation, int rank)
{
    hsize_t chunk[MAX_RANK];
    for (int i = 0; i < rank; i++)
        chunk[i] = choose_size(c);
    if (rank == 0 || H5Pset_chunk(creation, rank, chunk) < 0)
        return (made){0, 1};
    /* libhdf5 1.10 crashes when it writes through some chains of filters that nobody would make. */
    int hostile = choose_filters(c, creation);
    return (made){hostile, !hostile && is_small(chunk, rank, MAX_WRITTEN)};
}

static made choose_layout(choices *c, hid_t creation, int rank, hid_t space)
{
    switch (choose(c, 6)) {
    case 0:
        H5Pset_layout(creation, H5D_COMPACT);
        return (made){0, 1};
    case 1: /* a place that nobody can write, since making the file may try */
        return (made){H5Pset_external(creation, "/proc/nowhere/outside", 0, H5F_UNLIMITED) >= 0, 0};
    case 2:
        return (made){H5Pset_virtual(creation, space, "/proc/nowhere/outside", "/x", space) >= 0,
                      0};
    case 3:
    case 4:
        return choose_chunks(c, creation, rank);
    default:
        return (made){0, 1};
    }
}

static hid_t choose_type(choices *c, int *hostile)
{
    const hid_t types[] = {H5T_C_S1,      H5T_STD_REF_OBJ, H5T_STD_B8LE,   H5T_UNIX_D32LE,
                           H5T_STD_U8LE,  H5T_STD_U8BE,    H5T_STD_I8LE,   H5T_STD_U16BE,
                           H5T_STD_I64LE, H5T_IEEE_F32BE,  H5T_IEEE_F64LE, H5T_STD_U8LE};
    enum { FOREIGN = 4, TYPES = sizeof types / sizeof *types };
    unsigned kind = choose(c, TYPES);
    *hostile = kind < FOREIGN;
    return types[kind];
}

static int make_dataset(choices *c, hid_t file, const char *name, int rank)
{
    const uint8_t bytes[MAX_WRITTEN] = {1, 2, 3};
    hsize_t size[MAX_RANK], most[MAX_RANK];
    int foreign;
    if (choose(c, 8) == 7)
        rank = (int)choose(c, MAX_RANK + 1);
    for (int i = 0; i < rank; i++) {
        size[i] = choose_size(c);
        most[i] = choose(c, 4) ? size[i] : H5S_UNLIMITED;
    }
    hid_t type = choose_type(c, &foreign);
    hid_t space = H5Screate_simple(rank, size, most);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    made layout = choose_layout(c, creation, rank, space);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (set >= 0 && layout.writable && H5Tget_size(type) <= 8 &&
        is_small(size, rank, MAX_WRITTEN / 8) && choose(c, 4))
        H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
    if (set >= 0)
        H5Dclose(set);
    H5Pclose(creation);
    if (space >= 0)
        H5Sclose(space);
    return layout.hostile || foreign;
}

/* 1 when a file with what was chosen under this name must be refused. */
static int make_member(choices *c, hid_t file, const char *name, int rank)
{
    switch (choose(c, 16)) {
    case 0:
        return H5Lcreate_soft("/test/images", file, name, H5P_DEFAULT, H5P_DEFAULT) >= 0;
    case 1:
        return H5Lcreate_external("/proc/nowhere/outside", "/x", file, name, H5P_DEFAULT,
                                  H5P_DEFAULT) >= 0;
    case 2:
        H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        return 1;
    case 3:
        return 0;
    default:
        return make_dataset(c, file, name, rank);
    }
}

/* Writes a file into memory; 1 when it must be refused. */
static int make_container(choices *c)
{
    const char *const names[] = {"/train/images", "/train/labels", "/test/images", "/test/labels"};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 1 << 16, 0);
    if (choose(c, 2))
        H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    hid_t file = H5Fcreate("fuzz", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    md_fuzz_require(file >= 0);
    H5Gclose(H5Gcreate2(file, "/train", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    int test = choose(c, 4) > 0, hostile = 0;
    if (test)
        H5Gclose(H5Gcreate2(file, "/test", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    for (int i = 0; i < (test ? 4 : 2); i++)
        hostile |= make_member(c, file, names[i], i % 2 ? 1 : 3);
    H5Fflush(file, H5F_SCOPE_GLOBAL);
    ssize_t size = H5Fget_file_image(file, NULL, 0);
    void *image = size > 0 ? malloc((size_t)size) : NULL;
    md_fuzz_require(image && H5Fget_file_image(file, image, (size_t)size) == size);
    md_fuzz_fill(&container, image, (size_t)size);
    free(image);
    H5Fclose(file);
    H5Pclose(access);
    return hostile;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices c = {data, size};
    char path[TEST_PATH];
    md_fixture_data loaded;
    md_error err = {0};
    int hostile = make_container(&c);
    md_status status = md_fixture_load(test_path(folder, "data.h5", path), &loaded, &err);
    md_fuzz_require_outcome(status, &err, MD_BAD_DATA);
    md_fuzz_require(!hostile || status != MD_OK);
    md_fuzz_require(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
    md_fixture_free(&loaded);
    return 0;
}
