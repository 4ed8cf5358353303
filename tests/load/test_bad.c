/* Files and graphs that must be refused, each with a message that names the place. */
#include "tests/load/bad.h"

static Buf no_graph(void)
{
    Buf m = {0};
    put_int(&m, 1, 8);
    put_message(&m, 8, opset("", 17));
    return m;
}

static Buf no_ir_version(void)
{
    Buf m = {0};
    put_message(&m, 8, opset("", 17));
    put_message(&m, 7, relu_graph());
    return m;
}

static Buf no_opset(void)
{
    Buf m = {0};
    put_int(&m, 1, 8);
    put_message(&m, 7, relu_graph());
    return m;
}

static Buf two_opsets(void)
{
    Buf m = model(relu_graph());
    put_message(&m, 8, opset("ai.onnx", 12));
    return m;
}

static Buf opset_zero(void)
{
    Buf m = model(relu_graph());
    put_message(&m, 8, opset("com.acme", 0));
    return m;
}

static Buf opset_of_used_domain(void)
{
    Buf n = node("Op", "x", "z");
    put_text(&n, 7, "com.acme");
    return with_node(n);
}

static Buf dangling_input(void)
{
    return with_node(node("Add", "x nowhere", "z"));
}

static Buf dangling_output(void)
{
    Buf g = relu_graph();
    put_message(&g, 12, value_info("nothing", 1, NULL));
    return model(g);
}

static Buf no_outputs(void)
{
    Buf g = {0};
    put_message(&g, 1, node("Relu", "x", "y"));
    put_message(&g, 11, value_info("x", 1, "2"));
    return model(g);
}

static Buf unnamed_output(void)
{
    Buf g = relu_graph();
    put_message(&g, 12, value_info("", 1, NULL));
    return model(g);
}

static Buf unnamed_input(void)
{
    return with_input(value_info("", 1, "2"));
}

static Buf unnamed_initializer(void)
{
    return with_initializer(raw_tensor("", 1, "1", "\0\0\0\0", 4));
}

static Buf no_operator(void)
{
    return with_node(node("", "x", "z"));
}

static Buf two_producers(void)
{
    return with_node(node("Abs", "x", "y"));
}

static Buf producer_of_an_input(void)
{
    return with_node(node("Abs", "y", "x"));
}

static Buf two_initializers(void)
{
    Buf g = relu_graph();
    put_message(&g, 5, raw_tensor("w", 1, "1", "\0\0\0\0", 4));
    put_message(&g, 5, raw_tensor("w", 1, "1", "\0\0\0\0", 4));
    return model(g);
}

static Buf cycle(void)
{
    Buf g = relu_graph();
    put_message(&g, 1, node("Before", "y", "p"));
    put_message(&g, 1, node("Add", "p r", "q"));
    put_message(&g, 1, node("Neg", "q", "r"));
    put_message(&g, 1, node("After", "r", "s"));
    return model(g);
}

static Buf own_input(void)
{
    return with_node(node("Add", "z x", "z"));
}

static Buf cycle_through_branch(void)
{
    Buf n = node("If", "x", "z"), a = attr("then_branch", 5), branch = {0};
    put_message(&branch, 1, node("Neg", "z", "inner"));
    put_message(&branch, 12, value_info("inner", 1, NULL));
    put_message(&a, 6, branch);
    put_message(&n, 5, a);
    return with_node(n);
}

static Buf dangling_in_branch(void)
{
    Buf n = node("If", "x", "z"), a = attr("then_branch", 5), branch = {0};
    put_message(&branch, 1, node("Neg", "nowhere", "inner"));
    put_message(&branch, 12, value_info("inner", 1, NULL));
    put_message(&a, 6, branch);
    put_message(&n, 5, a);
    return with_node(n);
}

static Buf recursive_function(void)
{
    return with_function(function("F", node("F", "a", "b")), node("F", "x", "z"));
}

static Buf function_without_output(void)
{
    return with_function(function("F", node("Neg", "a", "c")), node("F", "x", "z"));
}

static Buf function_sees_only_its_own(void)
{
    return with_function(function("F", node("Neg", "x", "b")), node("F", "x", "z"));
}

static Buf function_with_more_inputs(void)
{
    return with_function(function("F", node("Neg", "a", "b")), node("F", "x x", "z"));
}

/* f0 calls f1 twenty times, which calls f2 twenty times, ... */
static Buf multiplying_functions(void)
{
    Buf m = with_node(node("f0", "x", "z"));
    for (int level = 0; level < 10; level++) {
        char name[] = {'f', (char)('0' + level), 0}, next[] = {'f', (char)('1' + level), 0};
        Buf f = function(name, node(level == 9 ? "Neg" : next, "a", "b"));
        for (int i = 0; i < 19; i++) {
            char out[] = {'o', (char)('a' + i), 0};
            put_message(&f, 7, node(level == 9 ? "Neg" : next, "a", out));
        }
        put_message(&m, 25, f);
    }
    return m;
}

