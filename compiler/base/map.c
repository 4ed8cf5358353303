#include "base/map.h"

#include <stdint.h>
#include <string.h>

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_text(const char *s)
{
    uint64_t h = 14695981039346656037u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h ^ h >> 29;
}

Map *map_new(Arena *a)
{
    Map *m = NEW(a, Map);
    m->arena = a;
    return m;
}

/* The slot that holds key, or the free slot where it belongs. */
static size_t find_slot(const Map *m, const char *key)
{
    size_t mask = m->slot_count - 1;
    size_t at = (size_t)hash_text(key) & mask;
    while (m->slots[at] && strcmp(m->entries.items[m->slots[at] - 1].key, key) != 0)
        at = (at + 1) & mask;
    return at;
}

static MapEntry *find(const Map *m, const char *key)
{
    if (!m->slot_count)
        return NULL;
    size_t entry = m->slots[find_slot(m, key)];
    return entry ? &m->entries.items[entry - 1] : NULL;
}

void *map_get(const Map *m, const char *key)
{
    MapEntry *e = find(m, key);
    return e ? e->value : NULL;
}

bool map_has(const Map *m, const char *key)
{
    return find(m, key) != NULL;
}

static void rehash(Map *m, size_t slot_count)
{
    m->slots = NEW_ARRAY(m->arena, size_t, slot_count);
    m->slot_count = slot_count;
    for (size_t i = 0; i < m->entries.count; i++)
        m->slots[find_slot(m, m->entries.items[i].key)] = i + 1;
}

void map_set(Map *m, const char *key, void *value)
{
    MapEntry *e = find(m, key);
    if (e) {
        e->value = value;
        return;
    }
    if ((m->entries.count + 1) * 2 > m->slot_count)
        rehash(m, m->slot_count ? m->slot_count * 2 : 16);
    MapEntry entry = {arena_strdup(m->arena, key), value};
    size_t at = find_slot(m, key);
    array_push(m->arena, &m->entries, entry);
    m->slots[at] = m->entries.count;
}
