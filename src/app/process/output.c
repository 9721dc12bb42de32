#include "output.h"

#include <string.h>

#include "mnist_dist/base/whole_file.h"

md_status md_output_print(const char *path, md_printer print, const void *context, md_error *err)
{
    if (strcmp(path, "-") != 0)
        return md_whole_file_print(path, print, context, err);
    print(context, stdout);
    return MD_OK;
}
