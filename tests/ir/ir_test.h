/* What the tests of ir/ share: reading and printing texts, and comparing graphs. */
#ifndef ADZE_TESTS_IR_TEST_H
#define ADZE_TESTS_IR_TEST_H

#include "ir/graph.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static inline Graph *read_text(Arena *a, const char *text)
{
    Diag *d = diag_new(a);
    Graph *g = graph_read(a, d, text, strlen(text), "test");
    ck_assert_msg(g != NULL, "%s\nin:\n%s", d->messages.count ? d->messages.items[0].text : "no message", text);
    ck_assert_uint_eq(d->error_count, 0);
    return g;
}

static inline const char *print_text(Arena *a, const Graph *g)
{
    Buf b = {0};
    graph_print(g, &b);
    const char *text = arena_strdup(a, buf_text(&b));
    buf_free(&b);
    return text;
}

static inline void assert_sound(Arena *a, const Graph *g)
{
    Diag *d = diag_new(a);
    ck_assert_msg(graph_check(g, d, "test"), "%s", d->messages.count ? d->messages.items[0].text : "no message");
    ck_assert_uint_eq(d->error_count, 0);
}

static inline Value *value_named(const Graph *g, const char *name)
{
    for (size_t i = 0; i < g->values.count; i++)
        if (strcmp(g->values.items[i]->name, name) == 0)
            return g->values.items[i];
    ck_abort_msg("no value %s", name);
    return NULL;
}

static inline Node *node_of(const Graph *g, const char *output)
{
    return value_named(g, output)->producer;
}

static inline int run_suite(Suite *s)
{
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
