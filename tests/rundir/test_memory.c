/* Memory that runs out while a checkpoint is read or saved, in this program's code and in libhdf5:
 * said as such, and never taken for a damaged file. malloc is replaced for the whole process. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "runner.h"

/* The first layer's blocks and every copy of a whole file are larger. What libhdf5 has for its own
 * use is smaller: it crashes without that. */
enum { LARGE = 600000, UNITS = 256 };

static int large_left = -1; /* so many large blocks can still be had; negative: any number */

void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    if (size >= LARGE && large_left >= 0 && large_left-- == 0) {
        large_left = 0;
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

static void check_words(void)
{
    CU_ASSERT_EQUAL(place_err.status, MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "out of memory"));
    CU_ASSERT_PTR_NULL(strstr(place_err.text, "damaged"));
    CU_ASSERT_PTR_NULL(strstr(place_err.text, "earlier file"));
    CU_ASSERT_PTR_NULL(strstr(place_err.text, "--resume"));
}

static md_folder *place_large(md_checkpoint **c)
{
    md_model_spec model = md_notebook();
    model.layers[1].units = UNITS;
    md_folder *folder = place_open(2);
    *c = fixture_checkpoint(&model, 1);
    CU_ASSERT_EQUAL_FATAL(md_folder_save(folder, *c, NULL, &place_err), MD_OK);
    return folder;
}

static void reading_says_so(void)
{
    place_begin();
    md_checkpoint *c, *back;
    md_folder *folder = place_large(&c);
    char path[TEST_PATH];
    int blocks = 0;
    md_status status = MD_FAILED;
    for (; status; blocks++) {
        large_left = blocks;
        status = md_checkpoint_read(test_path(place, "last.h5", path), &back, &place_err);
        large_left = -1;
        CU_ASSERT_PTR_NULL(status ? back : NULL);
        if (status)
            check_words();
    }
    CU_ASSERT(blocks > 5);
    md_checkpoint_destroy(&back);
    md_checkpoint_destroy(&c);
    md_folder_close(&folder);
    place_end();
}

static void resuming_skips_no_file_for_it(void)
{
    place_begin();
    md_checkpoint *c, *back;
    md_folder *folder = place_large(&c);
    md_status status = MD_FAILED;
    for (int blocks = 0; status; blocks++) {
        large_left = blocks;
        status = md_folder_newest(folder, &back, NULL, 0, &place_err);
        large_left = -1;
        CU_ASSERT_PTR_NULL(status ? back : NULL);
        if (status)
            check_words();
    }
    CU_ASSERT_EQUAL(place_lines, 0);
    md_checkpoint_destroy(&back);
    md_checkpoint_destroy(&c);
    md_folder_close(&folder);
    place_end();
}

static void a_save_fails_for_it_and_leaves_the_old_files(void)
{
    place_begin();
    md_checkpoint *c;
    md_folder *folder = place_large(&c);
    const ino_t before = place_inode("last.h5");
    md_status status = MD_FAILED;
    for (int blocks = 0; status; blocks++) {
        large_left = blocks;
        status = md_folder_save(folder, c, NULL, &place_err);
        large_left = -1;
        if (!status)
            break;
        check_words();
        CU_ASSERT_EQUAL(place_inode("last.h5"), before);
        CU_ASSERT(place_is_clean());
    }
    CU_ASSERT_EQUAL(place_inode("last.prev.h5"), before);
    md_checkpoint_destroy(&c);
    md_folder_close(&folder);
    place_end();
}

const char md_suite[] = "rundir.memory";
CU_TestInfo md_tests[] = {
    {"reading says so", reading_says_so},
    {"resuming skips no file for it", resuming_skips_no_file_for_it},
    {"a save fails for it and leaves the old files", a_save_fails_for_it_and_leaves_the_old_files},
    CU_TEST_INFO_NULL};
