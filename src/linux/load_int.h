/* load_int.h - the steps of starting a program, shared by loader.c, stack.c, vdso.c and exec.c.
 */
#ifndef LODGE_LINUX_LOAD_INT_H
#define LODGE_LINUX_LOAD_INT_H

#include "linux/elf_file.h"
#include "linux/linux_int.h"

/* Everything the loader has found out about the program, for the auxiliary vector. */
struct linux_program {
    uint64_t phdr, nphdr, base, entry; /* of the program itself, in guest memory; base: of the interpreter, or 0 */
    uint64_t start;                    /* where the guest begins: the interpreter's entry, or the program's */
    bool exec_stack;
    const char *path; /* AT_EXECFN; borrowed */
};

/* Maps the vDSO below the mmap base and notes it in mm. */
int linux_vdso_map(struct linux_process *p, struct err *err);
/* The image alone, for tests: writes it to buf (one page), returns its length. *sigreturn: offset of rt_sigreturn. */
struct linux_vdso_desc;
size_t linux_vdso_build(const struct linux_vdso_desc *d, uint16_t machine, uint8_t buf[MEM_PAGE], uint64_t *sigreturn);

/* Chooses the layout: stack top, mmap base. Before anything is mapped. */
void linux_layout(struct linux_process *p);
/* Maps the stack, puts argv, envp and the auxiliary vector there. *sp: the first stack pointer. */
int linux_stack_build(struct linux_process *p, const struct linux_program *program, uint64_t *sp, struct err *err);

/* A random page-aligned offset below `range`, or 0 under ADDR_NO_RANDOMIZE. */
uint64_t linux_random_offset(const struct linux_process *p, uint64_t range);

/* Opens a program, as execve does: a regular file that may be executed and read. With a sysroot, an absolute path is looked
 * up there first. Descriptor (O_CLOEXEC) or negative errno. */
int linux_open_interp(const struct linux_config *c, const char *path);

/* `#!` line in the first bytes of a file (fs/binfmt_script.c). 0: *interp and *arg (NULL: none) point into line, which is
 * changed; -ENOEXEC: not a script. size <= 256. */
int linux_script_parse(char line[257], size_t size, char **interp, char **arg);

/* Shows the guest's arguments, environment and auxiliary vector as the process's own (ps, /proc/PID). */
void linux_title_set(struct linux_process *p, uint64_t sp);

#endif
