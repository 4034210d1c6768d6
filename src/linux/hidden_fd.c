/* hidden_fd.c - see hidden_fd.h. A descriptor keeps working when the limit is lowered below its number, so it is put there by
 * raising the limit for a moment.
 */
#include "linux/hidden_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/linux_int.h"

enum { HIDDEN_HIGHEST = 4096 - LINUX_HIDDEN_MAX };

/* A copy of fd at floor or above, or -1; the soft limit is raised for that if need be. */
static int dup_at(int fd, rlim_t floor)
{
    struct rlimit limit, raised;
    int copy;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return fcntl(fd, F_DUPFD_CLOEXEC, (int)floor);
    raised = limit;
    raised.rlim_cur = MIN(limit.rlim_max, floor + LINUX_HIDDEN_MAX);
    if (raised.rlim_cur > limit.rlim_cur)
        setrlimit(RLIMIT_NOFILE, &raised);
    copy = fcntl(fd, F_DUPFD_CLOEXEC, (int)MIN(floor, raised.rlim_cur - 1));
    if (copy < 0) /* nothing free up there: anywhere */
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (raised.rlim_cur > limit.rlim_cur)
        setrlimit(RLIMIT_NOFILE, &limit);
    return copy;
}

static rlim_t hidden_floor(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > HIDDEN_HIGHEST)
        return HIDDEN_HIGHEST;
    return limit.rlim_cur;
}

/* The owner of the number is told, unless it is the suspended parent's. */
static bool move(struct linux_process *p, unsigned i, rlim_t floor)
{
    int old = p->hidden[i], copy = dup_at(old, floor);

    if (copy < 0)
        return false;
    close(old);
    p->hidden[i] = copy;
    if (p->self_fd == old)
        p->self_fd = copy;
    if (p->trace_fd == old)
        p->trace_fd = copy;
    if (!p->is_vfork_child)
        *p->hidden_owner[i] = copy;
    return true;
}

void linux_hidden_add(struct linux_process *p, int *fd)
{
    unsigned i = 0;

    if (*fd < 0)
        return;
    while (i < p->nhidden && p->hidden[i] >= 0)
        i++;
    if (i == LINUX_HIDDEN_MAX)
        return;
    p->hidden[i] = *fd;
    p->hidden_owner[i] = fd;
    if (i == p->nhidden)
        p->nhidden++;
    if ((rlim_t)*fd < hidden_floor() && !move(p, i, hidden_floor()))
        fcntl(*fd, F_SETFD, FD_CLOEXEC);
    else
        fcntl(p->hidden[i], F_SETFD, FD_CLOEXEC);
}

void linux_hidden_drop(struct linux_process *p, int *fd)
{
    for (unsigned i = 0; i < p->nhidden; i++) {
        if (*fd >= 0 && p->hidden[i] == *fd) {
            p->hidden[i] = -1;
            fd_close(fd_steal(fd));
        }
    }
}

static int find(const struct linux_process *p, int fd)
{
    for (unsigned i = 0; i < p->nhidden; i++)
        if (p->hidden[i] == fd)
            return (int)i;
    return -1;
}

bool linux_fd_hidden(int fd)
{
    const struct linux_thread *t = linux_current();

    return fd >= 0 && t && find(t->process, fd) >= 0;
}

int linux_hidden_next(struct linux_thread *t, uint32_t from)
{
    const struct linux_process *p = t->process;
    int best = -1;

    for (unsigned i = 0; i < p->nhidden; i++)
        if (p->hidden[i] >= 0 && (uint32_t)p->hidden[i] >= from && (best < 0 || p->hidden[i] < best))
            best = p->hidden[i];
    return best;
}

int linux_hidden_make_room(struct linux_thread *t, int fd)
{
    int i = fd >= 0 ? find(t->process, fd) : -1;
    rlim_t floor = hidden_floor();

    if (i < 0)
        return 0;
    return move(t->process, (unsigned)i, (rlim_t)fd >= floor ? (rlim_t)fd + 1 : floor) ? 0 : -EMFILE;
}

void linux_hidden_limit_changed(struct linux_process *p)
{
    rlim_t floor = hidden_floor();

    for (unsigned i = 0; i < p->nhidden; i++)
        if (p->hidden[i] >= 0 && (rlim_t)p->hidden[i] < floor)
            move(p, i, floor);
}
