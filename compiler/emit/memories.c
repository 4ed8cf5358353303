/* The arenas of a program: one, or one for each memory that the plan uses. The first is NAME_arena, the others are
 * named after their memory: NAME_arena_psram, handed over as arena_psram. */
#include "emit/emit.h"

size_t arena_count(const Emitter *e)
{
    return e->plan->memory_count > 1 ? (size_t)e->plan->memory_count : 1;
}

size_t arena_at(const Emitter *e, size_t offset)
{
    size_t k = arena_count(e) - 1;
    while (k > 0 && offset < e->plan->memories[k].start)
        k--;
    return k;
}

size_t arena_start(const Emitter *e, size_t k)
{
    return arena_count(e) > 1 ? e->plan->memories[k].start : 0;
}

size_t arena_size(const Emitter *e, size_t k)
{
    size_t bytes = arena_count(e) > 1 ? e->plan->memories[k].bytes : e->plan->arena_bytes;
    return bytes ? (bytes + 7) / 8 * 8 : 8;
}

const char *arena_variable(const Emitter *e, size_t k)
{
    return k ? arena_printf(e->arena, "arena_%s", c_identifier(e->arena, e->plan->memories[k].name)) : "arena";
}

const char *arena_type(const Emitter *e, size_t k)
{
    return arena_printf(e->arena, "%s_%s", e->name, arena_variable(e, k));
}
