#include "commands/commands.h"
#include "ops/plan.h"

#include <stdio.h>
#include <string.h>

static void print_list(const char *title, const StringList *list)
{
    printf("  %-12s", title);
    for (size_t i = 0; i < list->count; i++)
        printf(" %s", list->items[i]);
    printf("%s\n", list->count ? "" : " -");
}

static bool has_set(const Target *t, const char *set)
{
    if (strcmp(set, "ref") == 0)
        return true;
    for (size_t i = 0; i < t->sets.count; i++)
        if (strcmp(t->sets.items[i], set) == 0)
            return true;
    return false;
}

static void print_target(const Target *t)
{
    printf("%s: %s\n", t->name, t->description);
    printf("  %-12s %d bit, %s endian, float unit: %s\n", "machine", t->word_bits, t->big_endian ? "big" : "little",
           t->float_unit);
    print_list("features", &t->features);
    print_list("kernel sets", &t->sets);
    for (size_t i = 0; i < t->memories.count; i++)
        printf("  %-12s %s, %zu bytes\n", "memory", t->memories.items[i].name, t->memories.items[i].bytes);
    print_list("compiler", &t->cc);
    print_list("run by", &t->run);
    print_list("packages", &t->packages);
    printf("  kernels\n");
    for (size_t i = 0; i < kernel_count; i++) {
        const Kernel *k = &kernels[i];
        if (strcmp(k->set, "ref") != 0 && has_set(t, k->set) && (!k->feature[0] || target_has(t, k->feature)))
            printf("    %-10s %-28s %s\n", kind_name(k->kind), k->function, k->types);
    }
    printf("    and the portable ones of set 'ref' for everything else\n");
}

int command_targets(Command *c)
{
    StringList names = {0};
    if (c->options.arguments.count > 1) {
        diag_error(c->diag, "more than one target named");
        return EXIT_USAGE;
    }
    if (c->options.arguments.count == 1) {
        Target t;
        if (!target_load(c->keep, c->diag, c->options.arguments.items[0], &t))
            return EXIT_INPUT;
        print_target(&t);
        return EXIT_DONE;
    }
    target_names(c->keep, &names);
    for (size_t i = 0; i < names.count; i++) {
        Target t;
        if (!target_load(c->keep, c->diag, names.items[i], &t))
            return EXIT_INPUT;
        printf("%-14s %s\n", t.name, t.description);
    }
    return EXIT_DONE;
}
