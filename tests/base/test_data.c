/* Arena, Buf, Map, diag_quote, element types, SHA-256. */
#include "base/buf.h"
#include "base/diag.h"
#include "base/dtype.h"
#include "base/hash.h"
#include "base/map.h"

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

START_TEST(arena_gives_zeroed_aligned_memory)
{
    Arena *a = arena_new();
    for (size_t n = 0; n < 300000; n = n * 3 + 1) {
        unsigned char *p = arena_alloc(a, n);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % (n >= 64 ? 64 : 16), 0);
        ck_assert(all_zero(p, n));
        memset(p, 0xee, n);
    }
    arena_reset(a);
    ck_assert(all_zero(arena_alloc(a, 1000), 1000));
    ck_assert_ptr_ne(arena_alloc(a, 0), arena_alloc(a, 0));
    arena_free(a);
}
END_TEST

START_TEST(arena_frees_large_data_singly)
{
    Arena *a = arena_new();
    const void *first;
    size_t bytes;
    char *small = arena_alloc(a, 100), *one = arena_alloc(a, 1 << 20), *two = arena_alloc(a, 1 << 20);
    ck_assert(!arena_large(a, small, &first, &bytes));
    ck_assert(arena_large(a, one + 5000, &first, &bytes));
    ck_assert((const char *)first <= one && (const char *)first + bytes >= one + (1 << 20));
    arena_free_large(a, small);
    arena_free_large(a, one + 5000);
    ck_assert(!arena_large(a, one, &first, &bytes));
    ck_assert(arena_large(a, two, &first, &bytes));
    memset(two, 1, 1 << 20);
    memset(small, 1, 100);
    arena_free(a);
}
END_TEST

static Arena *volatile at_exit; /* still reachable, for leak checkers */

START_TEST(arena_refuses_what_overflows)
{
    at_exit = arena_new();
    arena_array(at_exit, SIZE_MAX / 4, 8);
}
END_TEST

START_TEST(arena_text_and_lists)
{
    Arena *a = arena_new();
    ck_assert_str_eq(arena_printf(a, "%s-%d", "conv", 7), "conv-7");
    ck_assert_str_eq(arena_strndup(a, "kernel", 4), "kern");
    ARRAY(int) list = {0};
    for (int i = 0; i < 1000; i++)
        array_push(a, &list, i);
    ck_assert_uint_eq(list.count, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(list.items[i], i);
    arena_free(a);
}
END_TEST

START_TEST(buf_grows)
{
    Buf b = {0};
    ck_assert_str_eq(buf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    buf_putc(&b, '!');
    buf_write(&b, NULL, 0);
    ck_assert_uint_eq(b.length, 3891);
    ck_assert_str_eq(buf_text(&b) + b.length - 5, "999,!");
    buf_free(&b);
    ck_assert_uint_eq(b.length, 0);
}
END_TEST

START_TEST(map_keeps_order_and_replaces)
{
    Arena *a = arena_new();
    Map *m = map_new(a);
    static int values[2000];
    char key[16];
    ck_assert(!map_has(m, "k0"));
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        map_set(m, key, &values[i]);
    }
    map_set(m, "k7", NULL);
    map_set(m, "", &values[1]);
    ck_assert_uint_eq(m->entries.count, 2001);
    ck_assert(map_has(m, "k7") && !map_get(m, "k7"));
    ck_assert_ptr_eq(map_get(m, "k1999"), &values[1999]);
    ck_assert_ptr_eq(map_get(m, ""), &values[1]);
    ck_assert_str_eq(m->entries.items[1999].key, "k1999");
    ck_assert_ptr_null(map_get(m, "absent"));
    arena_free(a);
}
END_TEST

static const struct {
    const char *name, *quoted;
} quotes[] = {
    {"conv1", "'conv1'"},
    {"", "''"},
    {"a\nb\033[31m", "'a\\x0ab\\x1b[31m'"},
    {"caf\xc3\xa9", "'caf\xc3\xa9'"},
    {"\xc3", "'\\xc3'"}, /* cut UTF-8 */
    {"\xff\xfe", "'\\xff\\xfe'"},
    {"\xc2\x9b", "'\\xc2\\x9b'"}, /* a control character beyond ASCII */
};

START_TEST(quoted_names_are_fit_for_a_terminal)
{
    Arena *a = arena_new();
    ck_assert_str_eq(diag_quote(a, quotes[_i].name), quotes[_i].quoted);
    ck_assert_str_eq(diag_quote(a, NULL), "''");
    char longer[1000];
    memset(longer, 'x', 999);
    longer[999] = 0;
    ck_assert_uint_lt(strlen(diag_quote(a, longer)), 210);
    arena_free(a);
}
END_TEST

START_TEST(diagnostics_are_written_once_and_summed_up)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    d->file = "kws.onnx";
    ck_assert(!diag_error(d, "node %d", 1));
    diag_warning(d, "slow");
    diag_flush(d, f);
    diag_flush(d, f);
    for (int i = 0; i < 150; i++)
        diag_note(d, "more");
    diag_flush(d, f);
    fclose(f);
    ck_assert_int_eq(
        strncmp(text, "adze: error: kws.onnx: node 1\nadze: warning: kws.onnx: slow\nadze: note: kws.onnx", 80), 0);
    ck_assert_ptr_nonnull(strstr(text, "50 more messages"));
    ck_assert_uint_eq(d->error_count, 1);
    free(text);
    arena_free(a);
}
END_TEST

