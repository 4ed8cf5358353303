/* adze eval: accuracy of the emitted program over labelled samples. */
#include "base/io.h"
#include "base/progress.h"
#include "commands/build.h"
#include "commands/quantise.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 250, MAX_THREADS = 16 };

typedef struct {
    size_t samples, correct, in_top;
    long top;
} Score;

/* Chunks of cases that threads take one by one; each thread has a folder, an arena and messages of its own. */
typedef struct {
    const Build *build;
    const unsigned char *in;
    unsigned char *out;
    size_t cases;
    atomic_size_t next, done, running;
    atomic_int status;
} Job;

typedef struct {
    Job *job;
    Arena *arena;
    Diag *diag;
    Program program;
    pthread_t thread;
} Worker;

static void *work(void *context)
{
    Worker *w = context;
    Job *j = w->job;
    RunOptions options = {.timeout_seconds = 3600};
    size_t first;
    while (atomic_load(&j->status) == EXIT_DONE && (first = atomic_fetch_add(&j->next, CHUNK)) < j->cases) {
        size_t n = j->cases - first < CHUNK ? j->cases - first : CHUNK;
        RunResult r;
        if (!program_run(w->arena, w->diag, &w->program, j->in + first * j->build->in_bytes, j->build->in_bytes, n,
                         j->out + first * j->build->out_bytes, j->build->out_bytes, &options, &r))
            atomic_store(&j->status, r.exit_status ? r.exit_status : EXIT_TOOL);
        atomic_fetch_add(&j->done, n);
    }
    atomic_fetch_sub(&j->running, 1);
    return NULL;
}

static bool start_worker(Command *c, Job *j, Worker *w, long index)
{
    w->job = j;
    w->arena = arena_new();
    w->diag = diag_new(w->arena);
    w->program = j->build->program;
    w->program.run_dir = arena_printf(c->keep, "%s-%ld", j->build->program.run_dir, index);
    atomic_fetch_add(&j->running, 1);
    if (io_make_dir(c->diag, w->program.run_dir) && pthread_create(&w->thread, NULL, work, w) == 0)
        return true;
    atomic_fetch_sub(&j->running, 1);
    return diag_error(c->diag, "a thread cannot be started");
}

/* One process a core at a time. */
static int run_cases(Command *c, Job *j)
{
    Worker workers[MAX_THREADS] = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN), count = 0;
    if (cores > MAX_THREADS || cores < 1)
        cores = cores < 1 ? 1 : MAX_THREADS;
    while (count < cores && start_worker(c, j, &workers[count], count))
        count++;
    while (atomic_load(&j->running)) {
        progress_phase("%zu of %zu runs on %s", atomic_load(&j->done), j->cases, j->build->compilation.target.name);
        usleep(20000);
    }
    for (long i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        for (size_t k = 0; k < workers[i].diag->messages.count; k++)
            diag_error(c->diag, "%s", workers[i].diag->messages.items[k].text);
        arena_free(workers[i].arena);
    }
    progress_end();
    return count ? atomic_load(&j->status) : EXIT_INPUT;
}

/* Scores, not classes. */
static bool is_real(const Value *v)
{
    return dtype_is_float(v->type) || v->quant;
}

/* How many classes have a higher score than the label, or the same and come first: 0 is the answer of argmax. One
 * float is the probability of class 1; one integer is the class. */
static int64_t rank_of(const Value *v, const unsigned char *data, int64_t start, int64_t classes, int64_t label)
{
    if (classes == 1) {
        double y = port_real(v, data, start);
        return is_real(v) ? (y > 0.5) != (label == 1) : y != (double)label;
    }
    double mine = port_real(v, data, start + label);
    int64_t rank = 0;
    for (int64_t i = 0; i < classes; i++) {
        double other = port_real(v, data, start + i);
        rank += other > mine || (other == mine && i < label) || mine != mine;
    }
    return rank;
}

static bool score(Command *c, const Build *b, const unsigned char *out, size_t batch, size_t samples, Score *s)
{
    const Value *v = b->compilation.graph->outputs.items[0];
    const int64_t *labels;
    int64_t classes = shape_count(&v->shape) / (int64_t)batch;
    if (!command_labels(c, c->options.labels, samples, &labels))
        return false;
    if (classes < 1 || classes * (int64_t)batch != shape_count(&v->shape))
        return diag_error(c->diag, "output %s is no list of class scores", diag_quote(c->keep, v->name));
    for (size_t i = 0; i < samples; i++) {
        int64_t label = labels[i], highest = classes > 1 ? classes : 2;
        if (label < 0 || (label >= highest && (classes > 1 || is_real(v))))
            return diag_error(c->diag, "%s: label %" PRId64 " of sample %zu; the model has classes 0 to %" PRId64,
                              c->options.labels, label, i, highest - 1);
        int64_t r = rank_of(v, out + i / batch * b->out_bytes, (int64_t)(i % batch) * classes, classes, label);
        s->correct += r == 0;
        s->in_top += r < s->top;
    }
    s->samples = samples;
    return true;
}

