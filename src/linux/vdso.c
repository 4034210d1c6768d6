/* vdso.c - builds the guest's vDSO: a small ELF shared object, made at start from the guest CPU's table (abi.h), with symbol
 * versions, both hash tables, and unwind information that takes an unwinder through a signal frame: the frame's CFA is the
 * stack pointer that the frame saved, and every register is where the frame has it.
 */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"
#include "linux/abi/abi.h"
#include "linux/load_int.h"

#define SONAME "linux-vdso.so.1"
enum { NPHDRS = 3, SYMS_MAX = 16, STRINGS_MAX = 512 };

struct image {
    uint8_t *b; /* one page, zeroed */
    size_t at;
    char strings[STRINGS_MAX];
    size_t nstrings;
    Elf64_Sym syms[SYMS_MAX];
    unsigned nsyms;
    Elf64_Dyn dyn[16];
    unsigned ndyn;
};

static size_t put(struct image *im, const void *data, size_t size, size_t align)
{
    size_t at = align_up(im->at, align);

    memcpy(im->b + at, data, size);
    im->at = at + size;
    return at;
}

static void put8(struct image *im, unsigned value)
{
    im->b[im->at++] = (uint8_t)value;
}

static void put32(struct image *im, uint32_t value)
{
    put(im, &value, 4, 1);
}

static void put_uleb(struct image *im, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        put8(im, (value & 0x7f) | 0x80);
    put8(im, value);
}

