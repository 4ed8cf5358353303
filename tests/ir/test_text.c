/* The text form: what is read, printed and refused. */
#include "tests/ir/ir_test.h"

#include "base/io.h"

#include <math.h>
#include <stdint.h>

/* Reads, checks, prints, reads and prints again; returns the first print. */
static const char *round_trip(Arena *a, const char *text)
{
    Graph *first = read_text(a, text);
    assert_sound(a, first);
    const char *printed = print_text(a, first);
    Graph *second = read_text(a, printed);
    assert_sound(a, second);
    ck_assert_str_eq(print_text(a, second), printed);
    ck_assert_str_eq(print_text(a, graph_clone(a, first)), printed);
    return printed;
}

/* Texts that are printed as they stand. */
static const char *const canonical[] = {
    "graph \"\" opset \"\" 13 {\n  input %x\n  %y = Relu(%x)\n  output %y\n}\n",
    "graph \"a \\\"b\\\" \\\\ \\n \\x01\\xff\" opset \"\" 7 opset \"com.microsoft\" 3 {\n"
    "  input %x: f32[]\n  input %y: f32[0,?,?batch,?\"a b\",?\"...\"]\n  input %z: ?[2]\n  input %u: i8\n"
    "  %0, _, %\"12\": f32, %\"a b\": ?[?] = Split(%x, _, %y, _) {axis=-1}\n"
    "  () = Print(%z, %u)\n"
    "  output %0\n  output %\"12\"\n}\n",
    "graph \"attrs\" opset \"\" 13 {\n  input %x: f32[1]\n"
    "  %y = Any(%x) {i=-9223372036854775808, f=0.1f, g=-0f, h=1e-45f, k=3.4028235e+38f, n=nanf, p=inff, m=-inff, "
    "s=\"\\x7f\\n\", empty=\"\", is=[1,-2], none=[], fs=[1f,0.5f], nofs=floats[], ss=[\"a\",\"\"], noss=strings[], "
    "t=tensor f32[2]=[1, nan], t0=tensor i64[]=[3], te=tensor f16[0]=[], \"odd name\"=1} name \"n \\\"1\\\"\"\n"
    "  output %y\n}\n",
    "graph \"ops\" opset \"\" 13 {\n  input %x\n  %a = adze.Conv(%x)\n  %b = com.microsoft.Gelu(%a) version 5\n"
    "  %c = \"my domain\".\"Op\"(%b)\n  %d = \"\".\"a.b\"(%c)\n  %e = Relu(%d) version 6\n  output %e\n}\n",
    "graph \"sub\" opset \"\" 13 {\n  input %x: f32[2]\n  input %c: bool[]\n  const %k: f32[2] = [1, 2]\n"
    "  %0 = Relu(%x)\n"
    "  %y = If(%c) {then_branch=graph \"t\" {\n    %1 = Add(%0, %k)\n"
    "    %2 = If(%c) {then_branch=graph \"\" {\n      %3 = Mul(%1, %x)\n      output %3\n    }, "
    "else_branch=graph \"\" {\n      %3 = Sub(%1, %x)\n      output %3\n    }}\n    output %2\n  }, "
    "else_branch=graph \"e\" {\n    input %i: i64[]\n    const %k.1: f32[] = [3]\n    %1 = Neg(%k.1)\n"
    "    output %1\n  }}\n  output %y\n}\n",
};

START_TEST(prints_what_it_read)
{
    Arena *a = arena_new();
    ck_assert_str_eq(round_trip(a, canonical[_i]), canonical[_i]);
    arena_free(a);
}
END_TEST

