/* Reads ELF headers of untrusted files and maps segments. See elf_file.h; the rules are fs/binfmt_elf.c's.
 */
#include "linux/elf_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/base.h"
#include "cpu/cpu.h"
#include "mem/mem.h"

enum { PHDRS_MAX = 65536 }; /* bytes: load_elf_phdrs */

static int bad(struct err *err, const char *why)
{
    return err_set(err, -ENOEXEC, "%s", why);
}

/* Exactly size bytes at offset, or -ENOEXEC. */
static int read_at(int fd, uint64_t offset, void *buf, size_t size, const char *what, struct err *err)
{
    ssize_t n = offset > INT64_MAX ? 0 : fd_pread_full(fd, buf, size, offset);

    if (n < 0)
        return err_errno(err, (int)n, "reading the %s", what);
    if ((size_t)n < size)
        return err_set(err, -ENOEXEC, "the %s lies beyond the end of the file", what);
    return 0;
}

static int check_header(const Elf64_Ehdr *h, const struct cpu_ops *const *cpus, struct elf_program *p, struct err *err)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return bad(err, "not an ELF file");
    for (; *cpus && !p->cpu; cpus++)
        if (h->e_machine == (*cpus)->elf_machine && h->e_ident[EI_CLASS] == (*cpus)->elf_class &&
            h->e_ident[EI_DATA] == (*cpus)->elf_data)
            p->cpu = *cpus;
    if (!p->cpu)
        return err_set(err, -ENOEXEC, "no guest CPU for ELF machine %u, class %u, byte order %u", h->e_machine,
            h->e_ident[EI_CLASS], h->e_ident[EI_DATA]);
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return err_set(err, -ENOEXEC, "ELF type %u is not a program", h->e_type);
    if (h->e_phentsize != sizeof(Elf64_Phdr))
        return err_set(err, -ENOEXEC, "program headers of %u bytes", h->e_phentsize);
    if (h->e_phnum == 0 || h->e_phnum * sizeof(Elf64_Phdr) > PHDRS_MAX)
        return err_set(err, -ENOEXEC, "%u program headers", h->e_phnum);
    p->pie = h->e_type == ET_DYN;
    p->entry = h->e_entry;
    p->nphdr = h->e_phnum;
    return 0;
}

static int add_segment(
    const Elf64_Phdr *ph, uint64_t file_size, uint64_t limit, uint64_t last_end, struct elf_program *p, struct err *err)
{
    if (ph->p_filesz > ph->p_memsz)
        return bad(err, "a segment is larger in the file than in memory");
    if (ph->p_vaddr > limit || ph->p_memsz > limit - ph->p_vaddr)
        return bad(err, "a segment lies outside the address space");
    if (ph->p_filesz && (ph->p_offset > file_size || ph->p_filesz > file_size - ph->p_offset))
        return bad(err, "a segment lies beyond the end of the file");
    if (ph->p_filesz && (ph->p_offset ^ ph->p_vaddr) & (MEM_PAGE - 1))
        return bad(err, "a segment's file offset does not fit its address");
    if (p->nsegments && ph->p_vaddr < last_end)
        return bad(err, "segments overlap or are out of order");
    if (is_pow2(ph->p_align) && ph->p_align > p->align)
        p->align = ph->p_align;
    if (!p->nsegments)
        p->low = align_down(ph->p_vaddr, MEM_PAGE);
    p->high = ph->p_vaddr + ph->p_memsz;
    p->segments[p->nsegments++] = *ph;
    return 0;
}

static int read_interp(int fd, const Elf64_Phdr *ph, struct elf_program *p, struct err *err)
{
    int status;

    if (p->interp[0]) /* the first one counts */
        return 0;
    if (ph->p_filesz < 2 || ph->p_filesz > PATH_MAX)
        return bad(err, "the interpreter's name has a wrong length");
    status = read_at(fd, ph->p_offset, p->interp, (size_t)ph->p_filesz, "interpreter's name", err);
    if (status < 0)
        return status;
    if (p->interp[ph->p_filesz - 1])
        return bad(err, "the interpreter's name has no end");
    return p->interp[0] ? 0 : bad(err, "the interpreter has no name");
}

