/* Runs a command without a shell, with its output captured. */
#ifndef ADZE_TARGET_SPAWN_H
#define ADZE_TARGET_SPAWN_H

#include "base/arena.h"
#include "target/target.h"

#include <stdbool.h>

typedef enum {
    SPAWN_EXITED,  /* status says how */
    SPAWN_MISSING, /* there is no such command */
    SPAWN_FAILED,  /* it could not be started; error is an errno */
    SPAWN_SIGNAL,  /* ended by a signal */
    SPAWN_TIMEOUT, /* ended by us, with all processes that it started */
    SPAWN_FLOOD    /* the same, for endless output */
} SpawnEnd;

typedef struct {
    SpawnEnd end;
    int status, signal, error;
    const char *output; /* stdout and stderr, at most SPAWN_MAX_OUTPUT bytes, in the arena */
    double seconds;
} SpawnResult;

enum { SPAWN_MAX_OUTPUT = 1 << 20 };

/* dir: the folder to run in, or NULL. stdin is /dev/null. */
SpawnResult spawn_run(Arena *a, const StringList *command, const char *dir, double timeout_seconds);
/* "qemu-system-arm ended with status 1" and the like; "" when it went well (SPAWN_EXITED with status 0). */
const char *spawn_text(Arena *a, const StringList *command, const SpawnResult *r);

#endif
