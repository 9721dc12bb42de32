#include "place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/base/log.h"
#include "runner.h"

char place[TEST_PATH], place_said[8192];
int place_lines, place_held;
md_error place_err;

static void listen(md_log_level level, const char *line, void *context)
{
    (void)level;
    (void)context;
    size_t used = strlen(place_said);
    snprintf(place_said + used, sizeof place_said - used, "%s\n", line);
    place_lines++;
}

void place_begin(void)
{
    test_folder(place);
    place_said[0] = '\0';
    place_lines = 0;
    place_err = (md_error){0};
    md_log_set_sink(listen, NULL);
}

void place_end(void)
{
    md_log_set_sink(NULL, NULL);
    test_folder_remove(place);
}

md_folder *place_open(int keep)
{
    md_folder *folder;
    CU_ASSERT_EQUAL_FATAL(md_folder_open(place, keep, 5.0, NULL, &folder, &place_err), MD_OK);
    return folder;
}

md_checkpoint *place_checkpoint(int64_t step)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 1);
    c->at.step = c->at.iterations = step + 107;
    return c;
}

md_status place_save(md_folder *folder, int64_t step, int best)
{
    md_checkpoint *c = place_checkpoint(step);
    md_status status = md_folder_save(folder, c, best ? &place_held : NULL, &place_err);
    md_checkpoint_destroy(&c);
    return status;
}

md_folder *place_two_saves(void)
{
    md_folder *folder = place_open(2);
    CU_ASSERT_EQUAL(place_save(folder, 1, 1), MD_OK);
    CU_ASSERT_EQUAL(place_save(folder, 2, 0), MD_OK);
    return folder;
}

int64_t place_step(const char *name)
{
    char path[TEST_PATH];
    md_checkpoint *c;
    if (access(test_path(place, name, path), F_OK) != 0)
        return -1;
    if (md_checkpoint_read(path, &c, NULL))
        return -2;
    int64_t step = c->at.step - 107;
    md_checkpoint_destroy(&c);
    return step;
}

ino_t place_inode(const char *name)
{
    char path[TEST_PATH];
    struct stat info;
    return stat(test_path(place, name, path), &info) == 0 ? info.st_ino : 0;
}

int place_has(const char *name)
{
    return place_inode(name) != 0;
}

int place_is_clean(void)
{
    return fixture_run("test -z \"$(ls -A '%s' | grep '^.saving')\"", place) == 0;
}

void place_damage(const char *name)
{
    CU_ASSERT_EQUAL(fixture_run("truncate -s -100 '%s/%s'", place, name), 0);
}
