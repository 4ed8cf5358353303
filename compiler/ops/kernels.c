/* The table of kernels (kernels.def) and which steps a row serves. */
#include "ops/kernels_run.h"
#include "ops/pack.h"
#include "ops/pack_dsp.h"
#include "ops/pack_half.h"
#include "ops/pack_q16.h"
#include "ops/pack_q4.h"
#include "ops/pack_q4g.h"
#include "ops/pack_qavx2.h"
#include "ops/pack_qtile.h"

#include <string.h>

#define ROW(function, set, feature, header, KIND, name, types, params, priority, accepts, scratch, packed, pack,       \
            unpack, run)                                                                                               \
    {#function, set,     feature, header, KIND_##KIND, name,   types, #params,                                         \
     priority,  accepts, scratch, packed, pack,        unpack, run},

const Kernel kernels[] = {
#define KERNEL(function, set, feature, header, KIND, name, types, params, nin, nout, has_scratch, priority, accepts,   \
               scratch, packed, pack, unpack)                                                                          \
    ROW(function, set, feature, header, KIND, name, types, params, priority, accepts, scratch, packed, pack, unpack,   \
        run_##function)
#if defined(__x86_64__)
#define KERNEL_X86 KERNEL
#else
#define KERNEL_X86(function, set, feature, header, KIND, name, types, params, nin, nout, has_scratch, priority,        \
                   accepts, scratch, packed, pack, unpack)                                                             \
    ROW(function, set, feature, header, KIND, name, types, params, priority, accepts, scratch, packed, pack, unpack,   \
        NULL)
#endif
#define KERNEL_ARM(function, set, feature, header, KIND, name, types, params, nin, nout, has_scratch, priority,        \
                   accepts, scratch, packed, pack, unpack)                                                             \
    ROW(function, set, feature, header, KIND, name, types, params, priority, accepts, scratch, packed, pack, unpack,   \
        NULL)
#include "ops/kernels.def"
#undef KERNEL
#undef KERNEL_X86
#undef KERNEL_ARM
};
const size_t kernel_count = sizeof kernels / sizeof kernels[0];

/* One entry of a types string, such as "f32", "*" or "=4". */
static bool type_fits(const char *entry, size_t length, DType t)
{
    if (length == 1 && entry[0] == '*')
        return true;
    if (length == 2 && entry[0] == '=')
        return t != DT_NONE && t != DT_STRING && t != DT_U4 && t != DT_I4 && dtype_size(t) == (size_t)(entry[1] - '0');
    const char *name = dtype_name(t);
    return strlen(name) == length && memcmp(name, entry, length) == 0;
}

/* The operands against the comma-separated entries up to `end`; *types moves behind them. Operands that are left out
 * fit any entry, and so do entries past the last operand. */
static bool operands_fit(const char **types, char end, Value *const *operands, int count)
{
    const char *at = *types;
    int i = 0;
    for (; *at && *at != end; i++) {
        size_t length = strcspn(at, ",>");
        if (i < count && operands[i] && !type_fits(at, length, operands[i]->type))
            return false;
        at += length;
        if (*at == ',')
            at++;
    }
    *types = *at ? at + 1 : at;
    for (; i < count; i++)
        if (operands[i])
            return false;
    return true;
}

bool kernel_features(const Kernel *k, bool (*has)(const void *context, const char *feature), const void *context)
{
    char name[16];
    for (const char *at = k->feature; *at;) {
        const size_t length = strcspn(at, " ");
        if (length >= sizeof name)
            return false;
        memcpy(name, at, length);
        name[length] = '\0';
        if (!has(context, name))
            return false;
        at += length + (at[length] == ' ');
    }
    return true;
}

bool kernel_serves(const Kernel *k, const Step *s)
{
    if (k->kind != s->kind || strcmp(k->params, s->params_type) != 0)
        return false;
    if (k->name && (!s->function || strcmp(k->name, s->function) != 0))
        return false;
    const char *types = k->types;
    return operands_fit(&types, '>', s->in, s->in_count) && operands_fit(&types, '\0', s->out, s->out_count) &&
           (!k->accepts || k->accepts(s));
}

const Kernel *kernel_ref(const Step *s)
{
    const Kernel *best = NULL;
    for (size_t i = 0; i < kernel_count; i++)
        if (strcmp(kernels[i].set, "ref") == 0 && !kernels[i].pack && kernel_serves(&kernels[i], s) &&
            (!best || kernels[i].priority > best->priority))
            best = &kernels[i];
    return best;
}
