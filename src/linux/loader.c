/* loader.c - starts a program in fresh guest memory: program and interpreter, vDSO, brk, stack, first registers. The layout
 * is fs/binfmt_elf.c's: a PIE at two thirds of the address space, everything else top-down below the stack.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/abi/abi.h"
#include "linux/load_int.h"

/* ---- files ---- */

/* A path inside the sysroot, its symlinks taken from there too. Kernels without openat2 follow absolute ones on the host. */
static int open_in_sysroot(const char *sysroot, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_IN_ROOT};
    _cleanup_close_ int root = open(sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd;

    if (root < 0)
        return -errno;
    fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (fd < 0 && errno == ENOSYS)
        fd = openat(root, path + strspn(path, "/"), (int)how.flags);
    return fd < 0 ? -errno : fd;
}

static int check_executable(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EACCES;
    if (syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0 && errno == EACCES)
        return -EACCES;
    return st.st_mode & 0111 ? 0 : -EACCES;
}

int linux_open_interp(const struct linux_config *c, const char *path)
{
    _cleanup_close_ int fd = -1;
    int status;

    if (c->sysroot && path[0] == '/')
        fd = open_in_sysroot(c->sysroot, path);
    if (fd < 0)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    status = check_executable(fd);
    return status < 0 ? status : fd_steal(&fd);
}

static int open_program(struct linux_process *p, struct err *err)
{
    const struct linux_config *c = p->config;
    _cleanup_close_ int fd = c->exec_fd;
    int status;

    if (fd < 0)
        fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_errno(err, -errno, "open");
    status = check_executable(fd);
    return status < 0 ? err_errno(err, status, "execute") : fd_steal(&fd);
}

/* What /proc/self/exe says: the kernel's name for the open file, else the path as given. */
static void note_exe(struct linux_process *p, int fd)
{
    char link[32];
    ssize_t n;

    log_format(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, p->exe, sizeof(p->exe) - 1);
    if (n <= 0)
        log_format(p->exe, sizeof(p->exe), "%s", p->config->path);
    else
        p->exe[n] = 0;
}

/* ---- addresses ---- */

/* Reserves room for a position-independent program: at `near` if that is free (0: below the mmap base). */
static int reserve(struct mem_space *m, const struct elf_program *e, uint64_t near, uint64_t *bias)
{
    uint64_t low = align_down(e->low, e->align), size = align_up(e->high, MEM_PAGE) - low, slack = e->align - MEM_PAGE,
             base;
    int64_t at = mem_map(m, near, size + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at < 0)
        return (int)at;
    base = align_up((uint64_t)at, e->align);
    if (base > (uint64_t)at)
        mem_unmap(m, (uint64_t)at, base - (uint64_t)at);
    if (base + size < (uint64_t)at + size + slack)
        mem_unmap(m, base + size, (uint64_t)at + slack - base);
    *bias = base - low;
    return 0;
}

/* After the segments are in: what lies between them belongs to nobody. */
static void release_holes(struct mem_space *m, const struct elf_program *e, uint64_t bias)
{
    uint64_t at = align_down(e->low, e->align);

    for (unsigned i = 0; i < e->nsegments; i++) {
        uint64_t start = align_down(e->segments[i].p_vaddr, MEM_PAGE);

        if (start > at)
            mem_unmap(m, at + bias, start - at);
        at = align_up(e->segments[i].p_vaddr + e->segments[i].p_memsz, MEM_PAGE);
    }
}

static int place(
    struct linux_process *p, int fd, const struct elf_program *e, uint64_t near, uint64_t *bias, struct err *err)
{
    int status = 0;

    *bias = 0;
    if (e->pie)
        status = reserve(p->mm->mem, e, near, bias);
    if (status < 0)
        return err_errno(err, status, "no room for %llu bytes of program", (unsigned long long)(e->high - e->low));
    status = elf_map(p->mm->mem, fd, e, *bias, e->pie, err);
    if (!status && e->pie)
        release_holes(p->mm->mem, e, *bias);
    return status;
}

static int load_interp(struct linux_process *p, const char *path, struct linux_program *program, struct err *err)
{
    const struct cpu_ops *const cpus[] = {p->cpu, NULL};
    _cleanup_(elf_fini) struct elf_program e = {0};
    _cleanup_close_ int fd = linux_open_interp(p->config, path);
    uint64_t bias;
    int status;

    if (fd < 0)
        return err_errno(err, fd == -ENOENT ? -ENOENT : -ELIBBAD, "interpreter %s", path);
    status = elf_read(fd, cpus, mem_space_limit(p->mm->mem), &e, err);
    if (!status)
        status = place(p, fd, &e, 0, &bias, err);
    if (status < 0) {
        err_wrap(err, "interpreter %s", path);
        return -ELIBBAD;
    }
    program->base = bias;
    program->start = e.entry + bias;
    return 0;
}

static int load_files(
    struct linux_process *p, int fd, struct elf_program *e, struct linux_program *program, struct err *err)
{
    uint64_t limit = mem_space_limit(p->mm->mem), bias, end;
    uint64_t near = align_up(limit / 3 * 2, MEM_PAGE) + linux_random_offset(p, limit / 256);
    int status = place(p, fd, e, align_up(near, e->align), &bias, err);

    if (status < 0)
        return status;
    program->phdr = e->phdr ? e->phdr + bias : 0;
    program->nphdr = e->nphdr;
    program->entry = program->start = e->entry + bias;
    program->exec_stack = e->has_stack_flags && e->exec_stack;
    end = align_up(e->high + bias, MEM_PAGE);
    p->mm->brk_start = p->mm->brk = end + linux_random_offset(p, limit / 8192);
    return e->interp[0] ? load_interp(p, e->interp, program, err) : 0;
}

int linux_load(struct linux_process *p, struct linux_thread *t, struct err *err)
{
    _cleanup_(elf_fini) struct elf_program e = {0};
    _cleanup_close_ int fd = open_program(p, err);
    struct linux_program program = {.path = p->config->path};
    uint64_t sp;
    int status;

    if (fd < 0)
        return fd;
    note_exe(p, fd);
    status = elf_read(fd, p->config->cpus, mem_space_limit(p->mm->mem), &e, err);
    if (status < 0)
        return status;
    linux_layout(p);
    status = load_files(p, fd, &e, &program, err);
    if (!status)
        status = linux_vdso_map(p, err);
    if (!status)
        status = linux_stack_build(p, &program, &sp, err);
    if (status < 0)
        return status;
    p->abi->start(p->ops->thread_state(t->cpu), program.start, sp);
    linux_title_set(p, sp);
    return 0;
}
