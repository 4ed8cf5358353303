#include "commands/commands.h"
#include "commands/report.h"
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

/* With some options. */
static bool offered(const void *target, const char *feature)
{
    return strcmp(feature, "size") == 0 || strcmp(feature, "half") == 0 || target_has(target, feature);
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
        if (strcmp(k->set, "ref") != 0 && has_set(t, k->set) && kernel_features(k, offered, t))
            printf("    %-10s %-28s %s\n", kind_name(k->kind), k->function, k->types);
    }
    printf("    and the portable ones of set 'ref' for everything else\n");
}

static json_t *list_json(const StringList *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, report_text(list->items[i]));
    return array;
}

static json_t *target_json(const Target *t)
{
    json_t *o = json_object(), *memories = json_array();
    json_object_set_new(o, "name", report_text(t->name));
    json_object_set_new(o, "description", report_text(t->description));
    json_object_set_new(o, "word_bits", json_integer(t->word_bits));
    json_object_set_new(o, "endian", json_string(t->big_endian ? "big" : "little"));
    json_object_set_new(o, "float_unit", report_text(t->float_unit));
    json_object_set_new(o, "features", list_json(&t->features));
    json_object_set_new(o, "sets", list_json(&t->sets));
    for (size_t i = 0; i < t->memories.count; i++) {
        const Memory *m = &t->memories.items[i];
        json_t *memory = json_object();
        json_object_set_new(memory, "name", report_text(m->name));
        json_object_set_new(memory, "bytes", json_integer((json_int_t)m->bytes));
        json_object_set_new(memory, "speed", json_integer(m->speed));
        json_array_append_new(memories, memory);
    }
    json_object_set_new(o, "memories", memories);
    json_object_set_new(o, "cc", list_json(&t->cc));
    json_object_set_new(o, "run", list_json(&t->run));
    json_object_set_new(o, "packages", list_json(&t->packages));
    json_object_set_new(o, "runs_here", json_boolean(t->runs_here));
    return o;
}

static int print_all(Command *c)
{
    StringList names = {0};
    json_t *root = json_object(), *list = json_array();
    json_object_set_new(root, "targets", list);
    target_names(c->keep, &names);
    int status = EXIT_DONE;
    for (size_t i = 0; i < names.count && status == EXIT_DONE; i++) {
        Target t;
        if (!target_load(c->keep, c->diag, names.items[i], &t))
            status = EXIT_INPUT;
        else if (c->options.json)
            json_array_append_new(list, target_json(&t));
        else
            printf("%-14s %s\n", t.name, t.description);
    }
    if (status == EXIT_DONE && c->options.json)
        report_print(json_incref(root));
    json_decref(root);
    return status;
}

int command_targets(Command *c)
{
    if (c->options.arguments.count > 1) {
        diag_error(c->diag, "more than one target named");
        return EXIT_USAGE;
    }
    if (c->options.arguments.count == 0)
        return print_all(c);
    Target t;
    if (!target_load(c->keep, c->diag, c->options.arguments.items[0], &t))
        return EXIT_INPUT;
    if (c->options.json)
        report_print(target_json(&t));
    else
        print_target(&t);
    return EXIT_DONE;
}
