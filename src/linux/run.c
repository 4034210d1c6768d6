/* run.c - the first program: finds out what it is, makes the process's objects, loads it, lets it go.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/abi/abi.h"
#include "linux/debugger.h"
#include "linux/exec_int.h"
#include "linux/hidden_fd.h"
#include "linux/limits_int.h"
#include "linux/load_int.h"
#include "linux/sys_c.h"
#include "linux/thread_int.h"

enum { EXIT_LODGE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static const struct linux_abi *const abis[] = {&linux_abi_riscv64, NULL};

uint64_t linux_guest_limit(const struct linux_config *c)
{
#if defined(__SANITIZE_ADDRESS__)
    /* The sanitizer's shadow memory begins at 0x7fff8000, inside the address space that the guest would have. */
    return 0x7fff0000;
#else
    return c->sv48 ? (uint64_t)1 << 47 : (uint64_t)1 << 38;
#endif
}

/* found: it is there, but what it needs is not. */
static int exit_of(int status, bool found)
{
    switch (-status) {
    case ENOENT: return found ? EXIT_NOT_EXECUTABLE : EXIT_NOT_FOUND;
    case EACCES:
    case ELIBBAD:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOEXEC:
    case ENOTDIR: return EXIT_NOT_EXECUTABLE;
    default: return EXIT_LODGE;
    }
}

/* Why the program's interpreter does not do, in words. */
static void explain_interp(const struct linux_config *c, const char *path, int status, struct err *err)
{
    struct elf_program e = {0};
    _cleanup_close_ int fd = status == -ELIBBAD ? linux_open_interp(c, path) : -1;

    if (fd >= 0 && elf_read(fd, c->cpus, linux_guest_limit(c), &e, err) < 0)
        err_wrap(err, "its interpreter %s", path);
    else
        err_errno(err, status, "its interpreter %s", path);
    elf_fini(&e);
}

/* Why a program that is there does not run, in words. */
static void explain(const struct linux_config *c, const struct linux_exec *x, int status, struct err *err)
{
    struct elf_program e = {0};

    if (x->prefix.len)
        err_errno(err, status, "its interpreter %s", x->path);
    else if (x->fd < 0)
        err_errno(err, status, "execute");
    else if (elf_read(x->fd, c->cpus, linux_guest_limit(c), &e, err) == 0 && e.interp[0])
        explain_interp(c, e.interp, status, err);
    else if (status != -ENOEXEC)
        err_errno(err, status, "execute");
    elf_fini(&e);
}

/* The program behind a path, a script's interpreter included; what needs no translation is executed as it is. The config is
 * made to say it: descriptor, path, arguments. */
static int find_program(struct linux_config *c, struct linux_exec *x, struct err *err)
{
    int status;

    if (c->exec_fd >= 0)
        return 0;
    status = linux_exec_resolve(c, AT_FDCWD, c->path, 0, x);
    if (status == 0 && x->kind == LINUX_EXEC_NATIVE) {
        execve(c->path, c->argv, c->envp);
        status = errno == ENOEXEC && x->unreadable ? -EACCES : -errno; /* cannot be read, so cannot be translated */
    }
    if (status < 0) {
        explain(c, x, status, err);
        return status;
    }
    vec_foreach (s, &x->prefix)
        vec_push(&x->argv, *s);
    for (size_t i = x->prefix.len ? 1 : 0; x->prefix.len == 0 ? c->argv[i] != NULL : c->argv[0] && c->argv[i]; i++)
        vec_push(&x->argv, c->argv[i]);
    vec_push(&x->argv, NULL);
    c->argv = x->argv.data;
    c->path = x->path;
    c->exec_fd = fd_steal(&x->fd);
    return 0;
}

static int choose_cpu(struct linux_process *p, struct err *err)
{
    struct elf_program e;
    int status = elf_read(p->config->exec_fd, p->config->cpus, linux_guest_limit(p->config), &e, err);

    if (status < 0)
        return status;
    p->cpu = e.cpu;
    elf_fini(&e);
    for (const struct linux_abi *const *abi = abis; *abi; abi++)
        if (str_eq((*abi)->name, p->cpu->name))
            p->abi = *abi;
    return p->abi ? 0 : err_set(err, -ENOEXEC, "%s programs are not supported", p->cpu->name);
}

