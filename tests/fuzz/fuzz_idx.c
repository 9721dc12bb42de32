/* A folder of two IDX files, plain or gzip: refused with a message, or what was read survives the
 * store. The input is the size of the labels file, that file, and the images file. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "fuzz_file.h"
#include "mnist_dist/data/store.h"

static md_fuzz_file images, labels;
static char folder[TEST_PATH];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    images = md_fuzz_create();
    labels = md_fuzz_create();
    md_fuzz_folder(folder);
    md_fuzz_name(&images, folder, "train-images-idx3-ubyte");
    md_fuzz_name(&labels, folder, "train-labels-idx1-ubyte");
    return 0;
}

static void store_and_take_out(md_fixture_data *data)
{
    md_store_header plan;
    size_t features = data->shape.rows * data->shape.columns;
    md_fuzz_require(md_store_plan(&data->samples, MD_STORAGE_AUTO, &plan, NULL) == MD_OK);
    void *block = aligned_alloc(64, plan.bytes);
    uint8_t *image = malloc(features);
    md_fuzz_require(block && image);
    md_store_fill(&plan, &data->samples, block);
    md_store store = md_store_view(block);
    for (size_t i = 0; i < data->shape.images[0]; i++) {
        md_store_image(&store, MD_SPLIT_TRAIN, i, image);
        md_fuzz_require(memcmp(image, data->images[0] + i * features, features) == 0);
    }
    free(image);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t label_size = data[0] < size ? data[0] : size - 1;
    md_fuzz_fill(&labels, data + 1, label_size);
    md_fuzz_fill(&images, data + 1 + label_size, size - 1 - label_size);
    md_fixture_data loaded;
    md_error err = {0};
    md_status status = md_fixture_load(folder, &loaded, &err);
    md_fuzz_require_outcome(status, &err, MD_BAD_DATA);
    if (status == MD_OK)
        store_and_take_out(&loaded);
    md_fixture_free(&loaded);
    return 0;
}
