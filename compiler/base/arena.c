#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, LARGE_BYTES = BLOCK_BYTES / 4, ALIGN_SMALL = 16, ALIGN_LARGE = 64 };

typedef struct Block {
    struct Block *next;
    size_t size, used; /* of the bytes behind this header */
} Block;

struct Arena {
    Block *blocks; /* the first one is being filled */
    Block *large;  /* of one allocation each */
};

_Noreturn void out_of_memory(void)
{
    fputs("adze: error: out of memory\n", stderr);
    exit(1);
}

void *xmalloc(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p)
        out_of_memory();
    return p;
}

static unsigned char *block_data(Block *b)
{
    return (unsigned char *)(b + 1);
}

static Block *block_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(Block))
        out_of_memory();
    Block *b = calloc(1, sizeof(Block) + size);
    if (!b)
        out_of_memory();
    b->size = size;
    return b;
}

Arena *arena_new(void)
{
    return memset(xmalloc(sizeof(Arena)), 0, sizeof(Arena));
}

static void free_blocks(Block **list)
{
    for (Block *b = *list, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *list = NULL;
}

void arena_reset(Arena *a)
{
    free_blocks(&a->blocks);
    free_blocks(&a->large);
}

void arena_free(Arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    free(a);
}

/* The offset in b where an object aligned to `align` may start. */
static size_t aligned_offset(Block *b, size_t align)
{
    uintptr_t at = (uintptr_t)block_data(b) + b->used;
    return b->used + (size_t)(-at & (align - 1));
}

void *arena_alloc(Arena *a, size_t bytes)
{
    size_t align = bytes >= ALIGN_LARGE ? ALIGN_LARGE : ALIGN_SMALL;
    if (bytes == 0)
        bytes = 1;
    bool large = bytes > LARGE_BYTES;
    Block *b = large ? NULL : a->blocks;
    if (!b || aligned_offset(b, align) > b->size || b->size - aligned_offset(b, align) < bytes) {
        if (bytes > SIZE_MAX - ALIGN_LARGE)
            out_of_memory();
        b = block_new(large ? bytes + ALIGN_LARGE : BLOCK_BYTES);
        Block **list = large ? &a->large : &a->blocks;
        b->next = *list;
        *list = b;
    }
    size_t at = aligned_offset(b, align);
    b->used = at + bytes;
    return block_data(b) + at;
}

static Block **find_large(Arena *a, const void *p)
{
    Block **at = &a->large;
    while (*at &&
           ((const unsigned char *)p < block_data(*at) || (const unsigned char *)p >= block_data(*at) + (*at)->size))
        at = &(*at)->next;
    return at;
}

bool arena_large(const Arena *a, const void *p, const void **first, size_t *bytes)
{
    Block *b = *find_large((Arena *)(uintptr_t)a, p);
    if (!b)
        return false;
    *first = block_data(b);
    *bytes = b->size;
    return true;
}

void arena_free_large(Arena *a, const void *p)
{
    Block **at = find_large(a, p), *b = *at;
    if (!b)
        return;
    *at = b->next;
    free(b);
}

void *arena_array(Arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        out_of_memory();
    return arena_alloc(a, count * size);
}

void *arena_grow(Arena *a, const void *old, size_t old_bytes, size_t new_bytes)
{
    void *p = arena_alloc(a, new_bytes);
    if (old_bytes)
        memcpy(p, old, old_bytes);
    return p;
}

char *arena_strndup(Arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (n)
        memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(Arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(Arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        out_of_memory();
    char *s = arena_alloc(a, (size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, format, again);
    va_end(again);
    return s;
}

char *arena_printf(Arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *s = arena_vprintf(a, format, args);
    va_end(args);
    return s;
}
