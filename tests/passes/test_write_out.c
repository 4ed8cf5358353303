/* Operators that are written as others: what cannot be is refused by name. What they compute is judged by
 * tests/operators. */
#include "passes/passes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define X "input %x: f32[2,3,4]\n"
#define Y "input %y: f32[4,5]\n"
#define EINSUM(operands, equation) "%z = Einsum(" operands ") {equation=\"" equation "\"}"
#define END " name \"n\"\noutput %z\n"
#define SIGNAL "input %s: f32[1,64,1]\nconst %step: i64[] = [8]\nconst %w: f32[16] = fill(1)\n"

static const struct {
    const char *body, *wanted;
} refused[] = {
    {X Y EINSUM("%x, %y", "abc,cd,de->ae") END, "its equation is 'abc,cd,de->ae', for 2 operands"},
    {X Y EINSUM("%x, %y", "abc->ab") END, "for 2 operands"},
    {X Y EINSUM("%x", "ab->ba") END, "supported: one or two operands"},
    {X Y EINSUM("%x", "aab->b") END, "no label twice in an operand"},
    {X Y EINSUM("%x", "abc->abd") END, "its equation is"},
    {X Y EINSUM("%x, %y", "abc,bd->ad") END, "whose dimensions are equal where their labels are"},
    {X Y EINSUM("%x", "a1c->ac") END, "its equation is 'a1c->ac'"},
    {X "%z = LpNormalization(%x) {p=3}" END, "attribute 'p' is 3; supported: 1, 2"},
    {X "%z = LpNormalization(%x) {axis=3}" END, "its axis 3 lies outside of its 3 axes"},
    {X "%z = Hardmax(%x) {axis=-4}" END, "its axis -4 lies outside of its 3 axes"},
    {X "%z = LRN(%x) {size=0}" END, "its size is 0"},
    {X "input %k: i64[]\n%z = Trilu(%x, %k)" END, "k is not constant"},
    {X "%z = EyeLike(%x)" END, "its input has 3 axes; supported: 2"},
    {X "%z = com.microsoft.FusedConv(%x, %x) {activation=\"Swish\"}" END, "attribute 'activation' is 'Swish'"},
    {X "%z = com.microsoft.FusedMatMul(%x, %x) {transBatchA=1, transB=1}" END, "attribute 'transBatchA'"},
    {X "%z, %m = com.microsoft.SkipLayerNormalization(%x, %x, %x)" END "output %m\n",
     "its output 1 (mean or deviation)"},
    {X "%z = DFT(%x) {axis=1}" END, "its last axis has 4 elements"},
    {"const %n: i64[] = [-4]\n%z = HannWindow(%n)" END, "its size"},
    {"const %n: i64[] = [0]\n%z = HannWindow(%n)" END, "its size"},
    {SIGNAL "const %l: i64[] = [65]\n%z = STFT(%s, %step, _, %l)" END, "its frames are not supported"},
    {SIGNAL "const %l: i64[] = [8]\n%z = STFT(%s, %step, %w, %l)" END, "its frames are not supported"},
    {SIGNAL "const %zero: i64[] = [0]\n%z = STFT(%s, %zero, %w)" END, "its frames are not supported"},
};

START_TEST(refuses_by_name)
{
    Arena *keep = arena_new();
    Diag *d = diag_new(keep);
    const char *text =
        arena_printf(keep, "graph \"g\" opset \"\" 17 opset \"com.microsoft\" 1 {\n%s}\n", refused[_i].body);
    PassContext c = {.diag = d, .scratch = arena_new()};
    Graph *g = graph_read(keep, d, text, strlen(text), "text");
    ck_assert_msg(g != NULL, "not a graph: %s", refused[_i].body);
    ops_bind(g);
    bool ok = ops_check(g, d) && passes_run(&c, g);
    ck_assert_msg(!ok && d->error_count == 1, "%s: %zu errors", refused[_i].wanted, d->error_count);
    const char *message = d->messages.items[0].text;
    ck_assert_msg(strstr(message, refused[_i].wanted) && strstr(message, "'n'"), "%s: %s", refused[_i].wanted, message);
    arena_free(c.scratch);
    arena_free(keep);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("passes: write_out");
    TCase *tc = tcase_create("refused");
    tcase_add_loop_test(tc, refuses_by_name, 0, sizeof refused / sizeof *refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
