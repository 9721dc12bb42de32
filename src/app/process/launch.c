#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launched.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/text.h"
#include "process.h"

enum { MAX_WORDS = 128, OUTPUT_SIZE = 8192 };

/* The words to start: launcher, its options, this program, its arguments. */
typedef struct words {
    const char *word[MAX_WORDS];
    char ranks[16], pmi[16], program[PATH_MAX];
    size_t count;
} words;

static void add_word(words *w, const char *word)
{
    if (w->count + 1 < MAX_WORDS)
        w->word[w->count++] = word;
}

static md_status compose(const md_launch *launch, words *w, md_error *err)
{
    *w = (words){0};
    ssize_t length = readlink("/proc/self/exe", w->program, sizeof w->program - 1);
    if (length < 0)
        return md_fail(err, MD_FAILED, "the program cannot find its own file (/proc/self/exe): %s",
                       strerror(errno));
    snprintf(w->ranks, sizeof w->ranks, "%d", launch->ranks);
    const char *chosen = getenv("MPIRUN");
    if (getenv("SLURM_JOB_ID") && !chosen) {
        add_word(w, "srun");
        snprintf(w->pmi, sizeof w->pmi, "--mpi=%s", md_launched_pmi());
        add_word(w, w->pmi);
        add_word(w, "-n");
    } else {
        add_word(w, chosen ? chosen : "mpirun");
        add_word(w, "-np");
    }
    add_word(w, w->ranks);
    add_word(w, w->program);
    for (const char *const *a = launch->arguments; *a; a++)
        add_word(w, *a);
    return MD_OK;
}

static int starts_with_any(const char *text, const char *const *beginnings)
{
    for (; *beginnings; beginnings++)
        if (strncmp(text, *beginnings, strlen(*beginnings)) == 0)
            return 1;
    return 0;
}

/* Open MPI would start a daemon for nothing, and give each process on the node a folder of the same
 * name, over which processes that start together stumble; Open MPI 5 leaves memory to share behind
 * in /dev/shm; and the look for fast networks takes 0.25 s of the 0.4 s of `mnist_dist --version`.
 */
static const char *const alone[] = {"OMPI_MCA_ess_singleton_isolated=1",
                                    "OMPI_MCA_orte_create_session_dirs=0", "OMPI_MCA_btl=self",
                                    "OMPI_MCA_pml=^ucx,cm", NULL};

void md_launch_alone(void)
{
    for (const char *const *setting = alone; *setting; setting++) {
        char name[64];
        const size_t length = strcspn(*setting, "=");
        snprintf(name, sizeof name, "%.*s", (int)length, *setting);
        setenv(name, *setting + length + 1, 0);
    }
}

static int is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return 1;
    return 0;
}

/* This process is itself an MPI rank; what MPI and md_launch_alone noted about it must not reach
 * the new one. The user's settings do. */
static int is_own_job(const char *variable)
{
    static const char *const noted[] = {"OMPI_MCA_ess", "OMPI_MCA_pmix", "OMPI_MCA_orte_", NULL};
    static const char *const settings[] = {"OMPI_MCA_", "OMPI_ALLOW_RUN_AS_ROOT", NULL};
    static const char *const own[] = {"OMPI_", "PMIX_", "ORTE_", "PMI_", NULL};
    if (starts_with_any(variable, settings))
        return starts_with_any(variable, noted) || is_one_of(variable, alone);
    return starts_with_any(variable, own);
}

/* A copy of the environment for the launcher; free() it. Ranks beyond the cores need settings. */
static const char **launch_environment(int ranks)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    const char **copy = calloc(count + 4, sizeof *copy);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_own_job(environ[i]))
            copy[kept++] = environ[i];
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0 && CPU_COUNT(&mask) < ranks) {
        copy[kept++] = "OMPI_MCA_rmaps_base_oversubscribe=1";
        copy[kept++] = "PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe"; /* Open MPI 5 */
        copy[kept++] = "OMPI_MCA_mpi_yield_when_idle=1";
    }
    return copy;
}

