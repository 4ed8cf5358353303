/* Memory by arenas: `keep` lives as long as the compilation, `scratch` is reset after each pass; nothing is freed
 * singly but large data that nobody reads any more (arena_free_large). Allocation never returns NULL: when memory ends,
 * the process reports it, removes its temporary files (see io.h) and exits with status 1. */
#ifndef ADZE_BASE_ARENA_H
#define ADZE_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_reset(Arena *a); /* everything allocated from it so far is gone; the arena stays usable */
void arena_free(Arena *a);

/* Zeroed, aligned for any type (and to 64 bytes when `bytes` >= 64). bytes == 0 gives a valid unique pointer. */
void *arena_alloc(Arena *a, size_t bytes);
/* count * size, checked for overflow. */
void *arena_array(Arena *a, size_t count, size_t size);
/* A larger copy: old_bytes of old are kept, the rest is zero. */
void *arena_grow(Arena *a, const void *old, size_t old_bytes, size_t new_bytes);
char *arena_strdup(Arena *a, const char *s);
char *arena_strndup(Arena *a, const char *s, size_t n);
char *arena_printf(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *a, const char *format, va_list args);

/* Whether p points into an allocation that is large enough to have a block of its own, and which bytes that is. */
bool arena_large(const Arena *a, const void *p, const void **first, size_t *bytes);
/* Frees the large allocation that p points into; does nothing when there is none. */
void arena_free_large(Arena *a, const void *p);

/* What malloc's users outside the arena call: malloc that never returns NULL. */
void *xmalloc(size_t bytes);
_Noreturn void out_of_memory(void);

#define NEW(arena, T) ((T *)arena_alloc((arena), sizeof(T)))
#define NEW_ARRAY(arena, T, n) ((T *)arena_array((arena), (size_t)(n), sizeof(T)))

/* A growing list: `ARRAY(Node *) nodes;`, then array_push(arena, &list, node). Its memory is the arena's. */
#define ARRAY(T)                                                                                                       \
    struct {                                                                                                           \
        T *items;                                                                                                      \
        size_t count, capacity;                                                                                        \
    }
#define array_push(arena, list, item)                                                                                  \
    do {                                                                                                               \
        if ((list)->count == (list)->capacity) {                                                                       \
            size_t wider_ = (list)->capacity ? (list)->capacity * 2 : 8;                                               \
            (list)->items = arena_grow((arena), (list)->items, (list)->count * sizeof *(list)->items,                  \
                                       wider_ * sizeof *(list)->items);                                                \
            (list)->capacity = wider_;                                                                                 \
        }                                                                                                              \
        (list)->items[(list)->count++] = (item);                                                                       \
    } while (0)

#endif
