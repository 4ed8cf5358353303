/* A golden folder: in<I>_<K>.npy, out<I>_<K>.npy and golden.json, which has the SHA-256 of every output's elements. */
#ifndef ADZE_COMMANDS_GOLDEN_H
#define ADZE_COMMANDS_GOLDEN_H

#include "commands/build.h"

#include <jansson.h>

typedef struct {
    size_t cases;
    const unsigned char *in, *out; /* as the program reads and writes them */
} GoldenCases;

/* What golden.json says. `target`: the one that the user wants; `b` has run the cases. */
json_t *golden_json(Command *c, const Build *b, const GoldenCases *g, const char *target);
/* The files of the cases. */
bool golden_write(Command *c, const Build *b, const GoldenCases *g, json_t *root, const char *dir);

/* Is there a golden.json? */
bool golden_exists(Command *c, const char *dir);
/* Are the vectors in `cases` those that golden.json was written with? Warns when the model is another one. */
bool golden_check(Command *c, const Compilation *comp, const char *dir, const CaseList *cases);

#endif
