/* Offsets and order: instances whose best answer is known. */
#include "lower/lower.h"
#include "lower/offsets.h"
#include "passes/passes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT = 16, STEPS = 24, HEIGHT = 40 };

typedef struct {
    Buffer buffer[64];
    size_t count;
} Instance;

/* Cuts a rectangle (steps by bytes) into pieces without waste: what is cut fits into the whole. */
static void cut(Instance *in, int first, int last, int low, int high, int pieces)
{
    bool by_time = rand() % 2 && last > first;
    if (pieces <= 1 || (!by_time && high - low < 2)) {
        int id = (int)in->count;
        in->buffer[in->count++] = (Buffer){(size_t)(high - low) * UNIT, 0, first, last, id, NULL, -1, 0};
    } else if (by_time) {
        int at = first + rand() % (last - first);
        cut(in, first, at, low, high, pieces / 2);
        cut(in, at + 1, last, low, high, pieces - pieces / 2);
    } else {
        int at = low + 1 + rand() % (high - low - 1);
        cut(in, first, last, low, at, pieces / 2);
        cut(in, first, last, at, high, pieces - pieces / 2);
    }
}

static void check_apart(const Instance *in, size_t capacity)
{
    for (size_t i = 0; i < in->count; i++) {
        const Buffer *a = &in->buffer[i];
        ck_assert_uint_le(a->offset + a->bytes, capacity);
        for (size_t k = 0; k < i; k++) {
            const Buffer *b = &in->buffer[k];
            bool together = a->first <= b->last && b->first <= a->last;
            ck_assert(!together || a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset);
        }
    }
}

START_TEST(exact_finds_a_packing_without_waste)
{
    Arena *a = arena_new();
    Instance in = {.count = 0};
    srand((unsigned)_i);
    cut(&in, 0, STEPS - 1, 0, HEIGHT, 14);
    bool proved;
    ck_assert_uint_eq(buffers_bound(in.buffer, in.count, STEPS), HEIGHT * UNIT);
    ck_assert(offsets_exact(a, in.buffer, in.count, STEPS, HEIGHT * UNIT, 1000000, &proved));
    check_apart(&in, HEIGHT * UNIT);
    arena_free(a);
}
END_TEST

START_TEST(exact_proves_that_less_is_impossible)
{
    Arena *a = arena_new();
    Instance in = {.count = 0};
    srand((unsigned)_i);
    cut(&in, 0, STEPS - 1, 0, HEIGHT, 6);
    bool proved = false;
    ck_assert(!offsets_exact(a, in.buffer, in.count, STEPS, HEIGHT * UNIT - 1, 1000000, &proved));
    ck_assert(proved);
    arena_free(a);
}
END_TEST

START_TEST(greedy_packing_is_sound)
{
    Arena *a = arena_new();
    Instance in = {.count = 0};
    srand((unsigned)_i);
    cut(&in, 0, STEPS - 1, 0, HEIGHT, 30);
    check_apart(&in, offsets_greedy(a, in.buffer, in.count));
    arena_free(a);
}
END_TEST

/* Two branches that widen x (expand) and narrow it again: done one after the other they need one wide buffer at a time,
 * done side by side, as the text has them, two. */
static const char branches[] = "graph \"branches\" {\n"
                               "  input %x: f32[1,64]\n"
                               "  const %wide: i64[2] = [16, 64]\n"
                               "  %a = Expand(%x, %wide)\n"
                               "  %b = Expand(%x, %wide)\n"
                               "  %c = Exp(%a)\n"
                               "  %d = Exp(%b)\n"
                               "  %e = ReduceMax(%c) {axes=[0]}\n"
                               "  %f = ReduceMax(%d) {axes=[0]}\n"
                               "  %y = Mul(%e, %f)\n"
                               "  output %y\n}\n";

START_TEST(order_finishes_one_branch_first)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    Graph *g = graph_read(a, d, branches, strlen(branches), "branches");
    PassContext pc = {.diag = d, .scratch = arena_new(), .disabled = (const char *const[]){"canonicalise", NULL}};
    Target t;
    ck_assert(g && target_load(a, d, "rv32imc", &t));
    ops_bind(g);
    bool ok = pass_run(&pc, g, pass_find("infer"));
    Plan *p = ok ? lower_graph(g, &t, d, pc.scratch) : NULL;
    diag_flush(d, stdout);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_le(p->arena_bytes, 16 * 64 * 4 + 4 * 64 * 4);
    arena_free(pc.scratch);
    arena_free(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lower: offsets and order");
    TCase *tc = tcase_create("offsets");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, exact_finds_a_packing_without_waste, 0, 60);
    tcase_add_loop_test(tc, exact_proves_that_less_is_impossible, 0, 20);
    tcase_add_loop_test(tc, greedy_packing_is_sound, 0, 20);
    tcase_add_test(tc, order_finishes_one_branch_first);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
