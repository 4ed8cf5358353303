/* The memories of the target against what the model needs of them, in sentences. */
#include "emit/measure.h"

#include <string.h>
#include <strings.h>

/* Constants can lie in it, buffers cannot. */
static bool is_read_only(const Memory *m)
{
    static const char *const words[] = {"flash", "rom", "nor", "xip"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(m->name, words[i]))
            return true;
    return false;
}

static const Memory *find_memory(const Target *t, const char *name)
{
    for (size_t i = 0; i < t->memories.count; i++)
        if (strcmp(t->memories.items[i].name, name) == 0)
            return &t->memories.items[i];
    return NULL;
}

/* The fastest RAM that holds `need` bytes, else the largest. */
static const Memory *choose_ram(const Target *t, size_t need)
{
    const Memory *best = NULL;
    for (size_t i = 0; i < t->memories.count; i++) {
        const Memory *m = &t->memories.items[i];
        if (is_read_only(m))
            continue;
        bool holds = m->bytes >= need, best_holds = best && best->bytes >= need;
        if (!best || (holds && !best_holds) || (holds && best_holds && m->speed < best->speed) ||
            (!holds && !best_holds && m->bytes > best->bytes))
            best = m;
    }
    return best;
}

static const Memory *choose_flash(const Target *t)
{
    const Memory *best = NULL;
    for (size_t i = 0; i < t->memories.count; i++)
        if (is_read_only(&t->memories.items[i]) && (!best || t->memories.items[i].bytes > best->bytes))
            best = &t->memories.items[i];
    return best;
}

/* rest: what else must go there, "the code" or "the stack and the rest of the firmware". */
static void add_fit(Report *r, const Memory *m, size_t need, const char *what, const char *rest)
{
    Arena *a = r->emitter->arena;
    Fit f = {.memory = shown_name(a, m->name), .need = need, .have = m->bytes, .what = what};
    if (need <= m->bytes) {
        f.sentence = arena_printf(a, "Fits into %s: %s %s of %s bytes (%.1f %%); %s bytes remain for %s", f.memory,
                                  what, with_commas((int64_t)need), with_commas((int64_t)m->bytes),
                                  m->bytes ? 100.0 * (double)need / (double)m->bytes : 0.0,
                                  with_commas((int64_t)(m->bytes - need)), rest);
    } else {
        f.sentence = arena_printf(a, "Does not fit into %s: %s %s bytes, %s more than the %s that there are", f.memory,
                                  what, with_commas((int64_t)need), with_commas((int64_t)(need - m->bytes)),
                                  with_commas((int64_t)m->bytes));
        r->fits_all = false;
    }
    array_push(a, &r->fits, f);
}

static const char rest_of_ram[] = "the stack and the rest of the firmware";

/* The plan has put parts of the arena into named memories; inputs and outputs count to the last, slowest one. */
static bool fit_parts(Report *r)
{
    const Plan *p = r->emitter->plan;
    if (p->memory_count < 2)
        return false;
    for (int i = 0; i < p->memory_count; i++) {
        const Memory *m = find_memory(r->emitter->target, p->memories[i].name);
        bool last = i == p->memory_count - 1;
        if (m)
            add_fit(r, m, p->memories[i].bytes + (last ? r->io_bytes : 0),
                    last ? "part of the arena, inputs and outputs take" : "part of the arena takes", rest_of_ram);
    }
    return true;
}

void report_fits(Report *r)
{
    const Target *t = r->emitter->target;
    r->fits_all = true;
    const Memory *flash = choose_flash(t);
    if (flash)
        add_fit(r, flash, r->weight_bytes, "the weights take", "the code, whose size is known after a build");
    if (fit_parts(r))
        return;
    size_t need = r->arena_bytes + r->io_bytes + (flash ? 0 : r->weight_bytes);
    const Memory *ram = choose_ram(t, need);
    if (ram)
        add_fit(r, ram, need, flash ? "arena, inputs and outputs take" : "arena, inputs, outputs and weights take",
                rest_of_ram);
}
