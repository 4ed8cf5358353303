/* A map from strings to pointers. Keys are copied into the arena. Iteration order is insertion order. */
#ifndef ADZE_BASE_MAP_H
#define ADZE_BASE_MAP_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct {
    const char *key;
    void *value;
} MapEntry;

typedef struct {
    Arena *arena;
    ARRAY(MapEntry) entries;
    size_t *slots; /* index of an entry + 1, or 0; slot_count is a power of two */
    size_t slot_count;
} Map;

Map *map_new(Arena *a);
void *map_get(const Map *m, const char *key); /* NULL when absent */
bool map_has(const Map *m, const char *key);
void map_set(Map *m, const char *key, void *value); /* replaces */

#endif
