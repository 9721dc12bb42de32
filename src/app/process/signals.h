/* Signals as requests to stop: SIGTERM, SIGINT, SIGHUP (unless it is ignored, as under nohup),
 * SIGUSR1 and SIGUSR2 set one flag, which the trainer takes into its next reduction. A second
 * SIGINT exits at once, with a line from the first rank. Local. */
#ifndef MNIST_DIST_APP_SIGNALS_H
#define MNIST_DIST_APP_SIGNALS_H

#include "mnist_dist/train/stop.h"

/* Installs the handlers; the flag lives as long as the process. */
md_stop *md_signals_install(void);

/* From now on a second SIGINT is no more than the first: the process is about to end by itself. */
void md_signals_unhurried(void);

#endif