/* Case k takes samples k * batch and on, the last one again and again where there are no more. */
static void pack(const Graph *g, const Samples *s, size_t batch, size_t k, unsigned char *to)
{
    for (size_t i = 0; i < g->inputs.count; i++)
        for (size_t n = 0; s->data[i] && n < batch; n++) {
            size_t sample = k * batch + n < s->count ? k * batch + n : s->count - 1;
            memcpy(to, s->data[i] + sample * s->bytes[i], s->bytes[i]);
            to += s->bytes[i];
        }
}

static bool batch_of(Command *c, const Build *b, const Samples *s, size_t *batch)
{
    size_t bytes = 0;
    for (size_t i = 0; i < s->input_count; i++)
        bytes += s->bytes[i];
    *batch = bytes ? b->in_bytes / bytes : 0;
    return (bytes && *batch * bytes == b->in_bytes && *batch) ||
           diag_error(c->diag, "the inputs of the model do not take the same number of samples at once");
}

static void print_score(Command *c, const Build *b, const Score *s)
{
    double accuracy = (double)s->correct / (double)s->samples, top = (double)s->in_top / (double)s->samples;
    if (!c->options.json) {
        printf("%s: accuracy %.2f %% (%zu of %zu)", b->compilation.target.name, 100 * accuracy, s->correct, s->samples);
        if (s->top > 1)
            printf(", top %ld %.2f %%", s->top, 100 * top);
        printf("\n");
        return;
    }
    json_t *root = json_object(), *total = json_object();
    json_object_set_new(root, "target", json_string(b->compilation.target.name));
    json_object_set_new(root, "samples", json_integer((json_int_t)s->samples));
    json_object_set_new(root, "correct", json_integer((json_int_t)s->correct));
    if (s->top > 1) {
        json_object_set_new(root, "top", json_integer(s->top));
        json_object_set_new(root, "top_accuracy", json_real(top));
    }
    json_object_set_new(total, "accuracy", json_real(accuracy));
    json_object_set_new(root, "accuracy", json_real(accuracy));
    json_object_set_new(root, "total", total);
    json_dumpf(root, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(root);
}

static int evaluate(Command *c, const Build *b, const Samples *s)
{
    size_t batch;
    if (!batch_of(c, b, s, &batch))
        return EXIT_INPUT;
    Job job = {.build = b, .cases = (s->count + batch - 1) / batch};
    unsigned char *in = arena_array(c->keep, job.cases, b->in_bytes);
    for (size_t k = 0; k < job.cases; k++)
        pack(b->compilation.graph, s, batch, k, in + k * b->in_bytes);
    job.in = in;
    job.out = arena_array(c->keep, job.cases, b->out_bytes);
    int status = run_cases(c, &job);
    Score result = {.top = c->options.top.given ? c->options.top.value : 1};
    if (status != EXIT_DONE)
        return status;
    if (!score(c, b, job.out, batch, s->count, &result))
        return EXIT_INPUT;
    print_score(c, b, &result);
    return EXIT_DONE;
}

/* Reads the data and gives open shapes to the options, as --shape would. */
bool command_samples(Command *c, const StringList *paths, Preprocess *p, RawList *raw)
{
    const char *model;
    CompileOptions options;
    if (!command_model(c, &model) || !preprocess_parse(c->diag, &c->options.preprocess, p))
        return false;
    command_compile_options(c, &options);
    Arena *look = arena_new();
    Diag *quiet = diag_new(look);
    const Graph *g = compile_look(look, quiet, model, &options.load);
    bool ok = samples_raw(c->keep, c->diag, paths, p, g && g->inputs.count ? g->inputs.items[0] : NULL, raw);
    StringList shapes = {0};
    ok = ok && (!g || samples_shapes(c->keep, c->diag, g, raw, &shapes));
    for (size_t i = 0; i < shapes.count; i++)
        array_push(c->keep, &c->options.shape, shapes.items[i]);
    arena_free(look);
    return ok;
}

int command_eval(Command *c)
{
    if (!c->options.data.count || !c->options.labels) {
        diag_error(c->diag, "no %s given; hint: --data X.npy --labels Y.npy", c->options.labels ? "data" : "labels");
        return EXIT_USAGE;
    }
    if (!c->options.arguments.count) {
        const char *model;
        return command_model(c, &model) ? EXIT_DONE : EXIT_USAGE;
    }
    Preprocess p;
    RawList raw = {0};
    Samples samples;
    Build b = {0};
    if (!command_samples(c, &c->options.data, &p, &raw))
        return EXIT_INPUT;
    int status = command_build(c, &(StringList){0}, &b);
    if (status != EXIT_DONE)
        return status;
    if (!samples_fit(c->keep, c->diag, b.compilation.graph, &raw, &p, &samples))
        return EXIT_INPUT;
    return evaluate(c, &b, &samples);
}