START_TEST(every_type_round_trips)
{
    static const struct {
        DType type;
        const char *list;
    } cases[] = {
        {DT_F32, "[0.1, -0, 1e-45, 3.4028235e+38, nan, inf, -inf]"},
        {DT_U8, "[0, 1, 2, 3, 4, 5, 255]"},
        {DT_I8, "[0, 1, 2, 3, 4, -128, 127]"},
        {DT_U16, "[0, 1, 2, 3, 4, 5, 65535]"},
        {DT_I16, "[0, 1, 2, 3, 4, -32768, 32767]"},
        {DT_I32, "[0, 1, 2, 3, 4, -2147483648, 2147483647]"},
        {DT_I64, "[0, 1, 2, 3, 4, -9223372036854775808, 9223372036854775807]"},
        {DT_STRING, "[\"\", \"a\", \"\\\"\", \"\\\\\", \"\\n\", \"\\x01\", \"\\xff\"]"},
        {DT_BOOL, "[0, 1, 0, 1, 1, 1, 0]"},
        {DT_F16, "[0.1, -0, 6e-08, 65504, nan, inf, -inf]"},
        {DT_F64, "[0.1, -0, 5e-324, 1.7976931348623157e+308, nan, inf, -inf]"},
        {DT_U32, "[0, 1, 2, 3, 4, 5, 4294967295]"},
        {DT_U64, "[0, 1, 2, 3, 4, 5, 18446744073709551615]"},
        {DT_BF16, "[0.1, -0, 9e-41, 3.39e+38, nan, inf, -inf]"},
        {DT_U4, "[0, 1, 2, 3, 4, 5, 15]"},
        {DT_I4, "[0, 1, 2, 3, 7, -8, -1]"},
    };
    ck_assert_int_eq(sizeof cases / sizeof *cases, DT_COUNT - 1);
    Arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(cases[i].type, (int)i + 1);
        const char *text = arena_printf(
            a, "graph \"\" opset \"\" 13 {\n  const %%c: %s[7] = %s\n  %%y = Identity(%%c)\n  output %%y\n}\n",
            dtype_name(cases[i].type), cases[i].list);
        ck_assert_str_eq(round_trip(a, text), text);
    }
    arena_free(a);
}
END_TEST

/* The bytes of the constant %c of type `type` with the data `data`. */
static const unsigned char *constant(Arena *a, const char *type, const char *data)
{
    const char *text = arena_printf(a, "graph { const %%c: %s = %s %%y = Identity(%%c) output %%y }", type, data);
    round_trip(a, text);
    return value_named(read_text(a, text), "c")->data;
}

START_TEST(data_in_all_forms)
{
    Arena *a = arena_new();
    ck_assert_mem_eq(constant(a, "f32[2]", "hex\"0000803F0000c07f\""), constant(a, "f32[2]", "[1, nan]"), 8);
    ck_assert_mem_eq(constant(a, "f32[1]", "hex\"010080ff\""), "\x01\x00\x80\xff", 4); /* a NaN's payload */
    ck_assert_mem_eq(constant(a, "f32[2]", "[0x1p-3, -0x1.8p1]"), constant(a, "f32[2]", "[0.125, -3]"), 8);
    ck_assert_mem_eq(constant(a, "u4[3]", "[1, 2, 3]"), "\x21\x03", 2);
    ck_assert_mem_eq(constant(a, "i4[3]", "[-1, 7, -8]"), "\x7f\x08", 2);
    ck_assert_mem_eq(constant(a, "u4[3]", "fill(5)"), "\x55\x05", 2);
    ck_assert_mem_eq(constant(a, "bool[3]", "[true, false, 1]"), "\1\0\1", 3);
    ck_assert_mem_eq(constant(a, "bool[2]", "hex\"0280\""), "\x02\x80", 2);
    ck_assert_mem_eq(constant(a, "i16[2,2]", "[-0x8000, 0x7fff, 0010, -0]"), "\x00\x80\xff\x7f\x0a\x00\x00\x00", 8);
    ck_assert_mem_eq(constant(a, "i64[100]", "fill(-2)"), "\xfe\xff\xff\xff\xff\xff\xff\xff\xfe", 9);
    const char *const *strings = (const void *)constant(a, "string[70]", "fill(\"ab\")");
    ck_assert_str_eq(strings[69], "ab");
    ck_assert_ptr_nonnull(constant(a, "f32[3,0,5]", "[]"));
    arena_free(a);
}
END_TEST

