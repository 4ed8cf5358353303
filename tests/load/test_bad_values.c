/* Inputs, tensors, attributes and options that must be refused, each with a message that names the place. */
#include "tests/load/bad.h"

static Buf input_type(int type)
{
    return with_input(value_info("in2", type, "2"));
}

static Buf complex_input(void)
{
    return input_type(14);
}

static Buf float8_input(void)
{
    return input_type(19);
}

static Buf untyped_input(void)
{
    Buf info = {0};
    put_text(&info, 1, "in2");
    return with_input(info);
}

static Buf sequence_input(void)
{
    Buf info = {0}, type = {0};
    put_text(&info, 1, "in2");
    put_message(&type, 4, (Buf){0});
    put_message(&info, 2, type);
    return with_input(info);
}

static Buf negative_dim(void)
{
    return with_input(value_info("in2", 1, "2,-7"));
}

static Buf nine_dims(void)
{
    return with_input(value_info("in2", 1, "1,1,1,1,1,1,1,1,1"));
}

static Buf huge_input(void)
{
    return with_input(value_info("in2", 1, "4294967296,4294967296"));
}

static Buf raw_too_short(void)
{
    return with_initializer(raw_tensor("w", 1, "23", "12345678", 8));
}

static Buf raw_too_long(void)
{
    return with_initializer(raw_tensor("w", 1, "1", "12345678", 8));
}

static Buf no_data(void)
{
    return with_initializer(tensor("w", 1, "23"));
}

static Buf scalar_without_data(void)
{
    return with_initializer(tensor("w", 1, ""));
}

static Buf two_data_fields(void)
{
    Buf t = raw_tensor("w", 1, "1", "1234", 4);
    put_float(&t, 4, 1);
    return with_initializer(t);
}

static Buf wrong_data_field(void)
{
    Buf t = tensor("w", 1, "1");
    put_int(&t, 5, 1);
    return with_initializer(t);
}

static Buf too_few_numbers(void)
{
    Buf t = tensor("w", 7, "3");
    put_int(&t, 7, 1);
    return with_initializer(t);
}

static Buf number_out_of_range(void)
{
    Buf t = tensor("w", 3, "1");
    put_int(&t, 5, 300);
    return with_initializer(t);
}

static Buf half_a_float(void)
{
    Buf t = tensor("w", 1, "1");
    put_bytes(&t, 4, "12345", 5);
    return with_initializer(t);
}

static Buf float_as_varint(void)
{
    Buf t = tensor("w", 1, "1");
    put_int(&t, 4, 1);
    return with_initializer(t);
}

static Buf complex_tensor(void)
{
    return with_initializer(raw_tensor("w", 15, "1", "1234567812345678", 16));
}

static Buf huge_tensor(void)
{
    Buf t = tensor("w", 1, "");
    for (int i = 0; i < 3; i++)
        put_int(&t, 1, INT64_C(1) << 31);
    return with_initializer(t);
}

static Buf negative_tensor(void)
{
    Buf t = tensor("w", 1, "");
    put_int(&t, 1, -4);
    return with_initializer(t);
}

static Buf nine_dim_tensor(void)
{
    return with_initializer(raw_tensor("w", 1, "111111111", "1234", 4));
}

static Buf segments(void)
{
    Buf t = raw_tensor("w", 1, "1", "1234", 4);
    put_message(&t, 3, (Buf){0});
    return with_initializer(t);
}

static Buf external_in_memory(void)
{
    Buf t = tensor("w", 1, "1"), entry = {0};
    put_text(&entry, 1, "location");
    put_text(&entry, 2, "w.bin");
    put_message(&t, 13, entry);
    put_int(&t, 14, 1);
    return with_initializer(t);
}

static Buf few_strings(void)
{
    Buf t = tensor("w", 8, "2");
    put_text(&t, 6, "one");
    return with_initializer(t);
}

static Buf sparse_with_index(int64_t index, int64_t dim)
{
    Buf sparse = {0}, g = relu_graph();
    put_message(&sparse, 1, raw_tensor("w", 1, "1", "1234", 4));
    put_message(&sparse, 2, raw_tensor("", 7, "1", &index, 8));
    put_int(&sparse, 3, dim);
    put_message(&g, 15, sparse);
    return model(g);
}

static Buf sparse_index_outside(void)
{
    return sparse_with_index(4, 4);
}

static Buf sparse_index_negative(void)
{
    return sparse_with_index(-1, 4);
}

static Buf sparse_too_large(void)
{
    return sparse_with_index(0, INT64_C(1) << 40);
}

static Buf attr_twice(void)
{
    Buf n = node("Op", "x", "z");
    put_message(&n, 5, attr("axis", 2));
    put_message(&n, 5, attr("axis", 2));
    return with_node(n);
}

static Buf attr_unnamed(void)
{
    return with_attr(attr("", 2));
}

static Buf attr_of_unknown_type(void)
{
    return with_attr(attr("alpha", 13));
}

static Buf attr_without_tensor(void)
{
    return with_attr(attr("value", 4));
}

static Buf attr_without_graph(void)
{
    return with_attr(attr("body", 5));
}

