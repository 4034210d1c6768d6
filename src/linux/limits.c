/* limits.c - resource limits as the guest sees them: the host's, but for three that would hit lodge before the guest.
 *
 * RLIMIT_AS, RLIMIT_DATA: lodge's own memory would count too, so the host's are as high as they go, and memory.c keeps the
 * guest's.
 * RLIMIT_NOFILE: the host gets the soft limit; its hard limit stays, so that lodge can raise the soft one for a moment when it
 * needs a descriptor of its own (exec, hidden_fd.c) though the guest has used up all of its own.
 *
 * What the guest sees goes through exec in an option (linux_limits_text).
 */
#include "linux/limits_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/base.h"
#include "linux/guest.h"
#include "linux/hidden_fd.h"
#include "linux/signal_int.h"
#include "linux/sys_c.h"

/* Past the hard limit if we may. */
static void raise_host(int resource)
{
    struct rlimit now, most = {RLIM_INFINITY, RLIM_INFINITY};

    if (getrlimit(resource, &now) < 0 || now.rlim_cur == RLIM_INFINITY || setrlimit(resource, &most) == 0)
        return;
    most.rlim_cur = most.rlim_max = now.rlim_max;
    setrlimit(resource, &most);
}

static void raise_memory_limits(void)
{
    raise_host(RLIMIT_AS);
    raise_host(RLIMIT_DATA);
}

void linux_limits_init(struct linux_process *p)
{
    struct rlimit nofile = {RLIM_INFINITY, RLIM_INFINITY};
    unsigned long hard, as[2], data[2];

    getrlimit(RLIMIT_NOFILE, &nofile);
    getrlimit(RLIMIT_AS, &p->as_limit);
    getrlimit(RLIMIT_DATA, &p->data_limit);
    p->nofile_hard = nofile.rlim_max;
    raise_memory_limits();
    if (!p->config->limits ||
        sscanf(p->config->limits, "%lx,%lx,%lx,%lx,%lx", &hard, &as[0], &as[1], &data[0], &data[1]) != 5)
        return;
    p->nofile_hard = hard;
    p->as_limit = (struct rlimit){as[0], as[1]};
    p->data_limit = (struct rlimit){data[0], data[1]};
}

char *linux_limits_text(const struct linux_process *p)
{
    return x_asprintf("%lx,%lx,%lx,%lx,%lx", (unsigned long)p->nofile_hard, p->as_limit.rlim_cur, p->as_limit.rlim_max,
        p->data_limit.rlim_cur, p->data_limit.rlim_max);
}

void linux_limits_raise(struct rlimit *saved)
{
    struct rlimit most;

    if (getrlimit(RLIMIT_NOFILE, saved) < 0)
        *saved = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    most = (struct rlimit){saved->rlim_max, saved->rlim_max};
    setrlimit(RLIMIT_NOFILE, &most);
}

void linux_limits_restore(const struct rlimit *saved)
{
    setrlimit(RLIMIT_NOFILE, saved);
}

int linux_own_open(int dirfd, const char *path, int flags)
{
    int fd = openat(dirfd, path, flags | O_CLOEXEC);
    struct rlimit saved;

    if (fd >= 0 || errno != EMFILE)
        return fd;
    linux_limits_raise(&saved);
    fd = openat(dirfd, path, flags | O_CLOEXEC);
    linux_limits_restore(&saved);
    return fd;
}

void linux_limits_native(const struct linux_process *p)
{
    struct rlimit nofile;

    setrlimit(RLIMIT_AS, &p->as_limit);
    setrlimit(RLIMIT_DATA, &p->data_limit);
    if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
        return;
    nofile.rlim_max = p->nofile_hard;
    setrlimit(RLIMIT_NOFILE, &nofile);
}

void linux_limits_native_failed(void)
{
    raise_memory_limits();
}

/* Linux's rules for a change (do_prlimit). */
static int check_change(const struct rlimit *now, const struct rlimit *new)
{
    if (new->rlim_cur > new->rlim_max)
        return -EINVAL;
    return new->rlim_max > now->rlim_max && !linux_has_capability(CAP_SYS_RESOURCE) ? -EPERM : 0;
}

static int64_t own_limit(struct rlimit *own, const struct rlimit *new, struct rlimit *old)
{
    int r = new ? check_change(own, new) : 0;

    *old = *own;
    if (r == 0 && new)
        *own = *new;
    return r;
}

static int64_t nofile_limit(struct linux_process *p, const struct rlimit *new, struct rlimit *old)
{
    struct rlimit host, change;
    int r;

    if (getrlimit(RLIMIT_NOFILE, &host) < 0)
        return -errno;
    *old = (struct rlimit){host.rlim_cur, p->nofile_hard};
    if (!new)
        return 0;
    r = check_change(old, new);
    if (r)
        return r;
    change = (struct rlimit){new->rlim_cur, MAX(new->rlim_max, host.rlim_max)};
    if (setrlimit(RLIMIT_NOFILE, &change) < 0)
        return -errno;
    p->nofile_hard = new->rlim_max;
    linux_hidden_limit_changed(p);
    return 0;
}

static int64_t limits(struct linux_thread *t, int pid, int resource, const struct rlimit *new, struct rlimit *old)
{
    struct linux_process *p = t->process;
    bool self = pid == 0 || pid == getpid();
    int64_t r;

    if (self) {
        switch (resource) {
        case RLIMIT_AS: return own_limit(&p->as_limit, new, old);
        case RLIMIT_DATA: return own_limit(&p->data_limit, new, old);
        case RLIMIT_NOFILE: return nofile_limit(p, new, old);
        default: break;
        }
    }
    r = host_result(syscall(SYS_prlimit64, pid, resource, new, old));
    if (r == 0 && new &&self && resource == RLIMIT_CORE)
        linux_signal_core_limit(p);
    return r;
}

int64_t linux_sys_prlimit64(struct linux_thread *t, const uint64_t a[6])
{
    struct rlimit new, old;
    int64_t r;

    if (a[2] && guest_read(t, a[2], &new, sizeof(new)))
        return -EFAULT;
    r = limits(t, (int)a[0], (int)a[1], a[2] ? &new : NULL, &old);
    if (r == 0 && a[3] && guest_write(t, a[3], &old, sizeof(old)))
        return -EFAULT;
    return r;
}

int64_t linux_sys_getrlimit(struct linux_thread *t, const uint64_t a[6])
{
    return linux_sys_prlimit64(t, (const uint64_t[6]){0, a[0], 0, a[1]});
}

int64_t linux_sys_setrlimit(struct linux_thread *t, const uint64_t a[6])
{
    return linux_sys_prlimit64(t, (const uint64_t[6]){0, a[0], a[1], 0});
}
