/* Files and hashes written piece by piece. */
#include "base/hash.h"
#include "base/io.h"
#include "base/writer.h"

#include <check.h>
#include <stdio.h>
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

START_TEST(pieces_of_any_size_become_one_file)
{
    enum { SIZE = 1000000 };
    static unsigned char data[SIZE];
    const char *dir = io_temp_dir(a, d, NULL, "adze-test-"), *path = io_join(a, dir, "file");
    for (int i = 0; i < SIZE; i++)
        data[i] = (unsigned char)(i * 7 >> 3);
    Writer *w = writer_open(a, d, path);
    ck_assert(w != NULL);
    writer_write(w, "head", 4);
    size_t at = 4;
    for (size_t piece = 1; at < SIZE; piece = piece * 5 % 200003) {
        size_t n = piece < SIZE - at ? piece : SIZE - at;
        writer_write(w, data + at, n);
        at += n;
    }
    writer_printf(w, "%d\n", 42);
    writer_head(w, data, 4);
    ck_assert(writer_close(w));
    FileBytes file;
    ck_assert(io_map(d, path, &file));
    ck_assert_uint_eq(file.size, SIZE + 3);
    ck_assert_mem_eq(file.data, data, SIZE);
    ck_assert_mem_eq((const char *)file.data + SIZE, "42\n", 3);
    io_unmap(&file);
    io_remove_tree(dir);
}
END_TEST

START_TEST(a_full_disk_is_reported_once)
{
    Writer *w = writer_open(a, d, "/dev/full");
    if (!w)
        return;
    for (int i = 0; i < 100000; i++)
        writer_puts(w, "0123456789");
    ck_assert(!writer_close(w));
    ck_assert_uint_eq(d->error_count, 1);
    ck_assert_msg(strstr(d->messages.items[0].text, "cannot write '/dev/full'"), "%s", d->messages.items[0].text);
    ck_assert(!writer_open(a, d, "/nowhere/file"));
    ck_assert_uint_eq(d->error_count, 2);
}
END_TEST

START_TEST(hashes_are_the_known_ones)
{
    unsigned char sha[32];
    char hex[65];
    Hash *h = hash_new(a);
    hash_add(h, "1234", 4);
    hash_add(h, "", 0);
    hash_add(h, "56789", 5);
    ck_assert_uint_eq(hash_crc32(h), 0xCBF43926u); /* the check value of this CRC */
    hash_sha256(h, sha);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sha[i]);
    ck_assert_str_eq(hex, sha256("123456789", 9).hex);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: writer");
    TCase *tc = tcase_create("writer");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, pieces_of_any_size_become_one_file);
    tcase_add_test(tc, a_full_disk_is_reported_once);
    tcase_add_test(tc, hashes_are_the_known_ones);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
