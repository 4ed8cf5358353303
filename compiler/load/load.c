#include "load/load.h"
#include "base/io.h"
#include "load/loader.h"
#include "load/prescan.h"

enum { NEWEST_IR = 14, NEWEST_OPSET = 26 };

static void *wire_alloc(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void wire_free(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

/* What stands before ':' in messages: the path, fit for a terminal. */
static const char *shown_path(Arena *a, const char *path)
{
    const char *quoted = diag_quote(a, path);
    return arena_strndup(a, quoted + 1, strlen(quoted) - 2);
}

static ProtobufCMessage *unpack(Loader *l, const ProtobufCMessageDescriptor *type)
{
    const char *kind = foreign_kind(l->file.data, l->file.size);
    bool is_text = kind && strncmp(kind, "text", 4) == 0;
    if (kind && !is_text) {
        diag_error(l->diag, "not an ONNX file: it is %s", kind);
        return NULL;
    }
    Buf b = {0};
    Diag *d = is_text ? diag_new(l->wire) : l->diag; /* few bytes can be both */
    ProtobufCAllocator allocator = {wire_alloc, wire_free, l->wire};
    ProtobufCMessage *m = NULL;
    if (prescan(d, type, l->file.data, l->file.size, &b)) {
        m = protobuf_c_message_unpack(type, &allocator, b.length, (const uint8_t *)buf_text(&b));
        if (!m && !is_text)
            diag_error(d, "damaged %s; hint: get the file again", type->short_name);
    }
    buf_free(&b);
    if (!m && is_text)
        diag_error(l->diag, "not an ONNX file: it is %s", kind);
    return m;
}

static bool check_header(Loader *l, const Onnx__ModelProto *m, Graph *g)
{
    Diag *d = l->diag;
    if (!m->graph)
        return diag_error(d, "no graph in it; hint: is this an ONNX model?");
    if (!m->has_ir_version || m->ir_version < 1)
        return diag_error(d, "no ir_version in it; hint: is this an ONNX model?");
    if (m->ir_version > NEWEST_IR)
        diag_warning(d, "ir_version %lld is newer than what adze knows (%d)", (long long)m->ir_version, NEWEST_IR);
    if (!read_opsets(l, m->opset_import, m->n_opset_import, g->opsets))
        return false;
    if (m->ir_version < 3 && m->n_opset_import == 0) /* there was one opset then */
        graph_set_opset(g, "", 1);
    if (g->opsets->entries.count == 0)
        return diag_error(d, "it does not say which opset versions it uses; hint: the model is not valid ONNX "
                             "(opset_import)");
    if (map_has(g->opsets, "") && graph_opset(g, "") > NEWEST_OPSET)
        diag_warning(d, "opset %d is newer than what adze knows (%d): operators may mean something else there",
                     graph_opset(g, ""), NEWEST_OPSET);
    return true;
}

static Loader loader_new(Arena *a, Diag *d, const char *path, FileBytes file)
{
    static const LoadOptions none;
    Loader l = {.keep = a, .wire = arena_new(), .diag = d, .file = file, .path = path};
    l.options = &none;
    l.errors_before = d->error_count;
    l.external = map_new(l.wire);
    l.functions = map_new(l.wire);
    l.missing_opsets = map_new(l.wire);
    return l;
}

static const char *made_by(Loader *l, const Onnx__ModelProto *m)
{
    const char *name = text_or_empty(m->producer_name), *version = text_or_empty(m->producer_version);
    return *name ? arena_printf(l->keep, "%s%s%s", name, *version ? " " : "", version) : NULL;
}

static Graph *load_model(Loader *l)
{
    Onnx__ModelProto *m = (Onnx__ModelProto *)unpack(l, &onnx__model_proto__descriptor);
    if (!m)
        return NULL;
    Graph *g = graph_new(l->keep, m->graph ? text_or_empty(m->graph->name) : "");
    if (!check_header(l, m, g) || !collect_functions(l, m))
        return NULL;
    g->made_by = made_by(l, m);
    l->graph = g;
    array_push(g->arena, &g->files, l->file);
    Scope s = {.graph = g, .values = map_new(l->wire)};
    read_graph_into(l, &s, m->graph, true);
    if (l->diag->error_count != l->errors_before)
        return NULL;
    g->data_sha256 = external_sha256(l);
    return g;
}

Graph *load_onnx_file(Arena *a, Diag *d, const char *path, const FileBytes *f, const LoadOptions *opt)
{
    Loader l = loader_new(a, d, path, *f);
    if (opt)
        l.options = opt;
    if (path)
        d->file = shown_path(d->arena, path);
    Graph *g = load_model(&l);
    arena_free(l.wire);
    return g;
}

Graph *load_onnx_bytes(Arena *a, Diag *d, const char *path, const void *bytes, size_t size, const LoadOptions *opt)
{
    return load_onnx_file(a, d, path, &(FileBytes){bytes, size, false}, opt);
}

Graph *load_onnx(Arena *a, Diag *d, const char *path, const LoadOptions *opt)
{
    FileBytes f;
    return io_map(d, path, &f) ? load_onnx_file(a, d, path, &f, opt) : NULL;
}

bool load_tensor_bytes(Arena *a, Diag *d, const char *path, const void *bytes, size_t size, Tensor *out)
{
    const char *file = d->file;
    Loader l = loader_new(a, d, path, (FileBytes){bytes, size, false});
    *out = (Tensor){0};
    if (path)
        d->file = shown_path(d->arena, path);
    Onnx__TensorProto *t = NULL;
    if (size) /* no bytes are a TensorProto, too, but one of no type */
        t = (Onnx__TensorProto *)unpack(&l, &onnx__tensor_proto__descriptor);
    else
        diag_error(d, "not a tensor: the file is empty");
    bool done = t && read_tensor(&l, t, "the tensor", out);
    arena_free(l.wire);
    d->file = file;
    return done;
}

bool load_tensor_pb(Arena *a, Diag *d, const char *path, Tensor *out)
{
    FileBytes f;
    return io_map(d, path, &f) && load_tensor_bytes(a, d, path, f.data, f.size, out);
}