START_TEST(random_data_is_small_and_deterministic)
{
    Arena *a = arena_new();
    const float *f = (const void *)constant(a, "f32[1000]", "random(7)");
    float low = 1, high = -1;
    for (int i = 0; i < 1000; i++) {
        ck_assert(f[i] >= -1 && f[i] < 1);
        low = fminf(low, f[i]);
        high = fmaxf(high, f[i]);
    }
    ck_assert(low < -0.9f && high > 0.9f);
    const void *same = constant(a, "f32[1000]", "random(7)"), *other = constant(a, "f32[1000]", "random(8)");
    ck_assert_mem_eq(f, same, 4000);
    ck_assert_mem_ne(f, other, 4000);
    const int8_t *bytes = (const void *)constant(a, "i8[1000]", "random(1)");
    for (int i = 0; i < 1000; i++)
        ck_assert(bytes[i] >= -8 && bytes[i] <= 7);
    static const char *const types[] = {"f64", "f16", "bf16", "u8",   "u16", "i16", "i32",
                                        "u32", "i64", "u64",  "bool", "i4",  "u4"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        constant(a, arena_printf(a, "%s[99]", types[i]), "random(3)");
    arena_free(a);
}
END_TEST

START_TEST(repeated_names_become_unique)
{
    Arena *a = arena_new();
    Graph *g = graph_new(a, "dup");
    Shape shape = {.rank = 1, .dim = {2}};
    Value *v = graph_input(g, "x", DT_F32, &shape);
    static const char *const names[] = {"x", "x.1", "", "x", "12", "12"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Node *n = graph_node(g, NULL, "Relu", NULL);
        node_add_input(g, n, v);
        v = node_new_output(g, n, names[i]);
    }
    graph_output(g, v);
    const char *text = round_trip(a, print_text(a, g));
    ck_assert_str_eq(text,
                     "graph \"dup\" opset \"\" 13 {\n  input %x: f32[2]\n  %x.1 = Relu(%x)\n  %x.1.1 = Relu(%x.1)\n"
                     "  %0 = Relu(%x.1.1)\n  %x.2 = Relu(%0)\n  %\"12\" = Relu(%x.2)\n  %12.1 = Relu(%\"12\")\n"
                     "  output %12.1\n}\n");
    arena_free(a);
}
END_TEST

START_TEST(reads_what_people_write)
{
    Arena *a = arena_new();
    const char *text =
        round_trip(a, "# a comment\ngraph{input%x:f32[ 1 , ?N ] # more\nconst %s:i64[2]=[1,\n-1] "
                      "_,%y=Foo(%x,_,%s){a=1.5,b = [ 1e3 , nan],"
                      "c=0x1f,d=0x1p3f,e=floats [ ],f=inf}name\"n\" version 3 output%y output %y output %x}# end");
    ck_assert_str_eq(text, "graph \"\" opset \"\" 13 {\n  input %x: f32[1,?N]\n  const %s: i64[2] = [1, -1]\n"
                           "  _, %y = Foo(%x, _, %s) {a=1.5f, b=[1000f,nanf], c=31, d=8f, e=floats[], f=inff} "
                           "name \"n\" version 3\n"
                           "  %y.1 = Identity(%y)\n  %x.1: f32[1,?N] = Identity(%x)\n"
                           "  output %y\n  output %y.1\n  output %x.1\n}\n");
    arena_free(a);
}
END_TEST

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "test: 1:1: expected a graph"},
    {"graf", "1:1: expected a graph"},
    {"graph", "1:6: expected '{', found the end"},
    {"graph \"a", "1:7: the string has no closing quote"},
    {"graph \"a\nb\" {}", "1:7: the string has no closing quote"},
    {"graph \"\\q\" {}", "1:7: unknown escape"},
    {"graph \"\\x0g\" {}", "1:7: unknown escape"},
    {"graph \"\\x00\" {}", "1:7: unknown escape"},
    {"graph \"\\x", "1:7: unknown escape"},
    {"graph { } x", "1:11: expected nothing behind"},
    {"graph {\n  foo\n}", "2:3: expected input, const, output"},
    {"graph { input %x input %x }", "1:24: the value %'x' is defined twice"},
    {"graph { input %0 input %0 }", "1:24: the value %0 is defined twice"},
    {"graph {\n  %y = Relu(%x)\n}", "2:13: the value %'x' is used before it is defined"},
    {"graph { output %7 }", "1:16: the value %7 is used before"},
    {"graph { input %x: f31 }", "1:19: unknown type 'f31'"},
    {"graph { input %x: f32[-1] }", "1:23: expected an integer from 0"},
    {"graph { input %x: f32[9223372036854775808] }", "1:23: expected an integer from 0"},
    {"graph { input %x: f32[1,1,1,1,1,1,1,1,1] }", "1:39: a shape has more than 8 dimensions"},
    {"graph { input %x: f32[1,?...] }", "?... stands alone"},
    {"graph { input %x: f32[1 2] }", "1:25: expected ']', found '2'"},
    {"graph { input %\"\" }", "must not be empty"},
    {"graph { input % }", "expected a name behind %"},
    {"graph { const %c: f32[?] = fill(0) }", "needs a known shape"},
    {"graph { const %c: ?[1] = fill(0) }", "needs a type"},
    {"graph { const %c = fill(0) }", "needs a type"},
    {"graph { const %c: f32[4294967296,4294967296] = fill(0) }", "a size that fits into memory"},
    {"graph { const %c: f64[4611686018427387904] = fill(0) }", "a size that fits into memory"},
    {"graph { const %c: i8[67108865] = fill(0) }", "at most 67108864 elements"},
    {"graph { const %c: i8[99999999] = random(0) }", "at most 67108864 elements"},
    {"graph { const %c: i8[60000000] = [0] }", "the list has fewer"},
    {"graph { const %c: i8[60000000] = hex\"00\" }", "with 60000000 bytes"},
    {"graph { const %c: i8[1] = hex\"0000\" }", "exactly 1 bytes"},
    {"graph { const %c: i8[1] = hex\"0g\" }", "two digits each"},
    {"graph { const %c: i8[1] = hex\"0", "with 1 bytes"},
    {"graph { const %c: i8[1] = hex\"00", "exactly 1 bytes"},
    {"graph { const %c: i8[1] = hex", "with 1 bytes"},
    {"graph { const %c: string[1] = hex\"00\" }", "strings cannot be written as hex"},
    {"graph { const %c: string[1] = random(1) }", "no random strings"},
    {"graph { const %c: i8[2] = [1] }", "1:29: expected ',', found ']'"},
    {"graph { const %c: i8[2] = [1,2,3] }", "expected ']', found ','"},
    {"graph { const %c: i8[1] = [128] }", "'128' is not a value of type i8"},
    {"graph { const %c: i8[1] = [-129] }", "'-129' is not a value of type i8"},
    {"graph { const %c: u8[1] = [-1] }", "'-1' is not a value of type u8"},
    {"graph { const %c: u64[1] = [18446744073709551616] }", "is not a value of type u64"},
    {"graph { const %c: i64[1] = [0x8000000000000000] }", "is not a value of type i64"},
    {"graph { const %c: bool[1] = [2] }", "'2' is not a value of type bool"},
    {"graph { const %c: i4[1] = [8] }", "'8' is not a value of type i4"},
    {"graph { const %c: f32[1] = [1e39] }", "is not a value of type f32"},
    {"graph { const %c: f16[1] = [65520] }", "is not a value of type f16"},
    {"graph { const %c: f32[1] = [infinity] }", "is not a value of type f32"},
    {"graph { const %c: f32[1] = [-] }", "'-' is not a value of type f32"},
    {"graph { const %c: f64[1] = [-] }", "'-' is not a value of type f64"},
    {"graph { const %c: f64[1] = [--1] }", "'--1' is not a value of type f64"},
    {"graph { const %c: f32[1] = 3 }", "expected the constant's data"},
    {"graph { %y = Foo() {a=1, a=2} }", "'a' is given twice"},
    {"graph { %y = Foo() {a=} }", "expected a number, found '}'"},
    {"graph { %y = Foo() {a=[1,\"x\"]} }", "elements of one kind"},
    {"graph { %y = Foo() {a=[1,2.0]} }", "elements of one kind"},
    {"graph { %y = Foo() {a=9223372036854775808} }", "is not a number"},
    {"graph { %y = Foo() {a=1e99f} }", "is not a number of type f32"},
    {"graph { %y = Foo() {a=tensor ?[1]=[1]} }", "needs a type"},
    {"graph { %y = Foo() {a=floats[1]} }", "expected ']'"},
    {"graph { %y = Foo() {a=graph { input %y } output %y }", "expected '}'"},
    {"graph { input %x %y = Foo() {a=graph { input %x }} }", "'x' is defined twice"},
    {"graph { %y = .Foo() }", "expected DOMAIN.OPERATOR"},
    {"graph { %y = \"a\".\"\"() }", "must not be empty"},
    {"graph { %y = a.() }", "expected DOMAIN.OPERATOR"},
    {"graph { %y = Foo(%y) }", "is used before it is defined"},
    {"graph { %y, %y = Foo() }", "1:13: the value %'y' is defined twice"},
    {"graph { _foo = Foo() }", "expected '%', found '_foo'"},
    {"graph opset \"\" 0 {}", "from 1 to 2147483647"},
    {"graph opset \"\" 2147483648 {}", "from 1 to 2147483647"},
};

