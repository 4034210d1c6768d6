/* clone.c - fork, vfork, clone, clone3: a thread becomes a host thread, a process a host process.
 *
 * A child with its own memory is a raw host clone by the calling thread on its own stack: all of lodge's locks are held
 * across it and all host signals blocked, so the child, in which only this thread lives, finds everything in one piece.
 * The C library learns its new thread number only when the locks are free again, for recursive ones know their owner by it.
 *
 * A child that shares memory and suspends its parent (vfork, posix_spawn) runs on a stack of its own and borrows the
 * suspended thread's TLS; it gets its own linux_process and linux_thread, which the parent frees when it goes on. One that
 * runs beside its parent (CLONE_VM alone) has TLS of its own; what it leaves behind is freed at a later clone.
 */
#include <linux/sched.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/alloc.h"
#include "linux/abi/abi.h"
#include "linux/debugger.h"
#include "linux/guest.h"
#include "linux/host_x64.h"
#include "linux/sanitize.h"
#include "linux/signal_int.h"
#include "linux/sys_c.h"
#include "linux/thread_int.h"

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* What lodge does itself; the rest is the host's. */
#define OWN_FLAGS                                                                                                      \
    (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_CLEAR_SIGHAND | CLONE_PIDFD)

enum { SHARER_STACK = 1 << 20 };

/* The C library's own (GLIBC_PRIVATE): a thread's TLS and its control block, zeroed. */
void *_dl_allocate_tls(void *mem);
void _dl_deallocate_tls(void *tls, bool control_block_too);
void __ctype_init(void); /* what <ctype.h> needs in a new thread */

