/* elf_file.h - reads the headers of an ELF program that nobody vouches for, and maps it into a guest's memory.
 *
 * elf_read checks all that the kernel checks before execve's point of no return (fs/binfmt_elf.c), and besides that every
 * segment lies inside the file and the address space; after it succeeds, mapping fails only for want of memory. Errors:
 * -ENOEXEC (not a program that lodge runs), -EIO, -ELIBBAD never (callers turn an interpreter's -ENOEXEC into it).
 */
#ifndef LODGE_LINUX_ELF_FILE_H
#define LODGE_LINUX_ELF_FILE_H

#include <elf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu_ops;
struct err;
struct mem_space;

struct elf_program {
    const struct cpu_ops *cpu;
    bool pie;             /* ET_DYN */
    uint64_t entry;       /* as the file says: add the bias */
    Elf64_Phdr *segments; /* owned: the PT_LOAD headers, by address */
    unsigned nsegments;
    uint64_t low, high; /* pages that the segments span; high is the end of the last one's memory */
    uint64_t align;     /* largest p_align, a power of two, at least a page */
    uint64_t phdr;      /* address of the program headers in memory, or 0 */
    unsigned nphdr;
    char interp[PATH_MAX]; /* PT_INTERP, or "" */
    bool has_stack_flags, exec_stack;
};

/* cpus: NULL-terminated. limit: of the guest's address space. On failure p holds nothing. */
int elf_read(int fd, const struct cpu_ops *const *cpus, uint64_t limit, struct elf_program *p, struct err *err);
void elf_fini(struct elf_program *p);

/* Maps the segments at their addresses plus bias. fixed: the range is reserved already, else whatever is there stays and the
 * call fails. *brk: the end of the last segment. */
int elf_map(struct mem_space *m, int fd, const struct elf_program *p, uint64_t bias, bool reserved, struct err *err);

#endif
