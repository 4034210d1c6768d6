/* signal_call.c - the system calls about signals. Sending is the host's business (a guest's thread is a host thread, its
 * number the host's), and so is waiting, since the host's masks are the guest's.
 */
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "linux/abi/abi.h"
#include "linux/guest.h"
#include "linux/signal_int.h"
#include "linux/sys_c.h"

enum { SIGSET_SIZE = 8 };

/* ---- dispositions and masks ---- */

int64_t linux_sys_rt_sigaction(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_sighand *s = t->process->sighand;
    struct linux_sigaction act, old;
    uint64_t signo = a[0];

    if (a[3] != SIGSET_SIZE)
        return -EINVAL;
    if (a[1] && guest_read(t, a[1], &act, sizeof(act)))
        return -EFAULT;
    if ((int)signo < 1 || (int)signo > LINUX_NSIG || (a[1] && sig_bit((int)signo) & SIG_UNBLOCKABLE))
        return -EINVAL;
    pthread_mutex_lock(&s->lock);
    old = s->action[(int)signo - 1];
    if (a[1]) {
        act.mask &= ~SIG_UNBLOCKABLE;
        act.flags &= SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | LINUX_SA_ONSTACK | LINUX_SA_RESTART | LINUX_SA_NODEFER |
            LINUX_SA_RESETHAND | 0x800 /* SA_EXPOSE_TAGBITS */;
        s->action[(int)signo - 1] = act;
        linux_signal_host_install(t->process, (int)signo, &act);
    }
    pthread_mutex_unlock(&s->lock);
    return a[2] ? guest_write(t, a[2], &old, sizeof(old)) : 0;
}

int64_t linux_sys_rt_sigprocmask(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t set, old = t->sigmask;

    if (a[3] != SIGSET_SIZE)
        return -EINVAL;
    if (a[1]) {
        if (guest_read(t, a[1], &set, sizeof(set)))
            return -EFAULT;
        if ((int)a[0] == SIG_BLOCK)
            set = old | set;
        else if ((int)a[0] == SIG_UNBLOCK)
            set = old & ~set;
        else if ((int)a[0] != SIG_SETMASK)
            return -EINVAL;
        linux_signal_set_mask(t, set);
    }
    return a[2] ? guest_write(t, a[2], &old, sizeof(old)) : 0;
}

int64_t linux_sys_rt_sigpending(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t set = 0;

    if (a[1] > SIGSET_SIZE)
        return -EINVAL;
    syscall(SYS_rt_sigpending, &set, sizeof(set));
    set = (set | t->held) & t->sigmask;
    return guest_write(t, a[0], &set, a[1]);
}

int64_t linux_sys_rt_sigsuspend(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t mask;

    if (a[1] != SIGSET_SIZE)
        return -EINVAL;
    if (guest_read(t, a[0], &mask, sizeof(mask)))
        return -EFAULT;
    linux_signal_set_temporary_mask(t, mask);
    linux_host_call(t, SYS_pause, 0, 0, 0, 0, 0, 0);
    return -LINUX_ERESTARTNOHAND;
}

/* A held SIGSEGV or SIGBUS counts as pending. */
static int take_held(struct linux_thread *t, uint64_t set, siginfo_t *info)
{
    int signo = t->held & set & sig_bit(SIGBUS) ? SIGBUS : SIGSEGV;

    if (!(t->held & set))
        return 0;
    t->held &= ~sig_bit(signo);
    *info = t->held_info[signo == SIGBUS];
    return signo;
}

