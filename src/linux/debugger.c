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
};

/* ---- where threads stop ------------------------------------------------------------------------------------------ */

/* gdb may hand a signal to a thread that did not stop for one. */
static void apply(struct linux_thread *t, struct debug_resume resume)
{
    t->debug_step = resume.step;
    if (resume.signal)
        syscall(SYS_tgkill, getpid(), t->tid, resume.signal);
}

static void stop(struct linux_thread *t)
{
    apply(t, debug_stop(t->process->debug, t->tid, SIGTRAP));
}

void linux_debugger_run(struct linux_thread *t, struct cpu_event *event)
{
    struct linux_process *p = t->process;
    bool stepping;

    if (t->debug_stop_next)
        stop(t);
    t->debug_stop_next = false;
    if (debug_wants_stop(p->debug))
        apply(t, debug_park(p->debug, t->tid));
    stepping = t->debug_step;
    t->debug_step = false;
    if (stepping)
        p->ops->step(t->cpu, event);
    else
        p->ops->run(t->cpu, event);
    if (event->kind == CPU_BREAKPOINT && debug_attached(p->debug)) {
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

    if (!debug_attached(t->process->debug))
        return signo;
    resume = debug_stop(t->process->debug, t->tid, signo);
    t->debug_step = resume.step;
    return resume.signal;
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
    if (p->debug)
        debug_exited(p->debug, by_signal, code);
}

int linux_debugger_open(struct linux_process *p, struct linux_thread *t, struct err *err)
{
    p->debug = debug_gdb_open(p->config->gdb, p->cpu, &callbacks, p, err);
    if (!p->debug)
        return err->code;
    t->debug_stop_next = true;
    return 0;
}
