/* A QEMU TCG plugin that counts executed instructions between marker instructions, exactly and independent of time.
 *
 *   qemu-... -plugin icount.so,out=FILE ...
 *
 * The markers are no-ops that no compiler emits (boards/board.h): begin, lap, end. They are not counted themselves.
 * FILE receives "lap N" (instructions since begin) at each lap and "region N" at each end.
 * Debian's QEMU ships no qemu-plugin.h; these are the prototypes of plugin API version 1 that are needed:
 * https://www.qemu.org/docs/master/devel/tcg-plugins.html */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef struct {
    const char *target_name;
    struct {
        int min, cur;
    } version;
    bool system_emulation;
    union {
        struct {
            int smp_vcpus, max_vcpus;
        } system;
    };
} qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGS = 0, INLINE_ADD_U64 = 0 };
typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb)(unsigned int cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb cb, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *ptr, uint64_t add);

EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

typedef enum { BEGIN, LAP, END, MARKERS } Marker;

typedef struct {
    const char *arch;
    size_t bytes;
    unsigned char code[MARKERS][4];
} MarkerSet;

static const MarkerSet marker_sets[] = {
    {"arm", 2, {{0xd2, 0x46}, {0xc9, 0x46}, {0xdb, 0x46}}}, /* mov r10,r10; mov r9,r9; mov r11,r11 */
    {"aarch64", 4, {{0xfb, 0x03, 0x1b, 0xaa}, {0xfa, 0x03, 0x1a, 0xaa}, {0xfc, 0x03, 0x1c, 0xaa}}}, /* mov x27,x27.. */
    {"riscv", 4, {{0x13, 0x00, 0x10, 0x7a}, {0x13, 0x00, 0x30, 0x7a}, {0x13, 0x00, 0x20, 0x7a}}}, /* addi x0,x0,0x7a1 */
    {"x86_64", 3, {{0x66, 0x87, 0xdb}, {0x66, 0x87, 0xd2}, {0x66, 0x87, 0xc9}}}, /* xchg %bx,%bx; %dx,%dx; %cx,%cx */
};

static const MarkerSet *markers;
static uint64_t executed, begun;
static FILE *out;

static void on_begin(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    begun = executed;
}

static void on_lap(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    fprintf(out, "lap %" PRIu64 "\n", executed - begun);
}

static void on_end(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    fprintf(out, "region %" PRIu64 "\n", executed - begun);
    fflush(out);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    static const exec_cb callback[MARKERS] = {on_begin, on_lap, on_end};
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        Marker m = MARKERS;
        /* Longer where QEMU has looked at the next one: a 16-bit Thumb instruction four bytes before a page's end. */
        if (qemu_plugin_insn_size(insn) >= markers->bytes)
            for (m = 0; m < MARKERS; m++)
                if (memcmp(qemu_plugin_insn_data(insn), markers->code[m], markers->bytes) == 0)
                    break;
        if (m < MARKERS)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, callback[m], CB_NO_REGS, NULL);
        else
            qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &executed, 1);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof marker_sets / sizeof *marker_sets; i++) {
        const char *arch = marker_sets[i].arch;
        bool family = strcmp(arch, "riscv") == 0;
        if (family ? strncmp(info->target_name, arch, strlen(arch)) == 0 : strcmp(info->target_name, arch) == 0)
            markers = &marker_sets[i];
    }
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
    if (!markers || !out) {
        fprintf(stderr, "icount: no markers for %s, or out=FILE cannot be written\n", info->target_name);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
