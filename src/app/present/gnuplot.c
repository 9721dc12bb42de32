#include "gnuplot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist_dist/base/files.h"
#include "mnist_dist/base/whole_file.h"
#include "process/process.h"

struct md_gnuplot {
    FILE *script;
    char *path;
};

/* The terminals with fonts that exist everywhere; none reads escapes in text. */
static const struct {
    const char *ending, *terminal;
} formats[] = {
    {".png", "set terminal pngcairo noenhanced size %d,%d font 'sans,11'\n"},
    {".svg", "set terminal svg noenhanced size %d,%d font 'sans,13' background 'white'\n"},
    {".pdf", "set terminal pdfcairo noenhanced size %d/96.,%d/96. font 'sans,11'\n"},
};

static const char *terminal_for(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < sizeof formats / sizeof *formats; i++)
        if (strcasecmp(ending, formats[i].ending) == 0)
            return formats[i].terminal;
    return NULL;
}

static md_status refuse_ending(const char *path, md_error *err)
{
    return md_fail(err, MD_USAGE, "%s: pictures end in .png, .svg or .pdf", path);
}

error_t md_option_picture(const char *path, const char **out, md_error *err)
{
    *out = path;
    return terminal_for(path) || !refuse_ending(path, err) ? 0 : EINVAL;
}

md_status md_gnuplot_open(const char *path, int width, int height, md_gnuplot **out, md_error *err)
{
    *out = NULL;
    const char *terminal = terminal_for(path);
    if (!terminal)
        return refuse_ending(path, err);
    md_gnuplot *plot = calloc(1, sizeof *plot);
    if (!plot)
        return md_fail_memory(err, "a picture", sizeof *plot);
    plot->path = strdup(path);
    /* A file rather than a pipe: gnuplot may die early, and its own reason is the one to tell. */
    plot->script = tmpfile();
    if (!plot->path || !plot->script) {
        const int reason = errno;
        md_gnuplot_close(&plot);
        return md_fail(err, MD_FAILED, "%s: no temporary file for the script: %s; %s", path,
                       strerror(reason), md_files_cure(reason));
    }
    fprintf(plot->script, "set encoding utf8\n");
    fprintf(plot->script, terminal, width, height);
    *out = plot;
    return MD_OK;
}

FILE *md_gnuplot_script(md_gnuplot *plot)
{
    return plot->script;
}

void md_gnuplot_quote(FILE *script, const char *text)
{
    fputc('\'', script);
    for (; *text; text++)
        if (*text == '\'')
            fputs("''", script);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, script);
    fputc('\'', script);
}

/* Starts gnuplot and waits: the script on stdin, the picture from stdout, complaints to `errors`.
 * 0, or an errno value; *code receives what waitpid says. */
static int run_gnuplot(int script, int picture, int errors, int *code)
{
    char *const argv[] = {"gnuplot", "--default-settings", NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, picture, STDOUT_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (!failed)
        failed = md_process_spawn(&pid, &actions, argv, environ, 0);
    posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return failed;
    while (waitpid(pid, code, 0) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/* The first line of gnuplot's complaint that says something. */
static void first_complaint(FILE *errors, char *out, size_t size)
{
    rewind(errors);
    while (fgets(out, (int)size, errors)) {
        out[strcspn(out, "\n")] = '\0';
        if (strspn(out, " ^\t") < strlen(out))
            return;
    }
    snprintf(out, size, "no reason given");
}

static md_status draw(md_gnuplot *plot, int picture, md_error *err)
{
    FILE *errors = tmpfile();
    if (!errors || fflush(plot->script) || lseek(fileno(plot->script), 0, SEEK_SET) < 0) {
        md_status status = md_fail(err, MD_FAILED, "%s: the script cannot be written: %s; %s",
                                   plot->path, strerror(errno), md_files_cure(errno));
        if (errors)
            fclose(errors);
        return status;
    }
    md_status status = MD_OK;
    int code = 0;
    int failed = run_gnuplot(fileno(plot->script), picture, fileno(errors), &code);
    struct stat made;
    if (failed == ENOENT)
        status =
            md_fail(err, MD_FAILED,
                    "%s: gnuplot is not installed; try: apt-get install gnuplot-nox", plot->path);
    else if (failed)
        status = md_fail(err, MD_FAILED, "%s: gnuplot cannot be started: %s; %s", plot->path,
                         strerror(failed), md_files_cure(failed));
    else if (code || fstat(picture, &made) || made.st_size == 0) {
        char words[256];
        first_complaint(errors, words, sizeof words);
        status = md_fail(err, MD_FAILED, "%s: gnuplot failed: %s", plot->path, words);
    }
    fclose(errors);
    return status;
}

md_status md_gnuplot_finish(md_gnuplot *plot, md_error *err)
{
    md_whole_file picture;
    md_status status = md_whole_file_open(plot->path, &picture, err);
    if (!status)
        status = draw(plot, picture.fd, err);
    if (!status)
        status = md_whole_file_commit(&picture, err);
    md_whole_file_drop(&picture);
    return status;
}

void md_gnuplot_close(md_gnuplot **plot)
{
    md_gnuplot *p = *plot;
    if (!p)
        return;
    if (p->script)
        fclose(p->script);
    free(p->path);
    free(p);
    *plot = NULL;
}