/* lodge-guest itself, for exec after a chroot: held from the start, since /proc may be gone by then. */
static void hold_descriptors(struct linux_process *p, const struct rlimit *limit)
{
    p->self_fd = p->config->self_fd;
    p->trace_fd = p->config->trace_fd;
    if (p->self_fd < 0)
        p->self_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    linux_limits_restore(limit);
    linux_hidden_add(p, &p->self_fd);
    linux_hidden_add(p, &p->trace_fd);
}

static struct linux_process *process_new(const struct linux_config *c, struct err *err)
{
    struct linux_process *p = x_new(struct linux_process);

    pthread_mutex_init(&p->lock, NULL);
    p->config = c;
    p->ops = c->engine;
    linux_limits_init(p);
    p->personality = (uint64_t)personality(0xffffffff);
    p->mm = x_new(struct linux_mm);
    p->mm->users = 1;
    if (choose_cpu(p, err) < 0)
        return NULL;
    p->mm->mem = mem_space_new(linux_guest_limit(c), NULL, NULL, err);
    return p->mm->mem ? p : NULL;
}

static int start(struct linux_process *p, struct err *err)
{
    struct cpu_engine_config engine = {.cpu = p->cpu, .mem = p->mm->mem, .tier = p->config->tier};
    struct linux_thread *t = x_new(struct linux_thread);
    struct rlimit limit;
    int status;

    p->engine = p->ops->create(&engine, err);
    if (!p->engine)
        return err_wrap(err, "engine %s", p->ops->name);
    t->process = p;
    t->host = pthread_self();
    t->tid = (int)syscall(SYS_gettid);
    t->cpu = p->ops->thread_new(p->engine, NULL);
    linux_limits_raise(&limit); /* the guest may have left no number free */
    p->trace_root = p->config->trace_root;
    status = linux_seccomp_from_fd(t, p->config->seccomp_fd);
    if (status < 0)
        return err_errno(err, status, "seccomp filters of the program before");
    status = linux_signal_init(p, t, err);
    if (!status)
        status = linux_load(p, t, err);
    if (status < 0)
        return status;
    hold_descriptors(p, &limit);
    linux_thread_add(t);
    status = p->config->gdb ? linux_debugger_open(p, t, err) : 0;
    if (status < 0)
        return status;
    linux_thread_loop(t);
}

static int run(const struct linux_config *config, struct err *err)
{
    struct linux_config *c = x_memdup(config, sizeof(*config));
    struct linux_exec *x = x_new(struct linux_exec);
    struct linux_process *p;
    int status;

    x->fd = x->seccomp_fd = -1;
    status = find_program(c, x, err);
    if (status < 0) {
        err_wrap(err, "run: %s", config->path);
        return exit_of(status, x->fd >= 0 || x->prefix.len);
    }
    p = process_new(c, err);
    status = p ? start(p, err) : err->code;
    err_wrap(err, "run: %s", config->path);
    return exit_of(status, true);
}

/* ---- lodge's own stack ---- */

/* The guest's stack limit is also that of lodge's first thread, which needs this much; where there is less, it gets a mapping. */
enum { OWN_STACK = 256 << 10 };

struct own_stack {
    const struct linux_config *config;
    struct err *err;
    int status;
    ucontext_t before, after;
};

/* makecontext hands over ints. */
static void run_there(unsigned low, unsigned high)
{
    struct own_stack *s = (struct own_stack *)((uintptr_t)high << 32 | low);

    s->status = run(s->config, s->err);
}

int linux_run(const struct linux_config *config, struct err *err)
{
    struct own_stack s = {.config = config, .err = err};
    struct rlimit limit;
    void *stack;

    if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur >= OWN_STACK)
        return run(config, err);
    stack = mmap(NULL, OWN_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED || getcontext(&s.after) < 0) {
        err_errno(err, -errno, "run: %s: a stack for lodge", config->path);
        return EXIT_LODGE;
    }
    s.after.uc_stack = (stack_t){.ss_sp = stack, .ss_size = OWN_STACK};
    s.after.uc_link = &s.before;
    makecontext(&s.after, (void (*)(void))run_there, 2, (unsigned)(uintptr_t)&s, (unsigned)((uintptr_t)&s >> 32));
    swapcontext(&s.before, &s.after);
    return s.status;
}
