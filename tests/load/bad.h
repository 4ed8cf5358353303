/* What the tests of refused models share. */
#ifndef TESTS_LOAD_BAD_H
#define TESTS_LOAD_BAD_H

#include "tests/load/model.h"

#include <check.h>

typedef struct {
    Buf (*build)(void);
    const char *says[3]; /* parts of the messages */
} BadCase;

/* x -> Relu -> y and what a case adds. */
static inline Buf relu_graph(void)
{
    Buf g = {0};
    put_message(&g, 1, node("Relu", "x", "y"));
    put_message(&g, 11, value_info("x", 1, "2,n"));
    put_message(&g, 12, value_info("y", 1, NULL));
    return g;
}

static inline Buf with_node(Buf n)
{
    Buf g = relu_graph();
    put_message(&g, 1, n);
    return model(g);
}

static inline Buf with_initializer(Buf t)
{
    Buf g = relu_graph();
    put_message(&g, 5, t);
    return model(g);
}

static inline Buf with_attr(Buf a)
{
    Buf n = node("Op", "x", "z");
    put_message(&n, 5, a);
    return with_node(n);
}

static inline Buf with_input(Buf info)
{
    Buf g = relu_graph();
    put_message(&g, 11, info);
    return model(g);
}

static inline Buf with_function(Buf f, Buf call)
{
    Buf m = with_node(call);
    put_message(&m, 25, f);
    return m;
}

static inline Buf function(const char *name, Buf body)
{
    Buf f = {0};
    put_text(&f, 1, name);
    put_names(&f, 4, "a");
    put_names(&f, 5, "b");
    put_message(&f, 7, body);
    put_message(&f, 9, opset("", 17));
    return f;
}

static inline void expect_refusal(const BadCase *c)
{
    Buf b = c->build();
    Loaded r = load_exact(b.data, b.length, NULL, NULL);
    buf_free(&b);
    ck_assert_ptr_null(r.graph);
    ck_assert_uint_ge(r.diag->error_count, 1);
    for (int i = 0; i < 3 && c->says[i]; i++)
        ck_assert_msg(mentions(r.diag, c->says[i]), "'%s' does not say '%s'", r.diag->messages.items[0].text,
                      c->says[i]);
    loaded_free(&r);
}

#endif
