/* What a process inherits or hands on without being asked: standard streams and signals.
 * Local. */
#ifndef MNIST_DIST_APP_PROCESS_H
#define MNIST_DIST_APP_PROCESS_H

#include <spawn.h>

/* Before anything is opened. Standard streams that were closed become /dev/null, where reading
 * finds an end and writing fails: else the next file to be opened would take their place, and
 * receive what is printed. A reader that went away and a limit on file sizes become errors of
 * write() instead of signals that end the process: a run goes on when nobody listens, and a save
 * that fails is repeated. */
void md_process_settle(void);

/* Was SIGHUP ignored when the process began, as under nohup? Since then a library may have set a
 * handler of its own. */
int md_process_ignores_hangup(void);

/* posix_spawnp with the signals as they would be without md_process_settle. `apart`: out of reach
 * of the terminal's signals, which the caller hands on. 0 or an errno value. */
int md_process_spawn(pid_t *pid, const posix_spawn_file_actions_t *actions, char *const argv[],
                     char *const environment[], int apart);

/* Has the reader of this pipe gone away? */
int md_process_unheard(int fd);

#endif
