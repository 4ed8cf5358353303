/* Chooses a kernel for every step: of the rows that serve it and whose feature the target has, the one of the highest
 * priority whose set the target names; `ref` always serves. */
#include "lower/lower.h"
#include "ops/pack_q4.h"

#include <string.h>

static bool set_allowed(const Target *t, const char *set)
{
    if (strcmp(set, "ref") == 0)
        return true;
    for (size_t i = 0; i < t->sets.count; i++)
        if (strcmp(t->sets.items[i], set) == 0)
            return true;
    return false;
}

static bool has_feature(const void *target, const char *feature)
{
    return target_has(target, feature);
}

static const Kernel *best_kernel(const Step *s, const Target *t)
{
    const Kernel *best = NULL;
    for (size_t i = 0; i < kernel_count; i++) {
        const Kernel *k = &kernels[i];
        if (!set_allowed(t, k->set) || !kernel_features(k, has_feature, t) || !kernel_serves(k, s))
            continue;
        if (!best || k->priority > best->priority)
            best = k;
    }
    return best;
}

/* fold has made constants of what it could; C has no arrays of no elements. */
static bool operands_exist(const Plan *p, const Step *s, Diag *d)
{
    for (int i = 0; i < s->in_count; i++)
        if (s->in[i] && shape_count(&s->in[i]->shape) == 0)
            return diag_error(d, "%s: its input %d has no elements; supported: tensors of at least one element",
                              s->node ? node_label(p->arena, s->node) : "copy", i);
    return true;
}

bool select_kernels(Plan *p, const Target *target, Diag *d)
{
    size_t errors = d->error_count;
    for (size_t i = 0; i < p->steps.count; i++) {
        Step *s = p->steps.items[i];
        if (!operands_exist(p, s, d))
            continue;
        s->kernel = best_kernel(s, target);
        if (s->kernel) {
            s->scratch_bytes = s->kernel->scratch ? s->kernel->scratch(s) : 0;
            if (s->node && q4_stays(s))
                graph_note(p->graph, "select", s->node, 0, "%s", q4_stays(s));
            continue;
        }
        diag_error(d, "%s: no kernel for %s%s%s on %s; hint: docs/operators.md lists the types that are supported",
                   s->node ? node_label(p->arena, s->node) : "copy", kind_name(s->kind), s->function ? " " : "",
                   s->function ? s->function : "", s->in_count && s->in[0] ? dtype_name(s->in[0]->type) : "?");
    }
    return d->error_count == errors;
}
