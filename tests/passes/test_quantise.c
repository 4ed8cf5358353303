/* Quantised graphs that must be refused, and what stays float with its reason. */
#include "passes/passes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;

static Graph *passed(const char *body, const char *stop_after, Diag *d, bool *ok)
{
    const char *text = arena_printf(keep, "graph \"g\" opset \"\" 21 opset \"com.microsoft\" 1 {\n%s}\n", body);
    PassContext c = {.diag = d, .scratch = arena_new(), .stop_after = stop_after};
    Graph *g = graph_read(keep, d, text, strlen(text), "text");
    if (!g)
        diag_flush(d, stderr);
    ck_assert_msg(g != NULL, "not a graph: %s", body);
    ops_bind(g);
    *ok = ops_check(g, d) && passes_run(&c, g);
    arena_free(c.scratch);
    return g;
}

#define X "input %x: i8[2,3]\n"
#define DQ "%y = DequantizeLinear(%x, %scale, %zero) {axis=0} name \"dq\"\noutput %y\n"
#define Z "const %zero: i8[] = [0]\n"
#define Z2 "const %zero: i8[2] = [0, 0]\n"

static const struct {
    const char *body;
    const char *wanted; /* in the message, beside the tensor */
    const char *tensor;
} refused[] = {
    {X "const %scale: f32[] = [0]\n" Z DQ, "is 0;", "'scale'"},
    {X "const %scale: f32[] = [-0.5]\n" Z DQ, "is -0.5;", "'scale'"},
    {X "const %scale: f32[] = [nan]\n" Z DQ, "nan;", "'scale'"},
    {X "const %scale: f32[] = [inf]\n" Z DQ, "is inf;", "'scale'"},
    {X "const %scale: f32[] = [1e-39]\n" Z DQ, "a scale is a positive, normal number", "'scale'"},
    {X "const %scale: f32[2] = [1, 0]\n" Z2 DQ, "element 1 is 0;", "'scale'"},
    {X "const %scale: f32[] = [1]\nconst %zero: u8[] = [0]\n" DQ, "type u8 for integers of type i8", "'zero'"},
    {X "const %scale: f32[] = [1]\nconst %zero: i32[] = [300]\n" DQ, "type i32 for integers of type i8", "'zero'"},
    {"input %x: i32[2,3]\nconst %scale: f32[] = [1]\nconst %zero: i32[] = [3]\n" DQ, "is 3; it must be 0", "'zero'"},
    {X "const %scale: f32[3] = [1, 1, 1]\nconst %zero: i8[3] = [0, 0, 0]\n" DQ, "3 scales for the 2 indices",
     "'scale'"},
    {X "const %scale: f32[2] = [1, 1]\n" Z DQ, "1 zero points for 2 scales", "'zero'"},
    {X "const %scale: f32[2] = [1, 1]\n" Z2 "%y = DequantizeLinear(%x, %scale, %zero) {axis=2}\noutput %y\n",
     "axis 2 lies outside of its 2 axes", "'x'"},
    {X "const %scale: f32[2] = [1, 1]\n" Z2 "%y = DequantizeLinear(%x, %scale, %zero) {axis=-3}\noutput %y\n",
     "axis -3 lies outside of its 2 axes", "'x'"},
    {X "const %scale: f32[2,1] = [1, 1]\nconst %zero: i8[2,1] = [0, 0]\n" DQ, "scales of 2 axes", "'scale'"},
    {"input %x: f32[2,3]\nconst %scale: f32[] = [0]\n" Z "%y = QuantizeLinear(%x, %scale, %zero)\noutput %y\n", "is 0;",
     "'scale'"},
    {X "const %s: f32[] = [1]\nconst %scale: f32[] = [-1]\n" Z
       "%y = com.microsoft.QLinearAdd(%x, %s, %zero, %x, %scale, %zero, %s, %zero)\noutput %y\n",
     "is -1;", "'scale'"},
#define BAD "const %s: f32[] = [1]\nconst %scale: f32[] = [nan]\n" Z
    {X BAD "%y = com.microsoft.QLinearMul(%x, %scale, %zero, %x, %s, %zero, %s, %zero)\noutput %y\n", "nan;",
     "'scale'"},
    {X BAD "%y = com.microsoft.QLinearSigmoid(%x, %s, %zero, %scale, %zero)\noutput %y\n", "nan;", "'scale'"},
    {X BAD "%y = com.microsoft.QLinearLeakyRelu(%x, %scale, %zero, %s, %zero) {alpha=0.1}\noutput %y\n", "nan;",
     "'scale'"},
    {X BAD "%y = com.microsoft.QLinearSoftmax(%x, %s, %zero, %scale, %zero) {axis=-1, opset=13}\noutput %y\n", "nan;",
     "'scale'"},
    {X BAD "%y = com.microsoft.QLinearConcat(%s, %zero, %x, %scale, %zero) {axis=0}\noutput %y\n", "nan;", "'scale'"},
    {X BAD "const %w: i8[3,2] = [1, 2, 3, 4, 5, 6]\nconst %b: i32[2] = [1, 2]\n"
           "%y = com.microsoft.QGemm(%x, %s, %zero, %w, %scale, %zero, %b, %s, %zero)\noutput %y\n",
     "nan;", "'scale'"},
    {X BAD "const %w: i8[3,2] = [1, 2, 3, 4, 5, 6]\n"
           "%y = QLinearMatMul(%x, %s, %zero, %w, %scale, %zero, %s, %zero)\noutput %y\n",
     "nan;", "'scale'"},
    {X BAD "const %w: i8[3,2] = [1, 2, 3, 4, 5, 6]\nconst %three: f32[3] = [1, 1, 1]\n"
           "const %zeros: i8[3] = [0, 0, 0]\n"
           "%y = QLinearMatMul(%x, %s, %zero, %w, %three, %zeros, %s, %zero)\noutput %y\n",
     "3 scales for the 2 indices", "'three'"},
    {"input %x: i8[1,1,4,4]\n" BAD "const %w: i8[2,1,1,1] = [1, 2]\n"
     "%y = QLinearConv(%x, %scale, %zero, %w, %s, %zero, %s, %zero)\noutput %y\n",
     "nan;", "'scale'"},
    {"input %x: i8[1,1,4,4]\n" BAD "const %w: i8[2,1,1,1] = [1, 2]\nconst %b: i32[2] = [1, 2]\n"
     "%y = QLinearConv(%x, %scale, %zero, %w, %s, %zero, %s, %zero, %b)\noutput %y\n",
     "nan;", "'scale'"},
    {"input %x: i8[1,1,4,4]\n" BAD "const %w: i8[2,1,1,1] = [1, 2]\nconst %b: i32[2] = [1, 2]\n"
     "const %three: f32[3] = [1, 1, 1]\nconst %zeros: i8[3] = [0, 0, 0]\n"
     "%y = QLinearConv(%x, %s, %zero, %w, %three, %zeros, %s, %zero, %b)\noutput %y\n",
     "3 scales for the 2 indices", "'three'"},
    {"input %x: i8[1,1,4,4]\n" BAD
     "%y = com.microsoft.QLinearGlobalAveragePool(%x, %scale, %zero, %s, %zero) {channels_last=0}\noutput %y\n",
     "nan;", "'scale'"},
    {"input %x: i8[1,1,4,4]\n" BAD "%y = com.microsoft.QLinearAveragePool(%x, %s, %zero, %scale, %zero) "
     "{kernel_shape=[2,2]}\noutput %y\n",
     "nan;", "'scale'"},
    {"input %x: f32[2,3]\n" BAD "%y = com.microsoft.QuantizeLinear(%x, %scale, %zero)\noutput %y\n", "nan;", "'scale'"},
    {X BAD "%y = com.microsoft.DequantizeLinear(%x, %scale, %zero)\noutput %y\n", "nan;", "'scale'"},
    {X BAD "const %w: i8[3,2] = [1, 2, 3, 4, 5, 6]\nconst %z3: i8[3] = [0, 0, 0]\n"
           "%y = MatMulInteger(%x, %w, %zero, %z3)\noutput %y\n",
     "", "'z3'"},
    {X "const %scale: f32[1,3] = [1, 1, nan]\nconst %zero: i8[1,3] = [0, 0, 0]\n"
       "%y = DequantizeLinear(%x, %scale, %zero) {axis=0, block_size=2}\noutput %y\n",
     "is nan;", "'scale'"},
    {X "const %scale: f32[1,2] = [1, 1]\nconst %zero: i8[1,2] = [0, 0]\n"
       "%y = DequantizeLinear(%x, %scale, %zero) {axis=0, block_size=2}\noutput %y\n",
     "", "'scale'"},
};

