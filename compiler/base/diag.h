/* Diagnostics: collected, so that a user sees everything at once; written to stderr in order by diag_flush.
 * Form: `adze: error: kws.onnx: node 'conv1' (Conv): what was found; supported: ...; hint: what to do`.
 * Names from a model are quoted with diag_quote, so that control characters never reach a terminal. */
#ifndef ADZE_BASE_DIAG_H
#define ADZE_BASE_DIAG_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdio.h>

typedef enum { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR } Severity;

/* Exit statuses of the commands; a diagnostic carries the one it leads to. */
enum { EXIT_DONE = 0, EXIT_INPUT = 1, EXIT_USAGE = 2, EXIT_DIFFERS = 3, EXIT_BUDGET = 4, EXIT_TOOL = 5 };

typedef struct {
    Severity severity;
    const char *text;
} Message;

typedef struct Diag {
    Arena *arena;
    const char *file; /* named in front of each message; may be NULL; the reader of a file sets it */
    ARRAY(Message) messages;
    ARRAY(const char *) files; /* that io_map read, in order: what a --depfile names */
    size_t error_count;
    size_t flushed;
} Diag;

Diag *diag_new(Arena *a);
/* The text without "adze: error:" and file name, no newline at its end. Returns false, so that
 * `return diag_error(d, ...)` ends a function that answers whether it worked. */
bool diag_error(Diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diag_warning(Diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diag_note(Diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 'name' in quotes, control characters and non-UTF-8 bytes as \xNN, cut at 200 bytes. */
const char *diag_quote(Arena *a, const char *name);
/* Writes what has not been written yet; more than 100 errors are summed up in one line. On a terminal "error" and
 * "warning" are coloured, unless NO_COLOR is set. */
void diag_flush(Diag *d, FILE *out);

#endif
