/* embed OUT.inc [NAME=]PATH...: writes files, and all files below folders, as rows of C: {name, bytes, size}, sorted by
 * name. compiler/base/embed.c includes the result. A file goes by its path, or by NAME. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    char *name, *path;
} Item;

static Item *items;
static size_t count;

static void fail(const char *what, const char *path)
{
    fprintf(stderr, "embed: %s: ", path);
    perror(what);
    exit(1);
}

static char *copy(const char *a, const char *b, const char *c)
{
    size_t n = strlen(a) + strlen(b) + strlen(c) + 1;
    char *s = malloc(n);
    if (!s)
        fail("malloc", a);
    snprintf(s, n, "%s%s%s", a, b, c);
    return s;
}

static void add(const char *name, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        fail("stat", path);
    if (!S_ISDIR(st.st_mode)) {
        items = realloc(items, (count + 1) * sizeof *items);
        if (!items)
            fail("realloc", path);
        items[count++] = (Item){copy(name, "", ""), copy(path, "", "")};
        return;
    }
    DIR *d = opendir(path);
    if (!d)
        fail("opendir", path);
    for (struct dirent *e; (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        if (e->d_name[0] == '.' || e->d_name[n - 1] == '~')
            continue;
        char *inner_name = copy(name, "/", e->d_name), *inner_path = copy(path, "/", e->d_name);
        add(inner_name, inner_path);
        free(inner_name);
        free(inner_path);
    }
    closedir(d);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Item *)a)->name, ((const Item *)b)->name);
}

/* Three octal digits always, so that a digit behind an escape cannot join it. */
static size_t write_bytes(FILE *out, FILE *in)
{
    size_t size = 0;
    for (int c; (c = getc(in)) != EOF; size++) {
        if (size % 96 == 0)
            fputs(size ? "\"\n    \"" : "    \"", out);
        if (c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '?')
            putc(c, out);
        else
            fprintf(out, "\\%03o", c);
    }
    fputs(size ? "\"" : "    \"\"", out);
    return size;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: embed OUT.inc [NAME=]PATH...\n", stderr);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals)
            *equals = 0;
        add(argv[i], equals ? equals + 1 : argv[i]);
    }
    qsort(items, count, sizeof *items, by_name);
    FILE *out = fopen(argv[1], "w");
    if (!out)
        fail("open", argv[1]);
    size_t *sizes = calloc(count + 1, sizeof *sizes);
    if (!sizes)
        fail("calloc", argv[1]);
    for (size_t i = 0; i < count; i++) {
        FILE *in = fopen(items[i].path, "rb");
        if (!in)
            fail("open", items[i].path);
        fprintf(out, "static const unsigned char file_%zu[] =\n", i);
        sizes[i] = write_bytes(out, in);
        fputs(";\n", out);
        fclose(in);
    }
    fputs("const struct EmbeddedFile embedded_files[] = {\n", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "    {\"%s\", file_%zu, %zu},\n", items[i].name, i, sizes[i]);
    fprintf(out, "};\nconst size_t embedded_count = %zu;\n", count);
    if (fclose(out) != 0)
        fail("write", argv[1]);
    return 0;
}
