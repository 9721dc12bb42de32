/* Another program that uses the installed trainer: prints the default model's parameter count. */
#include <stdio.h>

#include <mnist_dist/config/config.h>
#include <mnist_dist/nn/model.h>
#include <mnist_dist/version.h>

int main(void)
{
    md_error err;
    md_model *model = NULL;
    md_config config = md_config_default();
    config.model.rows = config.model.columns = 28;
    if (md_model_create(&config.model, 32, md_kernels_get(), &model, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("mnist_dist %s: %zu parameters\n", MD_VERSION, md_model_layout(model)->parameters);
    md_model_destroy(&model);
    return 0;
}
