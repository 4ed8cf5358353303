/* adze inspect: everything that would not compile at once, and what a program would be. $ADZE is the program. */
#include "base/io.h"
#include "commands/inspect.h"
#include "tests/support/tools.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Arena *keep;
static const char *adze, *dir;

/* Two operators that adze does not know, one of them twice; an attribute's value, a missing attribute, a kernel that
 * does not fit, a type; an open dimension; and nodes between and behind that are fine. */
static const char bad[] = "graph \"bad\" opset \"\" 13 opset \"com.acme\" 1 {\n"
                          "  input %x: f32[?batch,3,8,8]\n"
                          "  input %text: string[2]\n"
                          "  const %w: f32[4,3,3,3] = random(1)\n"
                          "  const %w2: f32[4,4,3,3] = random(3)\n"
                          "  %c1 = Conv(%x, %w) {pads=[1,1,1,1]} name \"conv1\"\n"
                          "  %f1 = com.acme.Frobnicate(%c1) name \"frob1\"\n"
                          "  %f2 = com.acme.Frobnicate(%c1) name \"frob2\"\n"
                          "  %c2 = Conv(%f1, %w2) name \"behind\"\n"
                          "  %n = Defenestrate(%c1, %c1) name \"window\"\n"
                          "  %p = AveragePool(%c1) {kernel_shape=[9,9]} name \"too_large\"\n"
                          "  %k = MaxPool(%c1) {strides=[1,1]} name \"without_kernel\"\n"
                          "  %c3 = Conv(%c1, %w2) {auto_pad=\"SIDEWAYS\"} name \"conv3\"\n"
                          "  %t = Relu(%text) name \"relu_of_text\"\n"
                          "  %r = Relu(%c1) name \"relu\"\n"
                          "  output %r\n  output %c2\n  output %c3\n  output %p\n  output %k\n  output %n\n"
                          "  output %f2\n  output %t\n}\n";

static const char good[] = "graph \"good\" opset \"\" 13 {\n"
                           "  input %x: f32[1,1,8,8]\n"
                           "  const %w: f32[4,1,3,3] = random(1)\n"
                           "  const %b: f32[4] = random(2)\n"
                           "  const %s: i64[2] = [1, -1]\n"
                           "  const %m: f32[256,5] = random(3)\n"
                           "  %c = Conv(%x, %w, %b) {pads=[1,1,1,1]} name \"conv1\"\n"
                           "  %r = Relu(%c) name \"relu1\"\n"
                           "  %f = Reshape(%r, %s) name \"flat\"\n"
                           "  %y = MatMul(%f, %m) name \"fc\"\n"
                           "  output %y\n}\n";
enum { GOOD_MACS = 4 * 9 * 64 + 256 * 5, GOOD_PARAMETERS = 4 * 9 + 4 + 256 * 5 };

static void save(const char *name, const char *text)
{
    ck_assert(io_write(diag_new(keep), io_join(keep, dir, name), text, strlen(text)));
}

static void setup(void)
{
    keep = arena_new();
    dir = io_temp_dir(keep, diag_new(keep), NULL, "adze-test-");
    save("bad.txt", bad);
    save("good.txt", good);
    save("small.yaml", "extends: cortex-m4\nmemories:\n  - {name: flash, bytes: 1M}\n  - {name: ram, bytes: 1000}\n");
}

static void teardown(void)
{
    io_remove_tree(dir);
    arena_free(keep);
}

static void holds(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) != NULL, "no '%s' in:\n%s", what, text);
}

START_TEST(all_problems_at_once)
{
    static const char *const wanted[] = {
        "input 'x' has the shape [?,3,8,8]",
        "--dim 'batch'=1",
        "2 Frobnicate nodes ('frob1', 'frob2'): operator of domain 'com.acme' is not supported",
        "1 Defenestrate node ('window'): operator is not supported",
        "1 AveragePool node ('too_large'): its kernel does not fit",
        "1 MaxPool node ('without_kernel'): attribute 'kernel_shape' is missing",
        "1 Conv node ('conv3'): auto_pad is 'SIDEWAYS'",
        "1 Relu node ('relu_of_text'): its input 0",
    };
    ShellResult r = shell(keep, dir, "%s inspect bad.txt", adze);
    ck_assert_int_eq(r.status, EXIT_INPUT);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        holds(r.err, wanted[i]);
    ck_assert_ptr_null(strstr(r.err, "'conv1'"));
    ck_assert_ptr_null(strstr(r.err, "'relu')"));
    ck_assert_ptr_null(strstr(r.err, "'behind'"));
    holds(r.out, "It would not compile: 7 problems");
    holds(r.out, "1 more node");
    holds(r.out, "com.acme.Frobnicate");
}
END_TEST

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *o = json_loads(text, 0, &error);
    ck_assert_msg(o != NULL, "%s at line %d", error.text, error.line);
    return o;
}

