#include "target/elf.h"
#include "base/io.h"

#include <elf.h>
#include <string.h>

/* The fields of Elf32_Shdr and Elf64_Shdr that are needed. */
typedef struct {
    uint32_t name, type;
    uint64_t flags, offset, size;
} Section;

typedef struct {
    const unsigned char *bytes;
    size_t size;
    bool wide;
    uint64_t table;
    size_t entry, count, names;
} Elf;

static bool inside(const Elf *e, uint64_t offset, uint64_t size)
{
    return offset <= e->size && size <= e->size - offset;
}

static bool read_head(Elf *e)
{
    if (e->size < EI_NIDENT || memcmp(e->bytes, ELFMAG, SELFMAG) != 0 || e->bytes[EI_DATA] != ELFDATA2LSB)
        return false;
    e->wide = e->bytes[EI_CLASS] == ELFCLASS64;
    if (e->wide) {
        Elf64_Ehdr h;
        if (e->size < sizeof h)
            return false;
        memcpy(&h, e->bytes, sizeof h);
        *e = (Elf){e->bytes, e->size, true, h.e_shoff, h.e_shentsize, h.e_shnum, h.e_shstrndx};
        return e->entry == sizeof(Elf64_Shdr);
    }
    Elf32_Ehdr h;
    if (e->size < sizeof h)
        return false;
    memcpy(&h, e->bytes, sizeof h);
    *e = (Elf){e->bytes, e->size, false, h.e_shoff, h.e_shentsize, h.e_shnum, h.e_shstrndx};
    return e->entry == sizeof(Elf32_Shdr);
}

static Section section(const Elf *e, size_t index)
{
    const unsigned char *at = e->bytes + e->table + index * e->entry;
    if (e->wide) {
        Elf64_Shdr s;
        memcpy(&s, at, sizeof s);
        return (Section){s.sh_name, s.sh_type, s.sh_flags, s.sh_offset, s.sh_size};
    }
    Elf32_Shdr s;
    memcpy(&s, at, sizeof s);
    return (Section){s.sh_name, s.sh_type, s.sh_flags, s.sh_offset, s.sh_size};
}

static bool is_stack(const Elf *e, const Section *names, uint32_t name)
{
    return inside(e, names->offset, names->size) && names->size >= 6 && name <= names->size - 6 &&
           memcmp(e->bytes + names->offset + name, ".stack", 6) == 0;
}

bool elf_sizes(Diag *d, const char *path, ElfSizes *out)
{
    FileBytes file;
    *out = (ElfSizes){0};
    if (!io_map(d, path, &file))
        return false;
    Elf e = {.bytes = file.data, .size = file.size};
    bool ok = read_head(&e) && e.names < e.count && inside(&e, e.table, (uint64_t)e.entry * e.count);
    for (size_t i = 0; ok && i < e.count; i++) {
        Section s = section(&e, i), names = section(&e, e.names);
        if (!(s.flags & SHF_ALLOC) || is_stack(&e, &names, s.name))
            continue;
        size_t *kind = s.flags & SHF_EXECINSTR  ? &out->code
                       : !(s.flags & SHF_WRITE) ? &out->rodata
                       : s.type == SHT_NOBITS   ? &out->bss
                                                : &out->data;
        *kind += s.size;
    }
    io_unmap(&file);
    return ok || diag_error(d, "%s: not a linked little-endian ELF file", path);
}