static unsigned sleb(uint8_t out[4], unsigned value) /* of a number that is not negative */
{
    unsigned n = 0;

    for (; value >= 0x40; value >>= 7)
        out[n++] = (uint8_t)((value & 0x7f) | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

static uint32_t add_string(struct image *im, const char *text)
{
    size_t at = im->nstrings;

    memcpy(im->strings + at, text, strlen(text) + 1);
    im->nstrings += strlen(text) + 1;
    return (uint32_t)at;
}

static void add_dyn(struct image *im, int64_t tag, uint64_t value)
{
    im->dyn[im->ndyn++] = (Elf64_Dyn){.d_tag = tag, .d_un.d_val = value};
}

static uint32_t elf_hash(const char *name)
{
    uint32_t h = 0, g;

    for (; *name; name++) {
        h = (h << 4) + (uint8_t)*name;
        g = h & 0xf0000000;
        h = (h ^ g >> 24) & ~g;
    }
    return h;
}

static uint32_t gnu_hash(const char *name)
{
    uint32_t h = 5381;

    for (; *name; name++)
        h = h * 33 + (uint8_t)*name;
    return h;
}

/* ---- pieces, in file order ---- */

/* The functions. A word stands before rt_sigreturn: unwinders look up the address before a return address. */
static size_t put_code(struct image *im, const struct linux_vdso_desc *d)
{
    size_t start = align_up(im->at, 16) + 4, at;

    im->at = start;
    im->syms[im->nsyms++] = (Elf64_Sym){0};
    for (unsigned i = 0; i < d->nfunctions; i++) {
        const struct linux_vdso_function *f = &d->functions[i];

        at = put(im, f->code, sizeof(f->code), 4);
        im->syms[im->nsyms++] = (Elf64_Sym){.st_name = add_string(im, f->name),
            .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
            .st_shndx = 1, /* any that is not SHN_UNDEF */
            .st_value = at,
            .st_size = sizeof(f->code)};
    }
    return start;
}

/* One bucket each: eight symbols need no more. */
static void put_hashes(struct image *im)
{
    uint32_t sysv[2 + 1 + SYMS_MAX] = {1, im->nsyms, 1},
                          gnu[4 + 2 + 1 + SYMS_MAX] = {1, 1, 1, 6, UINT32_MAX, UINT32_MAX, 1};

    for (unsigned i = 1; i < im->nsyms; i++) {
        const char *name = im->strings + im->syms[i].st_name;

        sysv[3 + i] = i + 1 < im->nsyms ? i + 1 : 0;
        gnu[7 + i - 1] = (gnu_hash(name) & ~1u) | (i + 1 == im->nsyms);
    }
    add_dyn(im, DT_HASH, put(im, sysv, (3 + im->nsyms) * 4, 8));
    add_dyn(im, DT_GNU_HASH, put(im, gnu, (7 + im->nsyms - 1) * 4, 8));
}

static void put_versions(struct image *im, const struct linux_vdso_desc *d, uint32_t soname)
{
    uint32_t version = add_string(im, d->version);
    uint16_t versym[SYMS_MAX];
    struct {
        Elf64_Verdef def;
        Elf64_Verdaux aux;
    } verdef[2] = {
        {{1, VER_FLG_BASE, 1, 1, elf_hash(SONAME), sizeof(Elf64_Verdef), sizeof(verdef[0])}, {soname, 0}},
        {{1, 0, 2, 1, elf_hash(d->version), sizeof(Elf64_Verdef), 0}, {version, 0}},
    };

    for (unsigned i = 0; i < im->nsyms; i++)
        versym[i] = i ? 2 : 0;
    add_dyn(im, DT_VERSYM, put(im, versym, im->nsyms * 2, 2));
    add_dyn(im, DT_VERDEF, put(im, verdef, sizeof(verdef), 8));
    add_dyn(im, DT_VERDEFNUM, 2);
}

/* DWARF 5, 6.4. The length of an entry is filled in when it is complete and a multiple of 8. */
static void end_entry(struct image *im, size_t start)
{
    uint32_t length;

    while ((im->at - start) % 8)
        put8(im, 0); /* DW_CFA_nop */
    length = (uint32_t)(im->at - start - 4);
    memcpy(im->b + start, &length, 4);
}

static void put_frame_rule(struct image *im, const struct linux_vdso_desc *d, int reg, uint16_t offset)
{
    uint8_t expr[8] = {(uint8_t)(0x70 + d->sp_register)}; /* DW_OP_breg */
    unsigned n = 1 + sleb(expr + 1, offset);

    if (reg < 0) {
        expr[n++] = 0x06; /* DW_OP_deref */
        put8(im, 0x0f);   /* DW_CFA_def_cfa_expression */
    } else {
        put8(im, 0x10); /* DW_CFA_expression */
        put_uleb(im, (uint32_t)reg);
    }
    put_uleb(im, n);
    put(im, expr, n, 1);
}

static size_t put_eh_frame(struct image *im, const struct linux_vdso_desc *d, size_t sigreturn, size_t *fde_at)
{
    size_t cie = im->at = align_up(im->at, 8), fde;

    put32(im, 0);
    put32(im, 0);         /* a CIE */
    put8(im, 1);          /* version */
    put(im, "zRS", 4, 1); /* augmentation: pointer encoding, signal frame */
    put_uleb(im, 1);      /* code alignment */
    put8(im, 0x78);       /* data alignment: -8 */
    put8(im, d->pc_register);
    put_uleb(im, 1);
    put8(im, 0x1b); /* pc-relative, 4 bytes, signed */
    end_entry(im, cie);
    fde = im->at;
    put32(im, 0);
    put32(im, (uint32_t)(im->at - cie));
    put32(im, (uint32_t)(sigreturn - 4 - im->at));
    put32(im, 4 + sizeof(d->functions[0].code));
    put_uleb(im, 0);
    put_frame_rule(im, d, -1, d->sp_offset);
    for (unsigned i = 0; i < d->nregisters; i++)
        put_frame_rule(im, d, d->registers[i].dwarf, d->registers[i].offset);
    end_entry(im, fde);
    put32(im, 0); /* the end, for those who walk */
    *fde_at = fde;
    return cie;
}

/* LSB core, 10.6.2: a table with one entry. */
static size_t put_eh_frame_hdr(struct image *im, size_t frame, size_t fde, size_t sigreturn)
{
    size_t at = im->at = align_up(im->at, 4);

    put8(im, 1);
    put8(im, 0x1b); /* pc-relative, 4 bytes, signed */
    put8(im, 0x03); /* 4 bytes */
    put8(im, 0x3b); /* relative to this header */
    put32(im, (uint32_t)(frame - im->at));
    put32(im, 1);
    put32(im, (uint32_t)(sigreturn - 4 - at));
    put32(im, (uint32_t)(fde - at));
    return at;
}

static void put_headers(struct image *im, uint16_t machine, size_t dynamic, size_t eh_hdr, size_t eh_size)
{
    Elf64_Ehdr h = {.e_type = ET_DYN,
        .e_machine = machine,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(h),
        .e_ehsize = sizeof(h),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = NPHDRS};
    Elf64_Phdr ph[NPHDRS] = {
        {PT_LOAD, PF_R | PF_X, 0, 0, 0, im->at, im->at, MEM_PAGE},
        {PT_DYNAMIC, PF_R, dynamic, dynamic, dynamic, im->ndyn * sizeof(Elf64_Dyn), im->ndyn * sizeof(Elf64_Dyn), 8},
        {PT_GNU_EH_FRAME, PF_R, eh_hdr, eh_hdr, eh_hdr, eh_size, eh_size, 4},
    };

    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS64;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(im->b, &h, sizeof(h));
    memcpy(im->b + sizeof(h), ph, sizeof(ph));
}

size_t linux_vdso_build(const struct linux_vdso_desc *d, uint16_t machine, uint8_t buf[MEM_PAGE], uint64_t *sigreturn)
{
    struct image im = {.b = buf, .at = sizeof(Elf64_Ehdr) + NPHDRS * sizeof(Elf64_Phdr), .nstrings = 1};
    size_t code, frame, fde, eh_hdr, eh_end, dynamic, strings;
    uint32_t soname;

    memset(buf, 0, MEM_PAGE);
    soname = add_string(&im, SONAME);
    code = put_code(&im, d);
    put_hashes(&im);
    put_versions(&im, d, soname);
    frame = put_eh_frame(&im, d, code, &fde);
    eh_hdr = put_eh_frame_hdr(&im, frame, fde, code);
    eh_end = im.at;
    add_dyn(&im, DT_SYMTAB, put(&im, im.syms, im.nsyms * sizeof(Elf64_Sym), 8));
    add_dyn(&im, DT_SYMENT, sizeof(Elf64_Sym));
    strings = put(&im, im.strings, im.nstrings, 1);
    add_dyn(&im, DT_STRTAB, strings);
    add_dyn(&im, DT_STRSZ, im.nstrings);
    add_dyn(&im, DT_SONAME, soname);
    add_dyn(&im, DT_NULL, 0);
    dynamic = put(&im, im.dyn, im.ndyn * sizeof(Elf64_Dyn), 8);
    put_headers(&im, machine, dynamic, eh_hdr, eh_end - eh_hdr);
    *sigreturn = code;
    return im.at;
}

int linux_vdso_map(struct linux_process *p, struct err *err)
{
    uint8_t buf[MEM_PAGE];
    uint64_t sigreturn;
    int64_t at;
    int status;

    linux_vdso_build(p->abi->vdso, p->cpu->elf_machine, buf, &sigreturn);
    at = mem_map(p->mm->mem, 0, MEM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0)
        return err_errno(err, (int)at, "mapping the vDSO");
    status = mem_write(p->mm->mem, (uint64_t)at, buf, sizeof(buf));
    if (!status)
        status = (int)mem_protect(p->mm->mem, (uint64_t)at, MEM_PAGE, PROT_READ | PROT_EXEC);
    if (status < 0)
        return err_errno(err, status, "filling the vDSO");
    p->mm->vdso = (uint64_t)at;
    p->mm->sigreturn = (uint64_t)at + sigreturn;
    return 0;
}