static json_int_t number(const json_t *root, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(root, "total"), key));
}

START_TEST(problems_as_json)
{
    ShellResult r = shell(keep, dir, "%s inspect bad.txt --json", adze);
    ck_assert_int_eq(r.status, EXIT_INPUT);
    json_t *o = parse(r.out), *problems = json_object_get(o, "problems");
    ck_assert(json_is_false(json_object_get(o, "compiles")));
    ck_assert_uint_eq(json_array_size(json_object_get(o, "open_shapes")), 1);
    ck_assert_uint_eq(json_array_size(problems), 7);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(problems, 1), "count")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(problems, 1), "nodes")), 2);
    json_decref(o);
}
END_TEST

START_TEST(many_nodes_are_one_problem)
{
    Buf b = {0};
    buf_puts(&b, "graph \"g\" opset \"\" 13 {\n  input %x0: f32[1,4]\n");
    for (int i = 0; i < 50; i++)
        buf_printf(&b, "  %%x%d = Frobnicate(%%x%d) name \"node%d\"\n", i + 1, i, i);
    buf_puts(&b, "  output %x50\n}\n");
    save("many.txt", buf_text(&b));
    buf_free(&b);
    ShellResult r = shell(keep, dir, "%s inspect many.txt", adze);
    ck_assert_int_eq(r.status, EXIT_INPUT);
    holds(r.err, "50 Frobnicate nodes ('node0', 'node1', 'node2', 'node3', 'node4' and 45 more)");
    holds(r.out, "1 problem,");
}
END_TEST

/* The length of a Range that counts up to an unknown length is no problem of the Range. */
START_TEST(consequences_are_no_problems)
{
    save("range.txt", "graph \"g\" opset \"\" 13 {\n  input %x: f32[1,4]\n  const %zero: i64[] = [0]\n"
                      "  const %one: i64[] = [1]\n  %f = Frobnicate(%x) name \"frob\"\n  %s = Size(%f) name \"size\"\n"
                      "  %r = Range(%zero, %s, %one) name \"range\"\n  output %r\n}\n");
    ShellResult r = shell(keep, dir, "%s inspect range.txt", adze);
    ck_assert_int_eq(r.status, EXIT_INPUT);
    holds(r.out, "1 problem, listed below; 2 more nodes");
    ck_assert_ptr_null(strstr(r.err, "Range"));
}
END_TEST

START_TEST(a_good_model)
{
    ShellResult r = shell(keep, dir, "%s inspect good.txt", adze);
    ck_assert_msg(r.status == EXIT_DONE, "%s", r.err);
    holds(r.out, "It compiles.");
    holds(r.out, "'x' f32 [1,1,8,8]");
    holds(r.out, "steps in floats");
    r = shell(keep, dir, "%s inspect good.txt --json", adze);
    json_t *o = parse(r.out);
    ck_assert(json_is_true(json_object_get(o, "compiles")));
    ck_assert_int_eq(number(o, "macs"), GOOD_MACS);
    ck_assert_int_gt(json_integer_value(json_object_get(o, "float_steps")), 0);
    ck_assert_int_eq(number(o, "parameters"), GOOD_PARAMETERS + 2); /* the constant shape is one as well */
    ck_assert_uint_eq(json_array_size(json_object_get(o, "layers")), 4);
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(o, "weight_types"), "f32")),
                     4 * GOOD_PARAMETERS);
    json_decref(o);
}
END_TEST

