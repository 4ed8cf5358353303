/* What --json prints: the report that the emitter wrote, with what only a built program knows. */
#ifndef ADZE_COMMANDS_REPORT_H
#define ADZE_COMMANDS_REPORT_H

#include "commands/build.h"

#include <jansson.h>

/* Before anything else uses jansson: its allocations end the program as adze's own do, instead of leaving keys out. */
void report_init(void);
/* NAME.json of a generated folder; NULL after reporting. */
json_t *report_read(Command *c, const char *folder, const char *name);
/* Adds sizes, stack, and instructions or seconds to root's `total`. */
void report_measured(json_t *root, const ProgramSizes *s, const RunResult *r);
/* Adds code_bytes, weight_bytes, data_bytes and library_bytes (docs/report.md). */
void report_sizes(json_t *total, const ProgramSizes *s);
size_t report_library_bytes(const ProgramSizes *s);
/* The text to print, in the arena; frees root. Reals have 17 digits and a point in every locale. */
const char *report_dump(Arena *a, json_t *root);
/* Prints and frees it. */
void report_print(json_t *root);
/* A string, or null for a name that is not UTF-8. */
json_t *report_text(const char *text);

#endif