static Buf name_with_nul(void)
{
    Buf n = node("Op", "x", "z");
    put_bytes(&n, 3, "a\0b", 3);
    return with_node(n);
}

static Buf deep_graphs(void)
{
    Buf g = relu_graph();
    for (int i = 0; i < 1000; i++) {
        Buf n = node("If", "x", "z"), a = attr("then_branch", 5), outer = {0};
        put_message(&a, 6, g);
        put_message(&n, 5, a);
        put_message(&outer, 1, n);
        g = outer;
    }
    return model(g);
}

static Buf deep_types(void)
{
    Buf t = {0}, info = {0};
    for (int i = 0; i < 5000; i++) {
        Buf sequence = {0}, outer = {0};
        put_message(&sequence, 1, t);
        put_message(&outer, 4, sequence);
        t = outer;
    }
    put_text(&info, 1, "in2");
    put_message(&info, 2, t);
    return with_input(info);
}

static Buf group(void)
{
    Buf m = model(relu_graph());
    buf_putc(&m, (char)(100 << 3 & 127) | 3);
    buf_putc(&m, 6);
    return m;
}

static Buf text_as_number(void)
{
    Buf m = {0};
    put_text(&m, 1, "\200\200");
    return m;
}

static Buf cut_short(void)
{
    Buf m = model(relu_graph());
    m.length--;
    return m;
}

static Buf bytes_of(const char *bytes, size_t n)
{
    Buf b = {0};
    buf_write(&b, bytes, n);
    return b;
}

static Buf nothing(void)
{
    return bytes_of("", 0);
}

static Buf plain_text(void)
{
    return bytes_of("ir_version: 8\n", 14);
}

static Buf lfs_pointer(void)
{
    return bytes_of("version https://git-lfs.github.com/spec/v1\n", 43);
}

static Buf web_page(void)
{
    return bytes_of("<!DOCTYPE html><html>", 21);
}

static Buf tflite(void)
{
    return bytes_of("\x1c\0\0\0TFL3\0\0\0\0", 12);
}

static Buf zip(void)
{
    return bytes_of("PK\3\4\0\0\0\0", 8);
}

static Buf noise(void)
{
    return bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
}

static const BadCase cases[] = {
    {no_graph, {"no graph"}},
    {no_ir_version, {"no ir_version"}},
    {no_opset, {"which opset versions", "opset_import"}},
    {two_opsets, {"two opset versions", "17 and 12"}},
    {opset_zero, {"opset version 0", "'com.acme'"}},
    {opset_of_used_domain, {"'z' (com.acme.Op)", "domain 'com.acme'"}},
    {dangling_input, {"node of output 'z' (Add)", "input 1, 'nowhere'"}},
    {dangling_output, {"output 'nothing'"}},
    {no_outputs, {"no outputs"}},
    {unnamed_output, {"an output has no name"}},
    {unnamed_input, {"an input has no name"}},
    {unnamed_initializer, {"an initializer has no name"}},
    {no_operator, {"no operator"}},
    {two_producers, {"(Abs)", "'y' is given twice"}},
    {producer_of_an_input, {"(Abs)", "'x' is given twice"}},
    {two_initializers, {"'w' is given twice"}},
    {cycle, {"needs its own result", "cycle"}},
    {own_input, {"'z' (Add)", "cycle"}},
    {cycle_through_branch, {"'z' (If)", "cycle"}},
    {dangling_in_branch, {"'inner' (Neg)", "'nowhere'"}},
    {recursive_function, {"(F)", "calls itself"}},
    {function_without_output, {"(F)", "does not produce its output 'b'"}},
    {function_sees_only_its_own, {"'b' (Neg)", "'x'"}},
    {function_with_more_inputs, {"(F)", "2 inputs"}},
    {multiplying_functions, {"more than 2000000 nodes"}},
    {name_with_nul, {"NodeProto", "'name'", "NUL"}},
    {deep_graphs, {"nested too deeply", "64"}},
    {deep_types, {"nested too deeply", "64"}},
    {group, {"damaged", "wire type"}},
    {text_as_number, {"damaged ModelProto at byte 0", "'ir_version'"}},
    {cut_short, {"damaged ModelProto", "longer than what is left", "cut short"}},
    {nothing, {"empty"}},
    {plain_text, {"not an ONNX file", "text"}},
    {lfs_pointer, {"git lfs pull"}},
    {web_page, {"web page"}},
    {tflite, {"TensorFlow Lite", "tf2onnx"}},
    {zip, {"zip", "torch.onnx.export"}},
    {noise, {"damaged"}},
};

START_TEST(bad_models_are_refused)
{
    expect_refusal(&cases[_i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("load: bad models");
    TCase *c = tcase_create("bad");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, bad_models_are_refused, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