START_TEST(a_program_for_a_target)
{
    ShellResult r = shell(keep, dir, "%s inspect good.txt -t cortex-m4", adze);
    ck_assert_msg(r.status == EXIT_DONE, "%s", r.err);
    holds(r.out, "Conv+Relu");
    holds(r.out, "adze_conv_f32");
    holds(r.out, "Fits into flash: the weights take");
    holds(r.out, "Fits into ram: arena, inputs and outputs take 1,300 of 262,144 bytes");
    r = shell(keep, dir, "%s inspect good.txt -t cortex-m4 --json", adze);
    json_t *o = parse(r.out);
    ck_assert_int_eq(number(o, "macs"), GOOD_MACS);
    ck_assert_int_eq(number(o, "arena_bytes"), 1024);
    ck_assert(json_is_true(json_object_get(o, "fits")));
    json_decref(o);
}
END_TEST

START_TEST(a_target_that_is_too_small)
{
    ShellResult r = shell(keep, dir, "%s inspect good.txt -t ./small.yaml", adze);
    ck_assert_msg(r.status == EXIT_DONE, "%s", r.err);
    holds(r.out,
          "Does not fit into ram: arena, inputs and outputs take 1,300 bytes, 300 more than the 1,000 that there are");
    holds(r.out, "It does not fit");
}
END_TEST

START_TEST(open_dimensions_can_be_given)
{
    save("open.txt", "graph \"g\" opset \"\" 13 {\n  input %x: f32[?n,4]\n  %y = Relu(%x)\n  output %y\n}\n");
    ShellResult r = shell(keep, dir, "%s inspect open.txt", adze);
    ck_assert_int_eq(r.status, EXIT_INPUT);
    holds(r.err, "leaves dimensions open");
    holds(r.err, "what follows holds for [1,4]");
    holds(r.out, "Relu");
    r = shell(keep, dir, "%s inspect open.txt -t cortex-m4", adze); /* one sees the program for 1 all the same */
    ck_assert_int_eq(r.status, EXIT_INPUT);
    holds(r.out, "program for cortex-m4");
}
END_TEST

START_TEST(wrong_use)
{
    ck_assert_int_eq(shell(keep, dir, "%s inspect", adze).status, EXIT_USAGE);
    ck_assert_int_eq(shell(keep, dir, "%s inspect good.txt --no-such", adze).status, EXIT_USAGE);
    ck_assert_int_eq(shell(keep, dir, "%s inspect none.onnx", adze).status, EXIT_INPUT);
    ck_assert_int_eq(shell(keep, dir, "%s inspect good.txt -t none", adze).status, EXIT_INPUT);
}
END_TEST

/* Names may hold what ends a label: "): ". */
START_TEST(labels_are_found)
{
    Graph *g = graph_new(keep, "g");
    Value *x = graph_input(g, "x", DT_F32, &(Shape){.rank = 1, .dim = {2}});
    Node *n = graph_node(g, "", "Foo", "a (b): c");
    node_add_input(g, n, x);
    node_new_output(g, n, "y");
    ModelFacts f = {.arena = keep};
    Diag *d = diag_new(keep);
    bool failed[4] = {false};
    diag_error(d, "%s: no good 'x' 12", node_label(keep, n));
    diag_error(d, "%s: no good 'y' 345", node_label(keep, n));
    diag_error(d, "something else): that");
    problems_add(&f, node_labels(keep, g), d, failed);
    ck_assert_uint_eq(f.problems.count, 2);
    ck_assert_uint_eq(f.problems.items[0].count, 2);
    ck_assert_str_eq(f.problems.items[0].op, "Foo");
    ck_assert_str_eq(f.problems.items[0].text, "no good 'x' 12");
    ck_assert_str_eq(f.problems.items[1].op, "");
    ck_assert(failed[n->id]);
    ck_assert_uint_eq(f.nodes_with_errors, 1);
}
END_TEST

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    if (!program) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program;
    Suite *suite = suite_create("commands: inspect");
    TCase *tc = tcase_create("inspect");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, all_problems_at_once);
    tcase_add_test(tc, problems_as_json);
    tcase_add_test(tc, many_nodes_are_one_problem);
    tcase_add_test(tc, consequences_are_no_problems);
    tcase_add_test(tc, a_good_model);
    tcase_add_test(tc, a_program_for_a_target);
    tcase_add_test(tc, a_target_that_is_too_small);
    tcase_add_test(tc, open_dimensions_can_be_given);
    tcase_add_test(tc, wrong_use);
    tcase_add_test(tc, labels_are_found);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(program);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
