/* .npy files: round trips, files as NumPy writes them, and damaged ones. */
#include "base/buf.h"
#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *a;
static Diag *d;

static void setup(void)
{
    a = arena_new();
    d = diag_new(a);
}

static void teardown(void)
{
    arena_free(a);
}

/* A file of format `version` with this dictionary; the data begins on 64 bytes. */
static Buf npy_file(int version, const char *dict, const void *data, size_t size)
{
    Buf b = {0};
    size_t start = version == 1 ? 10 : 12, length = strlen(dict) + 1;
    while ((start + length) % 64)
        length++;
    buf_write(&b, "\x93NUMPY", 6);
    buf_putc(&b, (char)version);
    buf_putc(&b, 0);
    for (size_t i = 0; i < start - 8; i++)
        buf_putc(&b, (char)(length >> 8 * i & 255));
    buf_puts(&b, dict);
    for (size_t i = strlen(dict); i + 1 < length; i++)
        buf_putc(&b, ' ');
    buf_putc(&b, '\n');
    buf_write(&b, data, size);
    return b;
}

/* In memory of exactly the file's size, so that a sanitizer sees every read past the end. */
static bool parse(const void *bytes, size_t size, Tensor *t)
{
    void *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    bool done = npy_parse(a, d, "x.npy", copy, size, t);
    size_t n;
    if (done && tensor_bytes(t, &n) && n) { /* data may point into the copy */
        void *kept = arena_alloc(a, n);
        memcpy(kept, t->data, n);
        t->data = kept;
    }
    free(copy);
    return done;
}

static bool parse_dict(int version, const char *dict, const void *data, size_t size, Tensor *t)
{
    Buf b = npy_file(version, dict, data, size);
    bool done = parse(b.data, b.length, t);
    buf_free(&b);
    return done;
}

START_TEST(round_trip_of_every_type)
{
    unsigned char data[48];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i & 1);
    const char *dir = io_temp_dir(a, d, NULL, "npy-");
    const char *path = io_join(a, dir, "t.npy");
    static const Shape shapes[] = {{0, {0}}, {1, {6}}, {2, {2, 3}}, {3, {2, 0, 3}}, {8, {1, 1, 2, 1, 1, 1, 3, 1}}};
    for (DType t = DT_NONE + 1; t < DT_COUNT; t++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            Tensor in = {t, shapes[i], data}, out;
            ck_assert_int_eq(npy_write(d, path, &in), *dtype_npy(t) != 0);
            if (!*dtype_npy(t))
                continue;
            size_t n;
            ck_assert(npy_read(a, d, path, &out));
            ck_assert(out.type == t && shape_equal(&out.shape, &shapes[i]) && tensor_bytes(&out, &n));
            if (n)
                ck_assert_mem_eq(out.data, data, n);
        }
}
END_TEST

START_TEST(big_endian_is_turned_round)
{
    Tensor t;
    ck_assert(
        parse_dict(1, "{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", "\0\0\1\2\xff\xff\xff\xfe", 8, &t));
    ck_assert_int_eq(tensor_int(&t, 0), 258);
    ck_assert_int_eq(tensor_int(&t, 1), -2);
    ck_assert(parse_dict(1, "{'descr': '>f2', 'fortran_order': False, 'shape': (1,), }", "\x3c\0", 2, &t));
    ck_assert(tensor_float(&t, 0) == 1);
}
END_TEST

START_TEST(fortran_order_is_turned_round)
{
    Tensor t;
    static const unsigned char data[] = {0, 3, 1, 4, 2, 5}; /* [[0,1,2],[3,4,5]] by columns */
    ck_assert(parse_dict(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", data, 6, &t));
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(tensor_int(&t, i), i);
    static const unsigned char cube[] = {0, 4, 2, 6, 1, 5, 3, 7};
    ck_assert(parse_dict(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 2), }", cube, 8, &t));
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(tensor_int(&t, i), i);
}
END_TEST

START_TEST(formats_2_and_3_and_odd_spellings)
{
    Tensor t;
    ck_assert(parse_dict(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "\0\0\x80\x3f", 4, &t));
    ck_assert(tensor_float(&t, 0) == 1);
    ck_assert(parse_dict(3, "{\"shape\":(2L,),\"fortran_order\":False,\"descr\":\"=u2\"}", "\1\0\2\0", 4, &t));
    ck_assert_int_eq(tensor_int(&t, 1), 2);
    ck_assert(parse_dict(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "\7", 1, &t));
    ck_assert_int_eq(*(const unsigned char *)t.data, 1); /* booleans are 0 or 1 */
}
END_TEST

static const char *const bad[] = {
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", /* 4 bytes too few */
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", /* one too many */
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 1, }",
    "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': '<c8', 'fortran_order': False, 'shape': (), }",
    "{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f444444444444444444444', 'fortran_order': False, 'shape': (1,), }",
    "{'descr: '<f4', 'fortran_order': False, 'shape': (1,), }",
    "{'x': 1}",
    "",
};

START_TEST(damaged_headers_are_refused)
{
    Tensor t;
    ck_assert(!parse_dict(1 + _i % 3, bad[_i], "\0\0\x80\x3f", 4, &t));
    ck_assert_uint_eq(d->error_count, 1);
    ck_assert_ptr_nonnull(strstr(d->messages.items[0].text, "x.npy"));
}
END_TEST

START_TEST(lengths_that_lie_are_refused)
{
    Tensor t;
    ck_assert(!parse("\x93NUMPY\1\0\xff\xff{'descr'", 18, &t));
    ck_assert(!parse("\x93NUMPY\2\0\xff\xff\xff\xff{'descr'", 20, &t));
    ck_assert(!parse("\x93NUMPY\2\0\0\0", 10, &t));
    ck_assert(!parse("\x93NUMPY\4\0\0\0\0\0", 12, &t));
    ck_assert(!parse("\x93NUMPX\1\0\0\0\0\0", 12, &t));
    ck_assert(!parse("", 0, &t));
}
END_TEST

START_TEST(no_cut_or_changed_copy_crashes)
{
    Tensor t;
    float data[] = {1, 2, 3, 4, 5, 6};
    Buf b = npy_file(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", data, sizeof data);
    for (size_t n = 0; n < b.length; n++)
        ck_assert(!parse(b.data, n, &t));
    for (size_t i = 0; i < b.length - sizeof data; i++)
        for (int bit = 0; bit < 8; bit++) {
            b.data[i] ^= (char)(1 << bit);
            parse(b.data, b.length, &t);
            b.data[i] ^= (char)(1 << bit);
        }
    buf_free(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base: npy");
    TCase *c = tcase_create("npy");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, round_trip_of_every_type);
    tcase_add_test(c, big_endian_is_turned_round);
    tcase_add_test(c, fortran_order_is_turned_round);
    tcase_add_test(c, formats_2_and_3_and_odd_spellings);
    tcase_add_loop_test(c, damaged_headers_are_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(c, lengths_that_lie_are_refused);
    tcase_add_test(c, no_cut_or_changed_copy_crashes);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