START_TEST(refuses_with_line_and_column)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    /* A copy of exactly the text's size, so that a read behind it is seen by ASan. */
    size_t size = strlen(refused[_i].text);
    char *text = malloc(size + 1);
    memcpy(text, refused[_i].text, size);
    char *exact = size ? realloc(text, size) : text;
    ck_assert_ptr_null(graph_read(a, d, exact, size, "test"));
    ck_assert_uint_eq(d->messages.count, 1);
    ck_assert_msg(strstr(d->messages.items[0].text, refused[_i].message), "%s\nlacks: %s\nfor: %s",
                  d->messages.items[0].text, refused[_i].message, refused[_i].text);
    free(exact);
    arena_free(a);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    Arena *a = arena_new();
    for (int depth = 1; depth <= 100000; depth = depth < 20 ? depth + 1 : depth * 10) {
        Buf b = {0};
        for (int i = 0; i < depth; i++)
            buf_printf(&b, "%s { %%x%d = If() {a=", i ? "graph" : "graph", i);
        buf_puts(&b, "1");
        for (int i = depth; i-- > 0;)
            buf_printf(&b, "} output %%x%d }", i);
        Diag *d = diag_new(a);
        Graph *g = graph_read(a, d, buf_text(&b), b.length, NULL);
        ck_assert((g != NULL) == (depth <= 16));
        if (g)
            round_trip(a, buf_text(&b));
        else
            ck_assert_ptr_nonnull(strstr(d->messages.items[0].text, "nested more than 16 deep"));
        buf_free(&b);
    }
    arena_free(a);
}
END_TEST

