/* Waiting for descriptors: ppoll, pselect6, epoll. The signal mask is swapped by the signal layer, so that a signal that the
 * new mask lets through is never lost between the swap and the wait; the host call itself gets no mask.
 */
#include "linux/poll_int.h"

#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/alloc.h"
#include "linux/sys_c.h"

#define EPOLL_BATCH 512 /* events a wait returns at most; a caller that wants more asks again */

static int temporary_mask(struct linux_thread *t, uint64_t addr, uint64_t size)
{
    uint64_t mask;

    if (!addr)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    if (linux_get(t, addr, &mask, sizeof(mask)))
        return -EFAULT;
    linux_signal_set_temporary_mask(t, mask);
    return 0;
}

/* Lodge's own descriptors are not there for the guest: POLLNVAL at once, the rest polled without waiting. */
static int64_t poll_with_hidden(struct linux_thread *t, uint64_t addr, uint64_t n)
{
    struct timespec now = {0};
    struct pollfd *copy = x_new_array(struct pollfd, n);
    int64_t r = linux_get(t, addr, copy, n * sizeof(*copy));

    for (uint64_t i = 0; i < n; i++)
        if (linux_fd_hidden(copy[i].fd))
            copy[i].fd = INT_MAX;
    if (r == 0)
        r = linux_host(SYS_ppoll, LINUX_PTR(copy), n, LINUX_PTR(&now), 0, 0, 0);
    for (uint64_t i = 0; r >= 0 && i < n; i++)
        if (linux_put(t, addr + i * sizeof(*copy) + offsetof(struct pollfd, revents), &copy[i].revents, 2))
            r = -EFAULT;
    x_free(copy);
    return r;
}

int64_t linux_sys_ppoll(struct linux_thread *t, const uint64_t a[6])
{
    struct pollfd one;
    uint64_t n = (uint32_t)a[1];
    int r;

    if (n > INT_MAX)
        return -EINVAL;
    if (linux_buffer_out(t, a[0], n * sizeof(one)))
        return -EFAULT;
    r = temporary_mask(t, a[3], a[4]);
    if (r)
        return r;
    for (uint64_t i = 0; i < n; i++) {
        if (linux_get(t, a[0] + i * sizeof(one), &one, sizeof(one)))
            return -EFAULT;
        if (linux_fd_hidden(one.fd))
            return poll_with_hidden(t, a[0], n);
    }
    return linux_block_once(t, SYS_ppoll, (uint64_t[6]){a[0], n, a[2]});
}

/* True when the set names a descriptor of lodge's own. */
static bool set_has_hidden(struct linux_thread *t, uint64_t addr, unsigned n)
{
    int fd = -1;
    uint8_t byte;

    if (!addr)
        return false;
    while ((fd = linux_hidden_next(t, (uint32_t)(fd + 1))) >= 0 && (unsigned)fd < n)
        if (!linux_get(t, addr + (unsigned)fd / 8, &byte, 1) && byte >> (fd & 7) & 1)
            return true;
    return false;
}

int64_t linux_sys_pselect6(struct linux_thread *t, const uint64_t a[6])
{
    unsigned n = (unsigned)a[0] & 0xfffff;
    uint64_t mask[2];
    int r;

    if ((int)a[0] < 0)
        return -EINVAL;
    for (int i = 1; i <= 3; i++) {
        if (a[i] && linux_buffer_out(t, a[i], (n + 63) / 64 * 8))
            return -EFAULT;
        if (set_has_hidden(t, a[i], n))
            return -EBADF;
    }
    if (a[5]) {
        if (linux_get(t, a[5], mask, sizeof(mask)))
            return -EFAULT;
        r = temporary_mask(t, mask[0], mask[1]);
        if (r)
            return r;
    }
    return linux_block_once(t, SYS_pselect6, (uint64_t[6]){a[0], a[1], a[2], a[3], a[4], 0});
}

int64_t linux_sys_epoll_ctl(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_epoll_event guest = {0};
    struct epoll_event host;

    if ((int)a[1] != EPOLL_CTL_DEL && linux_get(t, a[3], &guest, sizeof(guest)))
        return -EFAULT;
    host = (struct epoll_event){.events = guest.events, .data.u64 = guest.data};
    return linux_host(SYS_epoll_ctl, a[0], a[1], a[2], LINUX_PTR(&host), 0, 0);
}

static int64_t epoll_wait_common(struct linux_thread *t, long nr, const uint64_t a[6])
{
    struct epoll_event host[EPOLL_BATCH];
    struct linux_epoll_event guest;
    int max = (int)a[2];
    int64_t n;
    int r;

    if (max <= 0 || max > INT_MAX / (int)sizeof(guest))
        return -EINVAL;
    if (linux_buffer_out(t, a[1], (uint64_t)max * sizeof(guest)))
        return -EFAULT;
    r = temporary_mask(t, a[4], a[5]);
    if (r)
        return r;
    if (max > EPOLL_BATCH)
        max = EPOLL_BATCH;
    n = linux_block_once(t, nr, (uint64_t[6]){a[0], LINUX_PTR(host), (uint64_t)max, a[3]});
    for (int64_t i = 0; i < n; i++) {
        guest = (struct linux_epoll_event){.events = host[i].events, .data = host[i].data.u64};
        if (linux_put(t, a[1] + (uint64_t)i * sizeof(guest), &guest, sizeof(guest)))
            return i ? i : -EFAULT;
    }
    return n;
}

int64_t linux_sys_epoll_pwait(struct linux_thread *t, const uint64_t a[6])
{
    return epoll_wait_common(t, SYS_epoll_pwait, a);
}

int64_t linux_sys_epoll_pwait2(struct linux_thread *t, const uint64_t a[6])
{
    return epoll_wait_common(t, SYS_epoll_pwait2, a);
}
