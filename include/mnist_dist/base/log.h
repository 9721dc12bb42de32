/* Where messages go. The library never prints: it hands each line to one sink, which the program
 * sets once at start-up. Local. Without a sink, messages are dropped, so tests stay quiet. */
#ifndef MNIST_DIST_BASE_LOG_H
#define MNIST_DIST_BASE_LOG_H

typedef enum md_log_level { MD_LOG_INFO, MD_LOG_WARNING } md_log_level;

typedef void (*md_log_sink)(md_log_level level, const char *line, void *context);

/* `context` is borrowed and handed to every call of `sink`. A rank that must stay silent (every
 * rank but 0, usually) sets no sink. */
void md_log_set_sink(md_log_sink sink, void *context);

/* One line without newline. md_info is for progress and notes, md_warn for what the user should
 * act on; --quiet hides the first, never the second. */
void md_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void md_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