/* Kernel's struct clone_args, fields as of CLONE_ARGS_SIZE_VER2. */
struct request {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* The registers with which the child starts. Its result, 0, is stored by whoever handles the call. */
static void child_registers(struct linux_thread *t, const struct request *q)
{
    struct cpu_state *s = t->process->ops->thread_state(t->cpu);

    if (q->stack)
        t->process->abi->sp_set(s, q->stack + q->stack_size);
    if (q->flags & CLONE_SETTLS)
        t->process->abi->tls_set(s, q->tls);
}

/* ---- threads ---- */

static int64_t clone_thread(struct linux_thread *t, const struct request *q)
{
    struct linux_thread *child;
    int64_t r;

    if (q->flags & (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWTIME | CLONE_PIDFD | CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    child = linux_thread_new(t->process, t);
    if (!child)
        return -EAGAIN;
    child_registers(child, q);
    child->process->abi->call_result(child->process->ops->thread_state(child->cpu), 0);
    child->clear_child_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0;
    child->set_child_tid = q->flags & CLONE_CHILD_SETTID ? q->child_tid : 0;
    child->set_parent_tid = q->flags & CLONE_PARENT_SETTID ? q->parent_tid : 0;
    r = linux_thread_start(child);
    if (r < 0)
        linux_thread_free(child);
    return r;
}

/* ---- processes with their own memory ---- */

static void lock_all(struct linux_process *p)
{
    pthread_mutex_lock(&p->lock);
    pthread_mutex_lock(&p->sighand->lock);
    mem_fork_prepare(p->mm->mem);
    p->ops->fork_prepare(p->engine);
    alloc_fork_lock();
}

static void unlock_all(struct linux_process *p)
{
    mem_fork_done(p->mm->mem);
    pthread_mutex_unlock(&p->sighand->lock);
    pthread_mutex_unlock(&p->lock);
}

/* The raw call: the child comes back here too, with 0. */
static int64_t host_fork(const struct request *q, int *pidfd)
{
    uint64_t flags = (q->flags & ~OWN_FLAGS) | (q->flags & CLONE_PIDFD);
    struct request host = {
        .flags = flags,
        .pidfd = (uint64_t)pidfd,
        .exit_signal = q->exit_signal,
        .set_tid = q->set_tid,
        .set_tid_size = q->set_tid_size,
        .cgroup = q->cgroup,
    };

    if (q->set_tid_size || q->flags & (CLONE_INTO_CGROUP | CLONE_NEWTIME))
        return host_result(syscall(SYS_clone3, &host, sizeof(host)));
    return host_result(syscall(SYS_clone, flags | q->exit_signal, 0, pidfd, 0, 0));
}

static void fork_child(struct linux_thread *t, const struct request *q, int *libc_tid)
{
    struct linux_process *p = t->process;

    alloc_fork_unlock();
    p->ops->fork_child(p->engine, t->cpu);
    unlock_all(p);
    t->tid = (int)syscall(SYS_gettid);
    *libc_tid = t->tid;
    p->is_vfork_child = false;
    p->mm->users = 1;
    p->sighand->users = 1;
    mem_unpin(p->mm->mem, -1); /* the other threads' calls are not in progress here */
    linux_thread_fork_child(t);
    linux_debugger_fork_child(p);
    t->held = 0;
    t->clear_child_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0;
    syscall(SYS_set_tid_address, t->clear_child_tid);
    if (q->flags & CLONE_CHILD_SETTID)
        guest_write(t, q->child_tid, &t->tid, sizeof(t->tid));
    if (q->flags & CLONE_CLEAR_SIGHAND)
        linux_sighand_clear(p);
    child_registers(t, q);
}

static int64_t clone_process(struct linux_thread *t, const struct request *q)
{
    struct linux_process *p = t->process;
    int *libc_tid = linux_libc_tid(pthread_self()); /* found by its value, so before the fork */
    int pidfd = -1;
    int64_t r;

    lock_all(p);
    r = host_fork(q, &pidfd);
    if (r == 0) {
        fork_child(t, q, libc_tid);
        return 0;
    }
    alloc_fork_unlock();
    p->ops->fork_parent(p->engine);
    unlock_all(p);
    if (r < 0)
        return r;
    if (q->flags & CLONE_PIDFD)
        guest_write(t, q->pidfd, &pidfd, sizeof(pidfd));
    if (q->flags & CLONE_PARENT_SETTID) {
        int pid = (int)r;

        guest_write(t, q->parent_tid, &pid, sizeof(pid));
    }
    return r;
}

/* ---- processes that share memory ---- */

/* A process in this address space: what it runs on. */
struct sharer {
    struct sharer *next;
    struct linux_thread *t; /* owned, as is its process */
    struct request q;
    char *stack; /* owned mapping */
    void *tls;   /* owned, NULL: the suspended parent's */
    int pid, pidfd;
    struct sanitize_stack sanitize;
};

static int sharer_main(void *arg)
{
    struct sharer *v = arg;
    struct linux_thread *t = v->t;

    if (!v->tls)
        sanitize_arrive(&v->sanitize);
    linux_set_current(t);
    linux_host_altstack_use(t);
    t->tid = (int)syscall(SYS_gettid);
    if (v->tls) {
        *linux_libc_tid((pthread_t)v->tls) = t->tid;
        __ctype_init();
    }
    syscall(SYS_set_tid_address, t->clear_child_tid);
    if (v->q.flags & CLONE_CHILD_SETTID)
        guest_write(t, v->q.child_tid, &t->tid, sizeof(t->tid));
    if (v->q.flags & CLONE_PARENT_SETTID)
        guest_write(t, v->q.parent_tid, &t->tid, sizeof(t->tid));
    if (v->q.flags & CLONE_PIDFD)
        guest_write(t, v->q.pidfd, &v->pidfd, sizeof(v->pidfd));
    if (v->q.flags & CLONE_CLEAR_SIGHAND)
        linux_sighand_clear(t->process);
    linux_thread_add(t);
    linux_signal_set_mask(t, t->sigmask);
    linux_thread_loop(t);
}

static struct linux_process *process_copy(struct linux_process *p, const struct request *q)
{
    struct linux_process *child = x_memdup(p, sizeof(*p));

    pthread_mutex_init(&child->lock, NULL);
    child->threads = child->dead = NULL;
    child->sharers = NULL;
    child->is_vfork_child = true;
    if (q->flags & CLONE_SIGHAND)
        atomic_fetch_add(&p->sighand->users, 1);
    else
        child->sighand = linux_sighand_copy(p->sighand);
    atomic_fetch_add(&p->mm->users, 1);
    return child;
}

static void process_drop(struct linux_process *p)
{
    linux_sighand_put(p->sighand);
    atomic_fetch_sub(&p->mm->users, 1);
    if (!p->threads && !p->dead) /* threads of the child's own may still run */
        x_free(p);
}

static void sharer_free(struct sharer *v)
{
    struct linux_process *p = v->t->process;

    mem_unpin(p->mm->mem, v->t->tid); /* it may have been killed within a call */
    if (p->threads == v->t)
        p->threads = v->t->next;
    linux_thread_free(v->t);
    process_drop(p);
    munmap(v->stack, SHARER_STACK);
    alloc_fork_lock();
    if (v->tls)
        _dl_deallocate_tls(v->tls, true);
    alloc_fork_unlock();
    x_free(v);
}

static struct sharer *sharer_new(struct linux_thread *t, const struct request *q)
{
    char *stack = mmap(NULL, SHARER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct linux_process *p = process_copy(t->process, q);
    struct linux_thread *child = linux_thread_new(p, t);
    struct sharer *v = x_new(struct sharer);

    if (stack == MAP_FAILED || !child) {
        if (stack != MAP_FAILED)
            munmap(stack, SHARER_STACK);
        process_drop(p);
        x_free(v);
        return NULL;
    }
    *v = (struct sharer){.t = child, .q = *q, .stack = stack, .pidfd = -1};
    if (q->flags & CLONE_VFORK) {
        child->altstack_sp = t->altstack_sp;
        child->altstack_size = t->altstack_size;
        child->altstack_flags = t->altstack_flags;
    }
    child->clear_child_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0;
    child_registers(child, q);
    p->abi->call_result(p->ops->thread_state(child->cpu), 0);
    return v;
}

static int64_t sharer_start(struct sharer *v)
{
    int flags =
        (int)((v->q.flags & ~OWN_FLAGS) | (v->q.flags & CLONE_PIDFD) | (v->tls ? CLONE_SETTLS : 0) | v->q.exit_signal);

    return host_result(clone(sharer_main, v->stack + SHARER_STACK, flags, v, &v->pidfd, v->tls, NULL));
}

static int64_t clone_vfork(struct linux_thread *t, const struct request *q)
{
    struct sharer *v = sharer_new(t, q);
    int64_t r;

    if (!v)
        return -EAGAIN;
    sanitize_leave(&v->sanitize, v->stack, SHARER_STACK);
    r = sharer_start(v);
    sanitize_back(&v->sanitize);
    linux_set_current(t);
    sharer_free(v);
    return r;
}

/* Frees what those leave that are gone: exited and waited for. */
static void sharers_reap(struct linux_process *p)
{
    struct sharer **link = &p->sharers;

    while (*link) {
        struct sharer *v = *link;

        if (syscall(SYS_kill, v->pid, 0) == 0 || errno != ESRCH) {
            link = &v->next;
            continue;
        }
        *link = v->next;
        sharer_free(v);
    }
}

static int64_t clone_beside(struct linux_thread *t, const struct request *q)
{
    struct linux_process *p = t->process;
    struct sharer *v = sharer_new(t, q);
    int64_t r;

    if (!v)
        return -EAGAIN;
    alloc_fork_lock();
    v->tls = _dl_allocate_tls(NULL);
    alloc_fork_unlock();
    if (v->tls)
        host_tls_init(v->tls);
    linux_libc_tid(pthread_self()); /* so that the child need not look for it */
    r = v->tls ? sharer_start(v) : -EAGAIN;
    if (r < 0) {
        sharer_free(v);
        return r;
    }
    if (q->flags & CLONE_PARENT_SETTID)
        guest_write(t, q->parent_tid, &(int){(int)r}, sizeof(int));
    if (q->flags & CLONE_PIDFD)
        guest_write(t, q->pidfd, &v->pidfd, sizeof(v->pidfd));
    pthread_mutex_lock(&p->lock);
    sharers_reap(p);
    v->pid = (int)r;
    v->next = p->sharers;
    p->sharers = v;
    pthread_mutex_unlock(&p->lock);
    return r;
}

/* ---- the calls ---- */

static int64_t do_clone(struct linux_thread *t, const struct request *q)
{
    uint64_t old;
    int64_t r;

    if (q->flags & CLONE_SIGHAND && !(q->flags & CLONE_VM))
        return -EINVAL;
    if (q->flags & CLONE_THREAD && !(q->flags & CLONE_SIGHAND))
        return -EINVAL;
    old = sig_host_block_all();
    if (atomic_load_explicit(&t->queued, memory_order_relaxed)) /* as the kernel: the signal first, then the fork */
        r = -LINUX_ERESTARTNOINTR;
    else if (q->flags & CLONE_THREAD)
        r = clone_thread(t, q);
    else if (q->flags & CLONE_VM)
        r = q->flags & CLONE_VFORK ? clone_vfork(t, q) : clone_beside(t, q);
    else
        r = clone_process(t, q);
    sig_host_set_mask(old);
    return r;
}

int64_t linux_sys_clone(struct linux_thread *t, const uint64_t a[6])
{
    const struct linux_abi *abi = t->process->abi;
    struct request q = {
        .flags = (uint32_t)a[0] & ~(uint32_t)CSIGNAL,
        .exit_signal = a[0] & CSIGNAL,
        .stack = a[1],
        .parent_tid = a[2],
        .pidfd = a[2],
        .tls = a[abi->clone_tls_arg],
        .child_tid = a[abi->clone_child_tid_arg],
    };

    if (q.flags & CLONE_PIDFD && q.flags & (CLONE_PARENT_SETTID | CLONE_DETACHED))
        return -EINVAL;
    return do_clone(t, &q);
}

int64_t linux_sys_clone3(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t known = UINT64_C(0x3ffffffff) & ~(uint64_t)(CSIGNAL | CLONE_DETACHED);
    uint8_t bytes[MEM_PAGE] = {0};
    struct request q;

    if (a[1] > sizeof(bytes))
        return -E2BIG;
    if (a[1] < offsetof(struct request, set_tid))
        return -EINVAL;
    if (guest_read(t, a[0], bytes, a[1]))
        return -EFAULT;
    for (size_t i = sizeof(q); i < a[1]; i++)
        if (bytes[i])
            return -E2BIG;
    memcpy(&q, bytes, sizeof(q));
    if (q.flags & ~(known | CLONE_NEWTIME) || q.exit_signal & ~(uint64_t)CSIGNAL || q.exit_signal > LINUX_NSIG)
        return -EINVAL;
    if (q.flags & (CLONE_THREAD | CLONE_PARENT) && q.exit_signal)
        return -EINVAL;
    if (q.flags & CLONE_SIGHAND && q.flags & CLONE_CLEAR_SIGHAND)
        return -EINVAL;
    if (!q.stack != !q.stack_size)
        return -EINVAL;
    return do_clone(t, &q);
}
