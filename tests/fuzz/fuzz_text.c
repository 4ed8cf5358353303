/* The text form of a graph to a plan; what is printed reads back and prints the same. The texts of tests/passes and
 * tests/operators hold more behind their graph ("---" and on), which is cut off. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

FUZZ_TARGET(text)(const uint8_t *data, size_t size)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    const char *end = size ? memmem(data, size, "\n---", 4) : NULL;
    size_t length = end ? (size_t)(end - (const char *)data) : size;
    Graph *g = graph_read(a, d, (const char *)data, length, NULL);
    fuzz_promise(g ? !d->error_count : d->error_count > 0);
    if (g && graph_check(g, d, "read")) {
        Buf one = {0}, two = {0};
        graph_print(g, &one);
        Graph *again = graph_read(a, d, buf_text(&one), one.length, NULL);
        fuzz_promise(again != NULL);
        graph_print(again, &two);
        fuzz_promise(strcmp(buf_text(&one), buf_text(&two)) == 0);
        buf_free(&one);
        buf_free(&two);
        fuzz_line(a, d, g);
    }
    arena_free(a);
    return 0;
}
