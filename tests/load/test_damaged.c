/* Damaged copies of a model: refused or loaded, but never a crash. */
#include "tests/load/bad.h"

/* One of everything, small enough that each byte can be changed. */
static Buf everything(void)
{
    Buf g = relu_graph(), n = node("If", "x", "z"), a = attr("then_branch", 5), branch = {0}, sparse = {0}, f = {0};
    int64_t index = 1;
    put_message(&branch, 1, node("Neg", "y", "i"));
    put_message(&branch, 12, value_info("i", 1, NULL));
    put_message(&a, 6, branch);
    put_message(&n, 5, a);
    a = attr("k", 7);
    put_int(&a, 8, 5);
    put_message(&n, 5, a);
    put_message(&g, 1, n);
    put_message(&g, 1, node("F", "x", "q"));
    put_message(&g, 5, raw_tensor("w", 1, "2", "12345678", 8));
    Buf t = tensor("v", 3, "2");
    put_int(&t, 5, 1);
    put_int(&t, 5, -1);
    put_message(&g, 5, t);
    put_message(&sparse, 1, raw_tensor("s", 1, "1", "1234", 4));
    put_message(&sparse, 2, raw_tensor("", 7, "1", &index, 8));
    put_int(&sparse, 3, 3);
    put_message(&g, 15, sparse);
    f = function("F", node("Neg", "a", "b"));
    Buf m = model(g);
    put_message(&m, 25, f);
    return m;
}

static void try_bytes(const Buf *b, size_t n)
{
    Loaded r = load_exact(b->data, n, NULL, NULL);
    ck_assert(r.graph || r.diag->error_count);
    if (r.graph)
        ck_assert_msg(graph_check(r.graph, r.diag, "load"), "%s", r.diag->messages.items[0].text);
    loaded_free(&r);
}

START_TEST(no_cut_copy_crashes)
{
    Buf b = everything();
    Loaded r = load_exact(b.data, b.length, NULL, NULL);
    ck_assert_ptr_nonnull(r.graph);
    loaded_free(&r);
    for (size_t n = 0; n < b.length; n++)
        try_bytes(&b, n);
    buf_free(&b);
}
END_TEST

START_TEST(no_changed_copy_crashes)
{
    static const unsigned char masks[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
    Buf b = everything();
    for (size_t i = 0; i < b.length; i++)
        for (size_t k = 0; k < sizeof masks; k++) {
            b.data[i] = (char)(b.data[i] ^ masks[k]);
            try_bytes(&b, b.length);
            b.data[i] = (char)(b.data[i] ^ masks[k]);
        }
    buf_free(&b);
}
END_TEST

/* Several bytes at once, by a linear congruential generator. */
START_TEST(no_scrambled_copy_crashes)
{
    uint32_t state = 1;
    Buf b = everything();
    for (int round = 0; round < 5000; round++) {
        Buf copy = {0};
        buf_write(&copy, b.data, b.length);
        for (int i = 0; i < 1 + round % 5; i++) {
            state = state * 1664525 + 1013904223;
            copy.data[(state >> 8) % copy.length] = (char)(state >> 24);
        }
        try_bytes(&copy, copy.length);
        buf_free(&copy);
    }
    buf_free(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("load: damaged models");
    TCase *c = tcase_create("bad");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, no_cut_copy_crashes);
    tcase_add_test(c, no_changed_copy_crashes);
    tcase_add_test(c, no_scrambled_copy_crashes);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