static int check_segments(
    int fd, const Elf64_Ehdr *h, const Elf64_Phdr *table, uint64_t limit, struct elf_program *p, struct err *err)
{
    struct stat st;
    uint64_t last_end = 0;

    if (fstat(fd, &st) < 0)
        return err_errno(err, -errno, "fstat");
    for (unsigned i = 0; i < h->e_phnum; i++) {
        const Elf64_Phdr *ph = &table[i];
        int status = 0;

        if (ph->p_type == PT_INTERP)
            status = read_interp(fd, ph, p, err);
        if (ph->p_type == PT_GNU_STACK) {
            p->has_stack_flags = true;
            p->exec_stack = ph->p_flags & PF_X;
        }
        if (ph->p_type == PT_LOAD && ph->p_memsz) {
            status = add_segment(ph, (uint64_t)st.st_size, limit, last_end, p, err);
            last_end = ph->p_vaddr + ph->p_memsz;
            if (!status && h->e_phoff >= ph->p_offset && h->e_phoff < ph->p_offset + ph->p_filesz)
                p->phdr = h->e_phoff - ph->p_offset + ph->p_vaddr;
        }
        if (status < 0)
            return status;
    }
    return p->nsegments ? 0 : bad(err, "nothing to load");
}

int elf_read(int fd, const struct cpu_ops *const *cpus, uint64_t limit, struct elf_program *p, struct err *err)
{
    _cleanup_free_ Elf64_Phdr *table = NULL;
    Elf64_Ehdr header = {0};
    ssize_t n;
    int status;

    memset(p, 0, sizeof(*p));
    p->align = MEM_PAGE;
    n = fd_pread_full(fd, &header, sizeof(header), 0);
    if (n < 0)
        return err_errno(err, (int)n, "reading the ELF header");
    if (n >= SELFMAG && (size_t)n < sizeof(header) && !memcmp(header.e_ident, ELFMAG, SELFMAG))
        return bad(err, "the ELF header is cut off");
    status = check_header(&header, cpus, p, err);
    if (status < 0)
        return status;
    table = x_new_array(Elf64_Phdr, header.e_phnum);
    status = read_at(fd, header.e_phoff, table, header.e_phnum * sizeof(*table), "program header table", err);
    if (status < 0)
        return status;
    p->segments = x_new_array(Elf64_Phdr, header.e_phnum);
    status = check_segments(fd, &header, table, limit, p, err);
    if (status < 0)
        elf_fini(p);
    return status;
}

void elf_fini(struct elf_program *p)
{
    x_free(p->segments);
    p->segments = NULL;
    p->nsegments = 0;
}

/* ---- mapping ---- */

static int segment_prot(const Elf64_Phdr *ph)
{
    return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
        (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

static int map_segment(struct mem_space *m, int fd, const Elf64_Phdr *ph, uint64_t bias, int fixed, struct err *err)
{
    static const char zeros[MEM_PAGE];
    int prot = segment_prot(ph);
    uint64_t start = align_down(ph->p_vaddr, MEM_PAGE) + bias, file_end = ph->p_vaddr + ph->p_filesz + bias;
    uint64_t bss = ph->p_filesz ? align_up(file_end, MEM_PAGE) : start;
    uint64_t end = align_up(ph->p_vaddr + ph->p_memsz + bias, MEM_PAGE);
    int64_t at;

    if (ph->p_filesz) {
        at = mem_map(m, start, bss - start, prot, MAP_PRIVATE | fixed, fd, align_down(ph->p_offset, MEM_PAGE));
        if (at < 0)
            return err_errno(err, (int)at, "mapping a segment at %#llx", (unsigned long long)start);
        /* As in the kernel, a failure here is not one: odd protections may forbid it. */
        if (ph->p_memsz > ph->p_filesz && (prot & PROT_WRITE))
            mem_write(m, file_end, zeros, bss - file_end);
    }
    if (end <= bss)
        return 0;
    at = mem_map(m, bss, end - bss, prot, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
    return at < 0 ? err_errno(err, (int)at, "mapping zeroed memory at %#llx", (unsigned long long)bss) : 0;
}

int elf_map(struct mem_space *m, int fd, const struct elf_program *p, uint64_t bias, bool reserved, struct err *err)
{
    uint64_t mapped = 0; /* a later segment may begin in the last page of the one before, which it then replaces */

    for (unsigned i = 0; i < p->nsegments; i++) {
        const Elf64_Phdr *ph = &p->segments[i];
        bool shares = align_down(ph->p_vaddr, MEM_PAGE) + bias < mapped;
        int status = map_segment(m, fd, ph, bias, reserved || shares ? MAP_FIXED : MAP_FIXED_NOREPLACE, err);

        if (status < 0)
            return status;
        mapped = align_up(ph->p_vaddr + ph->p_memsz + bias, MEM_PAGE);
    }
    return 0;
}
