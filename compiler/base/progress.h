/* Progress on a terminal: after a second of work one line on stderr says what is being done, until progress_end.
 * Nothing at all when stderr is no terminal. */
#ifndef ADZE_BASE_PROGRESS_H
#define ADZE_BASE_PROGRESS_H

/* What is being done from now on: "building for cortex-m4". Control characters become '?'. */
void progress_phase(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Erases the line; before anything else is printed. */
void progress_end(void);

#endif
