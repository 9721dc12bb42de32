/* Any text as a configuration: refused with a message, or accepted and then written, read back and
 * resumed from without a difference. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/config/config.h"

static void require(int truth)
{
    if (!truth)
        abort();
}

static void require_message(const md_error *err, md_status status)
{
    require(err->status == status && err->text[0] && !strchr(err->text, '\n'));
}

static void write_and_read_back(const md_config *config)
{
    md_config again = md_config_default();
    char *text = md_config_write(config);
    require(text != NULL);
    require(md_config_parse(&again, text, "again", NULL) == MD_OK);
    char *second = md_config_write(&again);
    require(second && strcmp(text, second) == 0);
    require(md_config_check_resume(config, &again, 1, NULL) == MD_OK);
    free(text);
    free(second);
}

static void try_text(const char *text)
{
    md_config config = md_config_default();
    md_error err = {0};
    md_status status = md_config_parse(&config, text, "x.yaml", &err);
    if (status)
        require_message(&err, status);
    else
        write_and_read_back(&config);
    err = (md_error){0};
    status = md_config_check(&config, &err);
    if (status)
        require_message(&err, status);
}

static void try_assignment(const char *text)
{
    md_config config = md_config_default();
    md_error err = {0};
    md_status status = md_config_set(&config, text, &err);
    if (status)
        require_message(&err, status);
    else
        write_and_read_back(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    try_text(text);
    try_assignment(text);
    free(text);
    return 0;
}
