/* Calling a row of kernels.def by its function's name, and seeing in the end that no row was left out. */
#ifndef ADZE_TESTS_KERNEL_CALL_H
#define ADZE_TESTS_KERNEL_CALL_H

#include "ops/run.h"

#include "adze.h"

#include <check.h>
#include <string.h>

static bool called[2000]; /* by row; Check runs without fork, so that it survives a test */

static inline void call_kernel(const char *function, const void *params, const void *const *in, void *const *out)
{
    for (size_t i = 0; i < kernel_count; i++) {
        if (strcmp(kernels[i].function, function) != 0)
            continue;
        ck_assert_uint_lt(i, sizeof called);
        called[i] = true;
        ck_assert(kernel_runs_here(&kernels[i]));
        ck_assert_ptr_null(kernels[i].scratch);
        kernels[i].run(params, in, out, NULL);
        return;
    }
    ck_abort_msg("no row %s", function);
}

static inline void call_1(const char *function, const void *params, const void *x, void *y)
{
    const void *in[] = {x};
    void *out[] = {y};
    call_kernel(function, params, in, out);
}

static inline void call_2(const char *function, const void *params, const void *a, const void *b, void *y)
{
    const void *in[] = {a, b};
    void *out[] = {y};
    call_kernel(function, params, in, out);
}

static inline void call_3(const char *function, const void *params, const void *a, const void *b, const void *c,
                          void *y)
{
    const void *in[] = {a, b, c};
    void *out[] = {y};
    call_kernel(function, params, in, out);
}

/* Every ref row of this kind was called. */
static inline void ck_assert_all_called(Kind kind)
{
    for (size_t i = 0; i < kernel_count; i++)
        if (kernels[i].kind == kind && strcmp(kernels[i].set, "ref") == 0)
            ck_assert_msg(called[i], "%s has no test", kernels[i].function);
}

#define ck_assert_floats(got, want, count, tolerance)                                                                  \
    do {                                                                                                               \
        for (int i_ = 0; i_ < (count); i_++)                                                                           \
            ck_assert_msg((want)[i_] == (got)[i_] ||                                                                   \
                              fabs((double)(got)[i_] - (double)(want)[i_]) <=                                          \
                                  (tolerance) * (1.0 + fabs((double)(want)[i_])) ||                                    \
                              ((want)[i_] != (want)[i_] && (got)[i_] != (got)[i_]),                                    \
                          "element %d: %.9g, not %.9g", i_, (double)(got)[i_], (double)(want)[i_]);                    \
    } while (0)

#endif
