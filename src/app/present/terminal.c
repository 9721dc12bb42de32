#include "terminal.h"

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mnist_dist/base/parse.h"
#include "process/launched.h"

enum { NARROWEST = 20, USUAL_ROWS = 24 };

/* Is the parent one of the programs that pass a rank's output on to their own? */
static int parent_forwards(void)
{
    static const char *const launchers[] = {"mpirun", "mpiexec", "orterun", "prterun"};
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int)getppid());
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (!fgets(name, sizeof name, file))
        name[0] = '\0';
    fclose(file);
    name[strcspn(name, "\n")] = '\0';
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (strcmp(name, launchers[i]) == 0)
            return 1;
    return 0;
}

/* A descriptor of the terminal behind `stream`, to be closed, or -1 when there is none. */
static int open_terminal(FILE *stream)
{
    int fd = fileno(stream);
    if (!md_launched())
        return isatty(fd) ? dup(fd) : -1;
    if (!parent_forwards())
        return -1;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), fd);
    int opened = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (opened >= 0 && !isatty(opened)) {
        close(opened);
        opened = -1;
    }
    return opened;
}

static void measure(int fd, md_terminal *terminal)
{
    struct winsize size = {0};
    int64_t columns = MD_TEXT_COLUMNS;
    const char *text = getenv("COLUMNS");
    if (fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    else if (text)
        md_parse_i64(text, NARROWEST, 1000, &columns);
    terminal->columns = columns < NARROWEST ? NARROWEST : (int)columns;
    terminal->rows = size.ws_row > 0 ? size.ws_row : USUAL_ROWS;
}

/* The characters only: numbers keep their decimal point. */
static int locale_is_utf8(void)
{
    setlocale(LC_CTYPE, "");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static int colours_wanted(void)
{
    const char *none = getenv("NO_COLOR"), *kind = getenv("TERM");
    return !(none && *none) && kind && strcmp(kind, "dumb") != 0;
}

md_terminal md_terminal_detect(FILE *stream)
{
    int fd = open_terminal(stream);
    md_terminal terminal = {
        .interactive = fd >= 0, .colour = fd >= 0 && colours_wanted(), .utf8 = locale_is_utf8()};
    measure(fd, &terminal);
    if (fd >= 0)
        close(fd);
    return terminal;
}

int md_terminal_text_columns(const md_terminal *terminal)
{
    return terminal->columns < MD_TEXT_COLUMNS ? terminal->columns : MD_TEXT_COLUMNS;
}

void md_terminal_colour(const md_terminal *terminal, FILE *out, md_colour colour)
{
    static const char *const codes[] = {"0",    "0;38;5;33", "0;38;5;208", "0;31",
                                        "0;32", "0;2",       "0;1"};
    if (terminal->colour)
        fprintf(out, "\033[%sm", codes[colour]);
}

void md_terminal_bar(const md_terminal *terminal, FILE *out, double share, int width, int track)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double cells = fmin(fmax(share, 0), 1) * width;
    int whole = (int)cells, rest = terminal->utf8 ? (int)((cells - whole) * 8) : 0;
    for (int i = 0; i < whole; i++)
        fputs(terminal->utf8 ? "█" : "#", out);
    fputs(eighths[rest], out);
    for (int i = whole + (rest > 0); track && i < width; i++)
        fputs(terminal->utf8 ? "░" : ".", out);
}