START_TEST(refuses_wrong_scales)
{
    Diag *d = diag_new(keep);
    bool ok;
    passed(refused[_i].body, NULL, d, &ok);
    ck_assert_msg(!ok && d->error_count > 0, "accepted: %s", refused[_i].body);
    const char *text = d->messages.items[0].text;
    ck_assert_msg(strstr(text, refused[_i].wanted) && strstr(text, refused[_i].tensor), "%s: %s", refused[_i].body,
                  text);
}
END_TEST

#define PARAMS                                                                                                         \
    "const %s: f32[] = [0.5]\nconst %z: i8[] = [3]\nconst %w: i8[1,1,1,1] = [2]\n"                                     \
    "%xd = DequantizeLinear(%x, %s, %z)\n%wd = DequantizeLinear(%w, %s, %z)\n"

static const struct {
    const char *body, *node, *why;
} stays[] = {
    {"input %x: u8[2,40000]\ninput %w: u8[40000,2]\n%y = MatMulInteger(%x, %w) name \"mm\"\noutput %y\n", "mm",
     "its sums may overflow 32 bits"},
    {"input %x: u8[1,70000]\nconst %w: i8[70000,2] = fill(-128)\n%y = MatMulInteger(%x, %w) name \"mm\"\noutput %y\n",
     "mm", "the sum of its output channel 0 may overflow 32 bits"},
    {"input %x: u8[2,3]\nconst %w: i8[3,2] = fill(3)\nconst %z: u8[2] = [1, 2]\n"
     "%y = MatMulInteger(%x, %w, %z) name \"mm\"\noutput %y\n",
     "mm", "several zero points for the rows of its first operand"},
    {"input %x: f32[2,3]\n%q, %s, %z = DynamicQuantizeLinear(%x)\noutput %q\noutput %s\noutput %z\n", "q",
     "DynamicQuantizeLinear stays float: it computes a float scale"},
    {"input %x: i8[2,4]\ninput %f: f32[4]\n" PARAMS
     "%n = LayerNormalization(%xd, %f) name \"norm\"\n%y = QuantizeLinear(%n, %s, %z)\noutput %y\n",
     "norm", "its scale and bias are not constants of a row"},
    {"input %x: i8[1,140000]\nconst %f: f32[140000] = fill(1)\n" PARAMS
     "%n = LayerNormalization(%xd, %f) name \"norm\"\n%y = QuantizeLinear(%n, %s, %z)\noutput %y\n",
     "norm", "rows of 140000 elements of scale 0.5 may overflow 63 bits"},
    {"input %x: i8[2,4]\nconst %f: f32[4] = fill(1e9)\n" PARAMS
     "%n = LayerNormalization(%xd, %f) name \"norm\"\n%y = QuantizeLinear(%n, %s, %z)\noutput %y\n",
     "norm", "its scale or bias is too large for the scale 0.5 of its result"},
    {"input %x: i8[1,1,2,2]\n" PARAMS "%y = Conv(%xd, %wd) name \"conv\"\noutput %y\n", "conv",
     "its result is not quantised"},
    {"input %x: i8[1,1,2,2]\nconst %f: f32[1,1,1,1] = [2]\n" PARAMS
     "%c = Conv(%xd, %f) name \"conv\"\n%y = QuantizeLinear(%c, %s, %z)\noutput %y\n",
     "conv", "its weights are not constants quantised to integers"},
    {"input %x: i8[1,1,2,2]\ninput %f: f32[1,1,2,2]\n" PARAMS
     "%c = Add(%xd, %f) name \"add\"\n%y = QuantizeLinear(%c, %s, %z)\noutput %y\n",
     "add", "its operands are not both quantised"},
    {"input %x: i8[1,2,2]\n" PARAMS "%c = Softmax(%xd) name \"soft\"\nconst %s3: f32[] = [300]\n"
     "%y = QuantizeLinear(%c, %s3, %z)\noutput %y\n",
     "soft", "is too large or too small"},
    {"input %x: i8[1,1,2,2]\n" PARAMS
     "%c = Conv(%xd, %wd) name \"conv\"\n%y = QuantizeLinear(%c, %s, %z)\noutput %y\noutput %c\n",
     "conv", "also read as float"},
    {"input %x: i8[1,1,2,2]\nconst %b: i32[1] = [2147483647]\nconst %bs: f32[] = [0.25]\n" PARAMS
     "%bd = DequantizeLinear(%b, %bs)\n%c = Conv(%xd, %wd, %bd) name \"conv\"\n"
     "%y = QuantizeLinear(%c, %s, %z)\noutput %y\n",
     "conv", "may overflow 32 bits"},
    {"input %x: i16[2]\nconst %s: f32[] = [0.5]\nconst %z: i16[] = [3]\n%xd = DequantizeLinear(%x, %s, %z)\n"
     "%c = Mul(%xd, %xd) name \"mul\"\n%y = QuantizeLinear(%c, %s, %z)\noutput %y\n",
     "mul", ""},
};

START_TEST(says_what_stays_float)
{
    Diag *d = diag_new(keep);
    bool ok;
    Graph *g = passed(stays[_i].body, NULL, d, &ok);
    diag_flush(d, stderr);
    ck_assert_msg(ok, "refused: %s", stays[_i].body);
    for (size_t i = 0; i < g->notes.count; i++)
        if (!strcmp(g->notes.items[i].pass, "quantise") && !strcmp(g->notes.items[i].node, stays[_i].node)) {
            ck_assert_msg(strstr(g->notes.items[i].text, stays[_i].why), "%s: %s", stays[_i].body,
                          g->notes.items[i].text);
            return;
        }
    ck_abort_msg("no reason is given: %s", stays[_i].body);
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *s = suite_create("quantise");
    TCase *t = tcase_create("quantise");
    tcase_add_loop_test(t, refuses_wrong_scales, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_loop_test(t, says_what_stays_float, 0, (int)(sizeof stays / sizeof *stays));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
