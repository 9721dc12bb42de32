/* Any text as Keras' description of a model: refused with one line, or accepted and then written
 * and read back without a difference. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/keras/keras.h"

static void require(int truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    md_error err = {0};
    md_model_spec spec, again;
    char *text = strndup((const char *)data, size);
    md_status status = md_keras_config_read(text, &spec, &err);
    require(status == MD_OK || status == MD_BAD_CHECKPOINT);
    require(!status || (err.text[0] && !strpbrk(err.text, "\n\x1b")));
    free(text);
    if (status)
        return 0;
    require(md_model_spec_check(&spec, NULL) == MD_OK);
    text = md_keras_config_write(&spec, NULL);
    require(text && md_keras_config_read(text, &again, &err) == MD_OK);
    require(md_model_spec_equal(&spec, &again));
    for (int i = 0; i < spec.layer_count; i++)
        require(strcmp(spec.layers[i].name, again.layers[i].name) == 0);
    free(text);
    return 0;
}
