/* time.c - clocks, sleeping, timers. Clocks come from the host's vDSO; sleeping calls can be interrupted; timers are the
 * host's, with the guest's signal numbers and thread numbers, which are the host's too.
 */
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "linux/guest.h"
#include "linux/sys_c.h"

int64_t linux_sys_clock_gettime(struct linux_thread *t, const uint64_t a[6])
{
    struct timespec now;

    if (clock_gettime((clockid_t)a[0], &now))
        return -errno;
    return guest_write(t, a[1], &now, sizeof(now));
}

int64_t linux_sys_clock_getres(struct linux_thread *t, const uint64_t a[6])
{
    struct timespec res;

    if (clock_getres((clockid_t)a[0], &res))
        return -errno;
    return a[1] ? guest_write(t, a[1], &res, sizeof(res)) : 0;
}

int64_t linux_sys_gettimeofday(struct linux_thread *t, const uint64_t a[6])
{
    struct timeval now;
    int zone[2];

    if (a[0] && (gettimeofday(&now, NULL) || guest_write(t, a[0], &now, sizeof(now))))
        return -EFAULT;
    if (!a[1])
        return 0;
    if (syscall(SYS_gettimeofday, NULL, zone))
        return -errno;
    return guest_write(t, a[1], zone, sizeof(zone));
}

int64_t linux_sys_getcpu(struct linux_thread *t, const uint64_t a[6])
{
    unsigned cpu, node;

    if (getcpu(&cpu, &node))
        return -errno;
    if (a[0] && guest_write(t, a[0], &cpu, sizeof(cpu)))
        return -EFAULT;
    return a[1] ? guest_write(t, a[1], &node, sizeof(node)) : 0;
}

/* ---- sleeping ---- */

/* Interrupted before it began: a handler makes it EINTR, with all of the time left. */
static int64_t sleep_result(struct linux_thread *t, int64_t r, uint64_t rem_addr, const struct timespec *rem)
{
    if (r != -EINTR && r != -LINUX_ERESTARTSYS)
        return r;
    if (rem_addr && guest_write(t, rem_addr, rem, sizeof(*rem)))
        return -EFAULT;
    return r == -EINTR ? r : -LINUX_ERESTARTNOHAND;
}

int64_t linux_sys_nanosleep(struct linux_thread *t, const uint64_t a[6])
{
    struct timespec want, rem;

    if (guest_read(t, a[0], &want, sizeof(want)))
        return -EFAULT;
    rem = want;
    return sleep_result(t, linux_host_call(t, SYS_nanosleep, (uint64_t)&want, (uint64_t)&rem, 0, 0, 0, 0), a[1], &rem);
}

int64_t linux_sys_clock_nanosleep(struct linux_thread *t, const uint64_t a[6])
{
    struct timespec want, rem;
    bool absolute = a[1] & TIMER_ABSTIME;

    if (guest_read(t, a[2], &want, sizeof(want)))
        return -EFAULT;
    rem = want;
    return sleep_result(t,
        linux_host_call(
            t, SYS_clock_nanosleep, (uint64_t)(int)a[0], (uint64_t)(int)a[1], (uint64_t)&want, (uint64_t)&rem, 0, 0),
        absolute ? 0 : a[3], &rem);
}

/* ---- timers ---- */

int64_t linux_sys_timer_create(struct linux_thread *t, const uint64_t a[6])
{
    uint8_t event[64]; /* struct sigevent, the same on every 64-bit Linux */
    int id;

    if (a[1] && guest_read(t, a[1], event, sizeof(event)))
        return -EFAULT;
    if (syscall(SYS_timer_create, (int)a[0], a[1] ? event : NULL, &id))
        return -errno;
    if (!guest_write(t, a[2], &id, sizeof(id)))
        return 0;
    syscall(SYS_timer_delete, id);
    return -EFAULT;
}

int64_t linux_sys_timer_settime(struct linux_thread *t, const uint64_t a[6])
{
    struct itimerspec new, old;

    if (!a[2])
        return -EINVAL;
    if (guest_read(t, a[2], &new, sizeof(new)))
        return -EFAULT;
    if (syscall(SYS_timer_settime, (int)a[0], (int)a[1], &new, &old))
        return -errno;
    return a[3] ? guest_write(t, a[3], &old, sizeof(old)) : 0;
}

int64_t linux_sys_timer_gettime(struct linux_thread *t, const uint64_t a[6])
{
    struct itimerspec now;

    if (syscall(SYS_timer_gettime, (int)a[0], &now))
        return -errno;
    return guest_write(t, a[1], &now, sizeof(now));
}

int64_t linux_sys_timer_getoverrun(struct linux_thread *t, const uint64_t a[6])
{
    return host_result(syscall(SYS_timer_getoverrun, (int)a[0]));
}

int64_t linux_sys_timer_delete(struct linux_thread *t, const uint64_t a[6])
{
    return host_result(syscall(SYS_timer_delete, (int)a[0]));
}

int64_t linux_sys_setitimer(struct linux_thread *t, const uint64_t a[6])
{
    struct itimerval new = {0}, old;

    if (a[1] && guest_read(t, a[1], &new, sizeof(new)))
        return -EFAULT;
    if (syscall(SYS_setitimer, (int)a[0], &new, &old))
        return -errno;
    return a[2] ? guest_write(t, a[2], &old, sizeof(old)) : 0;
}

int64_t linux_sys_getitimer(struct linux_thread *t, const uint64_t a[6])
{
    struct itimerval now;

    if (syscall(SYS_getitimer, (int)a[0], &now))
        return -errno;
    return guest_write(t, a[1], &now, sizeof(now));
}
