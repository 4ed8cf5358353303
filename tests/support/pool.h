/* Jobs in child processes, one a core at a time. Check runs its tests one behind the other; a test of many programs
 * has them run by a pool first, and then asks for each whether it went well:
 *
 *     static JobResult *results; // in main: results = pool_run(keep, count, job);
 *     START_TEST(each) { ck_assert_msg(results[_i].ok, "%s", results[_i].said); } */
#ifndef ADZE_TESTS_POOL_H
#define ADZE_TESTS_POOL_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct {
    bool ok;          /* the job returned true; a crash or more than 300 s are false */
    const char *said; /* what it printed; lines "skipped: ..." are printed at once */
} JobResult;

/* job(i, slot): i below count; no two jobs of one slot run at once, and slots are below POOL_SLOTS, so that jobs can
 * keep things in folders by slot. Whatever the job puts into an arena is its own process's. */
enum { POOL_SLOTS = 8 };
JobResult *pool_run(Arena *keep, size_t count, bool (*job)(size_t i, int slot));

#endif