START_TEST(the_example_of_the_docs)
{
    Arena *a = arena_new();
    FileBytes f;
    ck_assert(io_map(diag_new(a), "docs/ir.md", &f));
    const char *page = arena_strndup(a, f.data, f.size);
    io_unmap(&f);
    const char *begin = strstr(page, "```graph\n");
    ck_assert_ptr_nonnull(begin);
    begin += strlen("```graph\n");
    const char *end = strstr(begin, "```");
    ck_assert_ptr_nonnull(end);
    Graph *g = read_text(a, arena_strndup(a, begin, (size_t)(end - begin)));
    round_trip(a, print_text(a, g));
    ck_assert_uint_eq(g->outputs.count, 2);
    ck_assert_str_eq(value_named(g, "x")->dim[3], "width");
    ck_assert_int_eq(node_of(g, "a")->version, 11);
    ck_assert_str_eq(node_of(g, "y")->name, "conv1");
    ck_assert(node_is_adze(node_of(g, "a name/with spaces"), "Conv"));
    arena_free(a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir text");
    TCase *c = tcase_create("text");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, prints_what_it_read, 0, sizeof canonical / sizeof *canonical);
    tcase_add_test(c, every_type_round_trips);
    tcase_add_test(c, data_in_all_forms);
    tcase_add_test(c, random_data_is_small_and_deterministic);
    tcase_add_test(c, repeated_names_become_unique);
    tcase_add_test(c, reads_what_people_write);
    tcase_add_loop_test(c, refuses_with_line_and_column, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, nesting_is_bounded);
    tcase_add_test(c, the_example_of_the_docs);
    suite_add_tcase(s, c);
    return run_suite(s);
}
