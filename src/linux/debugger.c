/* debugger.c - the Linux process as a debugger sees it: threads, memory, where they stop (debug/debug.h).
 *
 * A stop is always between two instructions, with the guest's state complete. Memory is written through /proc/self/mem, which
 * reaches read-only text as ptrace does.
 */
#include "linux/debugger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/fd.h"
#include "debug/debug.h"
#include "linux/hidden_fd.h"

/* ---- what debug asks --------------------------------------------------------------------------------------------- */

static unsigned threads(void *ctx, int *tids, unsigned max)
{
    struct linux_process *p = ctx;
    unsigned n = 0;

    pthread_mutex_lock(&p->lock);
    for (struct linux_thread *t = p->threads; t && n < max; t = t->next)
        tids[n++] = t->tid;
    pthread_mutex_unlock(&p->lock);
    return n;
}

static struct cpu_state *thread_state(void *ctx, int tid)
{
    struct linux_process *p = ctx;
    struct cpu_state *s = NULL;

    pthread_mutex_lock(&p->lock);
    for (struct linux_thread *t = p->threads; t && !s; t = t->next)
        if (t->tid == tid)
            s = p->ops->thread_state(t->cpu);
    pthread_mutex_unlock(&p->lock);
    return s;
}

static int read_guest(void *ctx, uint64_t addr, void *buf, size_t len)
{
    struct linux_process *p = ctx;

    return mem_read(p->mm->mem, addr, buf, len);
}

static int write_guest(void *ctx, uint64_t addr, const void *buf, size_t len)
{
    struct linux_process *p = ctx;
    _cleanup_close_ int fd = -1;
    ssize_t n;

    if (len > mem_space_limit(p->mm->mem) || addr > mem_space_limit(p->mm->mem) - len)
        return -EFAULT;
    mem_prepare_write(p->mm->mem, addr, len);
    fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : pwrite(fd, buf, len, (off_t)addr);
    p->ops->invalidate(p->engine, addr, addr + len);
    return n == (ssize_t)len ? 0 : -EFAULT;
}

static void breakpoint(void *ctx, uint64_t pc, bool set)
{
    struct linux_process *p = ctx;

    p->ops->breakpoint(p->engine, pc, set);
}

static void kick_all(void *ctx)
{
    struct linux_process *p = ctx;

    pthread_mutex_lock(&p->lock);
    for (struct linux_thread *t = p->threads; t; t = t->next)
        p->ops->kick(t->cpu);
    pthread_mutex_unlock(&p->lock);
}

static void kill_guest(void *ctx)
{
    (void)ctx;
    syscall(SYS_kill, getpid(), SIGKILL);
}

static size_t auxv(void *ctx, void *buf, size_t size)
{
    struct linux_process *p = ctx;
    size_t len = MIN(size, p->mm->auxv_end - p->mm->auxv_start);

    return mem_read(p->mm->mem, p->mm->auxv_start, buf, len) ? 0 : len;
}

static const char *exec_file(void *ctx)
{
    struct linux_process *p = ctx;

    return p->exe[0] ? p->exe : NULL;
}

static void own_descriptor(void *ctx, int *fd)
{
    linux_hidden_add(ctx, fd);
}

static void drop_descriptor(void *ctx, int *fd)
{
    linux_hidden_drop(ctx, fd);
}

static const struct debug_callbacks callbacks = {
    .threads = threads,
    .state = thread_state,
    .read = read_guest,
    .write = write_guest,
    .breakpoint = breakpoint,
    .kick_all = kick_all,
    .kill = kill_guest,
    .auxv = auxv,
    .exec_file = exec_file,
    .own_descriptor = own_descriptor,
    .drop_descriptor = drop_descriptor,
};

/* ---- signals ---- */