static Buf attr_reference(void)
{
    Buf a = attr("alpha", 1);
    put_text(&a, 21, "alpha");
    return with_attr(a);
}

static Buf constant_without_value(void)
{
    return with_node(node("Constant", "", "z"));
}

static Buf constant_with_input(void)
{
    return with_node(node("Constant", "x", "z"));
}

static const BadCase cases[] = {
    {complex_input, {"input 'in2'", "COMPLEX64", "supported"}},
    {float8_input, {"input 'in2'", "FLOAT8E5M2 (19)", "supported"}},
    {untyped_input, {"input 'in2'", "without a type"}},
    {sequence_input, {"input 'in2' is a sequence", "supported: tensors"}},
    {negative_dim, {"input 'in2'", "-7"}},
    {nine_dims, {"input 'in2' has 9 dimensions", "at most 8"}},
    {huge_input, {"input 'in2'", "too large"}},
    {raw_too_short, {"initializer 'w'", "needs 24 bytes", "holds 8"}},
    {raw_too_long, {"initializer 'w'", "needs 4 bytes", "holds 8"}},
    {no_data, {"initializer 'w'", "needs 24 bytes", "holds 0"}},
    {scalar_without_data, {"initializer 'w'", "needs 4 bytes", "holds 0"}},
    {two_data_fields, {"initializer 'w'", "several fields"}},
    {wrong_data_field, {"initializer 'w'", "for other types"}},
    {too_few_numbers, {"initializer 'w'", "needs 3 numbers", "holds 1"}},
    {number_out_of_range, {"initializer 'w'", "cannot hold"}},
    {half_a_float, {"initializer 'w'", "within an element"}},
    {float_as_varint, {"initializer 'w'", "wire type"}},
    {complex_tensor, {"initializer 'w'", "COMPLEX128"}},
    {huge_tensor, {"initializer 'w'", "too large"}},
    {negative_tensor, {"initializer 'w'", "dimension of -4"}},
    {nine_dim_tensor, {"initializer 'w'", "9 dimensions"}},
    {segments, {"initializer 'w'", "segments"}},
    {external_in_memory, {"initializer 'w'", "'w.bin'", "another file"}},
    {few_strings, {"initializer 'w'", "1 strings"}},
    {sparse_index_outside, {"initializer 'w'", "index outside"}},
    {sparse_index_negative, {"initializer 'w'", "index outside"}},
    {sparse_too_large, {"initializer 'w'", "256 MiB"}},
    {attr_twice, {"'z' (Op)", "'axis' is given twice"}},
    {attr_unnamed, {"'z' (Op)", "has no name"}},
    {attr_of_unknown_type, {"attribute 'alpha'", "type 13", "supported"}},
    {attr_without_tensor, {"attribute 'value'", "none in it"}},
    {attr_without_graph, {"attribute 'body'", "none in it"}},
    {attr_reference, {"attribute 'alpha'", "only functions"}},
    {constant_without_value, {"'z' (Constant)", "no value"}},
    {constant_with_input, {"'z' (Constant)", "1 inputs"}},
};

START_TEST(bad_models_are_refused)
{
    expect_refusal(&cases[_i]);
}
END_TEST

static const struct {
    LoadOptions options;
    const char *says[3];
} bad_options[] = {
    {{.shapes = &(InputShape){"z", {1, {1}}, NULL}, .shape_count = 1}, {"no input 'z'", "its inputs: 'x'"}},
    {{.shapes = &(InputShape){"x", {1, {2}}, NULL}, .shape_count = 1}, {"input 'x'", "[2,?]", "[2]"}},
    {{.shapes = &(InputShape){"x", {2, {3, 3}}, NULL}, .shape_count = 1}, {"input 'x'", "[2,?]", "[3,3]"}},
    {{.shapes = &(InputShape){"x", {2, {2, INT64_MAX}}, NULL}, .shape_count = 1}, {"input 'x'", "too large"}},
    {{.dims = &(InputDim){"m", 1}, .dim_count = 1}, {"dimension 'm'", "named dimensions: 'n'"}},
    {{.dims = &(InputDim){"n", -1}, .dim_count = 1}, {"'n' cannot be -1"}},
    {{.dims = &(InputDim){"n", 4}, .dim_count = 1, .shapes = &(InputShape){"x", {2, {2, 5}}, NULL}, .shape_count = 1},
     {"input 'x'", "[2,4]", "[2,5]"}},
};

START_TEST(bad_options_are_refused)
{
    Buf b = model(relu_graph());
    Loaded r = load_exact(b.data, b.length, NULL, &bad_options[_i].options);
    buf_free(&b);
    ck_assert_ptr_null(r.graph);
    ck_assert_uint_eq(r.diag->error_count, 1);
    for (int i = 0; i < 3 && bad_options[_i].says[i]; i++)
        ck_assert_msg(mentions(r.diag, bad_options[_i].says[i]), "case %d: '%s' does not say '%s'", _i,
                      r.diag->messages.items[0].text, bad_options[_i].says[i]);
    loaded_free(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("load: bad values");
    TCase *c = tcase_create("bad");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, bad_models_are_refused, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(c, bad_options_are_refused, 0, sizeof bad_options / sizeof *bad_options);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