static md_status start(const md_launch *launch, const words *w, const char *log, int output,
                       pid_t *pid, md_error *err)
{
    const char **environment = launch_environment(launch->ranks);
    if (!environment)
        return md_fail_memory(err, "the environment", MAX_WORDS);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND,
                                     0666);
    int code =
        md_process_spawn(pid, &actions, (char *const *)w->word, (char *const *)environment, 1);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    if (code == 0)
        return MD_OK;
    char line[MD_ERROR_TEXT / 2] = "", quoted[MD_QUOTED_SIZE];
    for (size_t i = 0, used = 0; i < w->count && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " %s",
                                 md_text_quote(w->word[i], quoted));
    return md_fail(err, MD_FAILED, "%s cannot be started (%s); %s, or run by hand:%s", w->word[0],
                   strerror(code), md_files_cure(code), line);
}

/* Keeps the end of what the run prints, and stops the run when its time has come. Each signal is
 * sent once: a second SIGTERM makes mpirun leave its ranks behind. */
static void listen(const md_launch *launch, int input, pid_t pid, char *output)
{
    size_t used = 0;
    int stopped = launch->stop_when == NULL, ended = 0;
    struct pollfd watched = {.fd = input, .events = POLLIN};
    while (1) {
        int ready = poll(&watched, 1, 50);
        if (!ended && *launch->stop) {
            kill(pid, SIGTERM); /* what every launcher ends its ranks for */
            ended = 1;
        }
        if (!stopped && access(launch->stop_when, F_OK) == 0) {
            kill(pid, SIGUSR1); /* what every launcher hands on */
            stopped = 1;
        }
        if (ready <= 0)
            continue;
        if (used > OUTPUT_SIZE / 2) {
            memmove(output, output + OUTPUT_SIZE / 4, used - OUTPUT_SIZE / 4);
            used -= OUTPUT_SIZE / 4;
        }
        ssize_t got = read(input, output + used, OUTPUT_SIZE - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    output[used] = '\0';
}

static void find_last(const char *output, const char *wanted, char *line, size_t size)
{
    const char *last = NULL;
    for (const char *p = output; (p = strstr(p, wanted)); p++)
        last = p;
    line[0] = '\0';
    if (last)
        snprintf(line, size, "%.*s", (int)strcspn(last, "\n"), last);
}

static off_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_size : 0;
}

/* What the program itself said last, in the part of the log that this run has added. */
static void find_message(const char *log, off_t before, md_error *out)
{
    static const char mark[] = "mnist_dist: ", warning[] = "mnist_dist: warning: ";
    char line[MD_ERROR_TEXT + sizeof mark];
    FILE *in = fopen(log, "re");
    if (!in)
        return;
    if (fseeko(in, before, SEEK_SET) == 0)
        while (fgets(line, sizeof line, in))
            if (strncmp(line, mark, sizeof mark - 1) == 0 &&
                strncmp(line, warning, sizeof warning - 1) != 0)
                snprintf(out->text, sizeof out->text, "%.*s",
                         (int)strcspn(line + sizeof mark - 1, "\n"), line + sizeof mark - 1);
    fclose(in);
}

md_status md_launch_run(const md_launch *launch, const char *wanted, md_launch_end *end,
                        md_error *err)
{
    words w;
    int ends[2], code = 0;
    pid_t pid = -1;
    char output[OUTPUT_SIZE], log[PATH_MAX];
    *end = (md_launch_end){0};
    md_status status = compose(launch, &w, err);
    if (status)
        return status;
    status = md_folder_make(launch->log, err);
    if (status)
        return status;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return md_fail(err, MD_FAILED, "no pipe can be made: %s; %s", strerror(errno),
                       md_files_cure(errno));
    snprintf(log, sizeof log, "%s/launch.log", launch->log);
    const off_t before = size_of(log);
    status = start(launch, &w, log, ends[1], &pid, err);
    close(ends[1]);
    if (!status) {
        listen(launch, ends[0], pid, output);
        while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
            continue;
        end->code = WIFEXITED(code) ? WEXITSTATUS(code) : -1;
        find_last(output, wanted, end->line, sizeof end->line);
        find_message(log, before, &end->error);
    }
    close(ends[0]);
    return status;
}