int64_t linux_sys_rt_sigtimedwait(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t set;
    siginfo_t info;
    struct timespec timeout;
    int64_t r;

    if (a[3] != SIGSET_SIZE)
        return -EINVAL;
    if (guest_read(t, a[0], &set, sizeof(set)) || (a[2] && guest_read(t, a[2], &timeout, sizeof(timeout))))
        return -EFAULT;
    set &= ~SIG_UNBLOCKABLE;
    r = take_held(t, set, &info);
    if (!r) {
        set &= ~SIG_FAULTS;
        r = linux_host_call(
            t, SYS_rt_sigtimedwait, (uint64_t)&set, (uint64_t)&info, a[2] ? (uint64_t)&timeout : 0, SIGSET_SIZE, 0, 0);
    }
    if (r == -LINUX_ERESTARTSYS)
        return -LINUX_ERESTARTNOHAND;
    if (r > 0 && a[1] && guest_write(t, a[1], &info, sizeof(info)))
        return -EFAULT;
    return r;
}

/* ---- sending ---- */

int64_t linux_sys_kill(struct linux_thread *t, const uint64_t a[6])
{
    return host_result(syscall(SYS_kill, (int)a[0], (int)a[1]));
}

int64_t linux_sys_tkill(struct linux_thread *t, const uint64_t a[6])
{
    return host_result(syscall(SYS_tkill, (int)a[0], (int)a[1]));
}

int64_t linux_sys_tgkill(struct linux_thread *t, const uint64_t a[6])
{
    return host_result(syscall(SYS_tgkill, (int)a[0], (int)a[1], (int)a[2]));
}

int64_t linux_sys_rt_sigqueueinfo(struct linux_thread *t, const uint64_t a[6])
{
    siginfo_t info;

    if (guest_read(t, a[2], &info, sizeof(info)))
        return -EFAULT;
    return host_result(syscall(SYS_rt_sigqueueinfo, (int)a[0], (int)a[1], &info));
}

int64_t linux_sys_rt_tgsigqueueinfo(struct linux_thread *t, const uint64_t a[6])
{
    siginfo_t info;

    if (guest_read(t, a[3], &info, sizeof(info)))
        return -EFAULT;
    return host_result(syscall(SYS_rt_tgsigqueueinfo, (int)a[0], (int)a[1], (int)a[2], &info));
}

int64_t linux_sys_pidfd_send_signal(struct linux_thread *t, const uint64_t a[6])
{
    siginfo_t info;

    if (a[2] && guest_read(t, a[2], &info, sizeof(info)))
        return -EFAULT;
    return host_result(syscall(SYS_pidfd_send_signal, (int)a[0], (int)a[1], a[2] ? &info : NULL, (unsigned)a[3]));
}

/* ---- the alternate stack ---- */

int linux_altstack_set(struct linux_thread *t, uint64_t sp, int flags, uint64_t size)
{
    int mode = flags & ~LINUX_SS_AUTODISARM;

    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode == SS_DISABLE)
        sp = size = 0;
    else if (size < LINUX_MINSIGSTKSZ)
        return -ENOMEM;
    t->altstack_sp = sp;
    t->altstack_size = size;
    t->altstack_flags = flags;
    return 0;
}

struct guest_stack {
    uint64_t sp;
    int32_t flags, pad;
    uint64_t size;
};

int64_t linux_sys_sigaltstack(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t sp = t->process->abi->sp_get(t->process->ops->thread_state(t->cpu));
    struct guest_stack new,
        old = {
            .sp = t->altstack_sp,
            .size = t->altstack_size,
            .flags = t->altstack_flags & LINUX_SS_AUTODISARM,
        };
    int r = 0;

    if (!t->altstack_size)
        old.flags |= SS_DISABLE;
    else if (linux_on_altstack(t, sp))
        old.flags |= SS_ONSTACK;
    if (a[0] && guest_read(t, a[0], &new, sizeof(new)))
        return -EFAULT;
    if (a[0] && linux_on_altstack(t, sp))
        return -EPERM;
    if (a[0])
        r = linux_altstack_set(t, new.sp, new.flags, new.size);
    if (!r && a[1])
        r = guest_write(t, a[1], &old, sizeof(old));
    return r;
}

/* A call that the guest's own kernel would have continued never ends in lodge with a restart block: the host keeps it. */
int64_t linux_sys_restart_syscall(struct linux_thread *t, const uint64_t a[6])
{
    return -EINTR;
}