START_TEST(digests_are_those_of_fips_180)
{
    ck_assert_str_eq(sha256("", 0).hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_str_eq(sha256("abc", 3).hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    ck_assert_str_eq(sha256(million, 1000000).hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}
END_TEST

START_TEST(type_names_go_both_ways)
{
    for (DType t = DT_NONE + 1; t < DT_COUNT; t++) {
        ck_assert_int_eq(dtype_from_name(dtype_name(t)), t);
        ck_assert_int_eq(dtype_from_onnx(dtype_to_onnx(t)), t);
        if (*dtype_npy(t))
            ck_assert_int_eq(dtype_from_npy(dtype_npy(t)), t);
        ck_assert(!(dtype_is_float(t) && dtype_is_int(t)));
        ck_assert_uint_ge(dtype_size(t), 1);
    }
    ck_assert_int_eq(dtype_from_onnx(17), DT_NONE);
    ck_assert_int_eq(dtype_from_onnx(0), DT_NONE);
    ck_assert_int_eq(dtype_from_npy(""), DT_NONE);
    ck_assert_str_eq(dtype_name(DT_NONE), "?");
}
END_TEST

START_TEST(sizes_do_not_overflow)
{
    size_t n;
    ck_assert(dtype_bytes(DT_I4, 3, &n) && n == 2);
    ck_assert(dtype_bytes(DT_F64, 5, &n) && n == 40);
    ck_assert(dtype_bytes(DT_F32, 0, &n) && n == 0);
    ck_assert(!dtype_bytes(DT_F32, -1, &n));
    ck_assert(!dtype_bytes(DT_F32, INT64_MAX, &n));
    ck_assert(!dtype_bytes(DT_NONE, 1, &n));
    Shape huge = {3, {INT64_C(1) << 31, INT64_C(1) << 31, 8}};
    ck_assert_int_eq(shape_count(&huge), -1);
    huge.dim[2] = 0; /* no elements, whatever the others are */
    ck_assert_int_eq(shape_count(&huge), 0);
    Shape open = {2, {-1, 3}}, scalar = {0, {0}};
    ck_assert_int_eq(shape_count(&open), -1);
    ck_assert_int_eq(shape_count(&scalar), 1);
}
END_TEST

START_TEST(shapes_as_text)
{
    char t[SHAPE_TEXT_BYTES];
    ck_assert_str_eq(shape_text(&(Shape){3, {1, -1, 224}}, t, sizeof t), "[1,?,224]");
    ck_assert_str_eq(shape_text(&(Shape){0, {0}}, t, sizeof t), "[]");
    ck_assert_str_eq(shape_text(&(Shape){-1, {0}}, t, sizeof t), "[?...]");
    Shape full = {MAX_RANK, {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}};
    ck_assert_uint_lt(strlen(shape_text(&full, t, sizeof t)), SHAPE_TEXT_BYTES);
    ck_assert_uint_lt(strlen(shape_text(&full, t, 10)), 10);
}
END_TEST

START_TEST(every_half_survives_a_round_trip)
{
    for (uint32_t h = 0; h < 65536; h++) {
        float f = half_to_float((uint16_t)h), b = bfloat16_to_float((uint16_t)h);
        if (isnan(f))
            ck_assert(isnan(half_to_float(float_to_half(f))));
        else
            ck_assert_uint_eq(float_to_half(f), h);
        if (!isnan(b))
            ck_assert_uint_eq(float_to_bfloat16(b), h);
    }
}
END_TEST

/* Ties and ranges of binary16: 2^-24 is its smallest subnormal, 65504 its largest number. */
START_TEST(halves_round_to_nearest_even)
{
    ck_assert_uint_eq(float_to_half(0x1p-25f), 0);
    ck_assert_uint_eq(float_to_half(0x1.000002p-25f), 1);
    ck_assert_uint_eq(float_to_half(0x1.8p-24f), 2);
    ck_assert_uint_eq(float_to_half(1 + 0x1p-11f), 0x3c00);
    ck_assert_uint_eq(float_to_half(1 + 0x3p-11f), 0x3c02);
    ck_assert_uint_eq(float_to_half(65519.996f), 0x7bff);
    ck_assert_uint_eq(float_to_half(65520), 0x7c00);
    ck_assert_uint_eq(float_to_half(-INFINITY), 0xfc00);
    ck_assert_uint_eq(float_to_half(0x1.ffcp-15f), 0x0400); /* rounds up into the normal numbers */
    ck_assert_uint_eq(float_to_bfloat16(1 + 0x1p-8f), 0x3f80);
    ck_assert_uint_eq(float_to_bfloat16(1 + 0x3p-8f), 0x3f82);
    ck_assert_uint_eq(float_to_bfloat16(3.4028235e38f), 0x7f80);
}
END_TEST

START_TEST(elements_as_numbers)
{
    unsigned char bytes[] = {0, 0x21, 0xf8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0};
    Tensor t = {DT_U4, {1, {4}}, bytes + 1};
    ck_assert_int_eq(tensor_int(&t, 0), 1);
    ck_assert_int_eq(tensor_int(&t, 1), 2);
    t.type = DT_I4;
    ck_assert_int_eq(tensor_int(&t, 2), -8);
    ck_assert_int_eq(tensor_int(&t, 3), -1);
    t = (Tensor){DT_I32, {1, {1}}, bytes + 3}; /* not aligned */
    ck_assert_int_eq(tensor_int(&t, 0), -1);
    ck_assert(tensor_float(&t, 0) == -1);
    t.type = DT_U32;
    ck_assert_int_eq(tensor_int(&t, 0), UINT32_MAX);
    float f[] = {NAN, 1e30f, -2.5f};
    t = (Tensor){DT_F32, {1, {3}}, f};
    ck_assert_int_eq(tensor_int(&t, 0), 0);
    ck_assert_int_eq(tensor_int(&t, 1), INT64_MAX);
    ck_assert_int_eq(tensor_int(&t, 2), -2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base: data");
    TCase *c = tcase_create("data");
    tcase_add_test(c, arena_gives_zeroed_aligned_memory);
    tcase_add_test(c, arena_frees_large_data_singly);
    tcase_add_exit_test(c, arena_refuses_what_overflows, 1);
    tcase_add_test(c, arena_text_and_lists);
    tcase_add_test(c, buf_grows);
    tcase_add_test(c, map_keeps_order_and_replaces);
    tcase_add_loop_test(c, quoted_names_are_fit_for_a_terminal, 0, sizeof quotes / sizeof *quotes);
    tcase_add_test(c, diagnostics_are_written_once_and_summed_up);
    tcase_add_test(c, digests_are_those_of_fips_180);
    tcase_add_test(c, type_names_go_both_ways);
    tcase_add_test(c, sizes_do_not_overflow);
    tcase_add_test(c, shapes_as_text);
    tcase_add_test(c, every_half_survives_a_round_trip);
    tcase_add_test(c, halves_round_to_nearest_even);
    tcase_add_test(c, elements_as_numbers);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
