#include "screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { PAGE_BYTES = 1 << 16 };

/* A signal handler can reach nothing but what is static. */
static volatile sig_atomic_t leaving;

static void leave(int number)
{
    leaving |= number != SIGWINCH;
}

/* Without SA_RESTART, so that each of them ends a wait. */
static void catch_signals(void (*handler)(int))
{
    const struct sigaction action = {.sa_handler = handler};
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

/* A process in the background must leave the keyboard to others. */
static int take_keys(struct termios *usual)
{
    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
        tcgetattr(STDIN_FILENO, usual) != 0)
        return 0;
    struct termios raw = *usual;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* The other page, without a cursor (xterm's control sequences). */
void md_screen_open(md_screen *screen)
{
    leaving = 0;
    catch_signals(leave);
    setvbuf(stdout, NULL, _IOFBF, PAGE_BYTES);
    *screen = (md_screen){.open = 1};
    screen->keys = take_keys(&screen->usual);
    printf("\033[?1049h\033[?25l");
}

void md_screen_close(md_screen *screen)
{
    if (!screen->open)
        return;
    printf("\033[?25h\033[?1049l");
    fflush(stdout);
    if (screen->keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &screen->usual);
    catch_signals(SIG_DFL);
    screen->open = 0;
}

void md_screen_clear(void)
{
    printf("\033[H\033[J");
}

int md_screen_wait(const md_screen *screen, double seconds)
{
    struct pollfd keyboard = {.fd = screen->keys ? STDIN_FILENO : -1, .events = POLLIN};
    char key = 0;
    fflush(stdout);
    if (poll(&keyboard, 1, (int)(1000 * seconds)) > 0 && read(STDIN_FILENO, &key, 1) != 1)
        return 1;
    return leaving || key == 'q';
}