enum { GDB_SIGNAL_UNKNOWN = 143 };
/* Linux's 1 to 31 in gdb's numbers (gdb/signals.def). */
static const uint8_t gdb_signal[] = {0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 30, 11, 31, 13, 14, 15, GDB_SIGNAL_UNKNOWN, 20, 19,
    17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12};

static int to_gdb(int signo)
{
    if (signo < (int)ARRAY_LEN(gdb_signal))
        return gdb_signal[signo];
    return signo == 32 ? 77 : signo == 64 ? 78 : signo - 33 + 45; /* 33 to 63 are in one row */
}

static int from_gdb(int number)
{
    for (int signo = 1; signo <= LINUX_NSIG; signo++)
        if (to_gdb(signo) == number)
            return signo;
    return 0;
}

/* ---- where threads stop ------------------------------------------------------------------------------------------ */

/* gdb may hand a signal to a thread that did not stop for one: it is delivered without another stop. */
static void apply(struct linux_thread *t, struct debug_resume resume)
{
    t->debug_step = resume.step;
    t->debug_pass = from_gdb(resume.signal);
    if (t->debug_pass)
        syscall(SYS_tgkill, getpid(), t->tid, t->debug_pass);
}

static void stop(struct linux_thread *t)
{
    apply(t, debug_stop(t->process->debug, t->tid, SIGTRAP));
}

/* The child of a vfork meets its parent's breakpoints, but no debugger. */
static void run_past_breakpoints(struct linux_thread *t, struct cpu_event *event)
{
    const struct cpu_engine_ops *ops = t->process->ops;

    ops->run(t->cpu, event);
    if (event->kind == CPU_BREAKPOINT && debug_breakpoint_at(t->process->debug, ops->thread_state(t->cpu)->pc))
        ops->step(t->cpu, event);
}

void linux_debugger_run(struct linux_thread *t, struct cpu_event *event)
{
    struct linux_process *p = t->process;
    bool stepping, attached;

    if (p->is_vfork_child) {
        run_past_breakpoints(t, event);
        return;
    }
    if (t->debug_stop_next)
        stop(t);
    t->debug_stop_next = false;
    if (debug_wants_stop(p->debug))
        apply(t, debug_park(p->debug, t->tid));
    stepping = t->debug_step;
    t->debug_step = false;
    attached = debug_attached(p->debug);
    if (stepping)
        p->ops->step(t->cpu, event);
    else
        p->ops->run(t->cpu, event);
    if (event->kind == CPU_BREAKPOINT && attached) { /* if gdb has just gone, its breakpoints have too: once more */
        event->kind = CPU_STEPPED;
        stepping = true;
    }
    /* A fault stops by its signal; a system call is answered before the stop. */
    t->debug_stop_next =
        stepping && (event->kind == CPU_STEPPED || event->kind == CPU_SYSCALL || event->kind == CPU_KICKED);
}

int linux_debugger_signal(struct linux_thread *t, int signo)
{
    struct debug_resume resume;

    if (!debug_attached(t->process->debug) || t->process->is_vfork_child)
        return signo;
    if (signo == t->debug_pass) {
        t->debug_pass = 0;
        return signo;
    }
    resume = debug_stop(t->process->debug, t->tid, to_gdb(signo));
    t->debug_step = resume.step;
    return from_gdb(resume.signal);
}

void linux_debugger_fork_child(struct linux_process *p)
{
    if (!p->debug)
        return;
    debug_forked(p->debug);
    p->debug = NULL;
}

void linux_debugger_exit(struct linux_process *p, bool by_signal, int code)
{
    if (p->debug && !p->is_vfork_child)
        debug_exited(p->debug, by_signal, by_signal ? to_gdb(code) : code);
}

int linux_debugger_open(struct linux_process *p, struct linux_thread *t, struct err *err)
{
    p->debug = debug_gdb_open(p->config->gdb, p->cpu, &callbacks, p, err);
    if (!p->debug)
        return err->code;
    linux_signal_show_all(p);
    t->debug_stop_next = true;
    return 0;
}
