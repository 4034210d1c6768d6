/* ids.c - what belongs to a process besides memory and files: prctl, personality. User and group numbers,
 * scheduling and capabilities go to the host by the system-call table, per thread as the kernel has them: the guest's libc
 * does its own broadcast.
 */
#include <linux/seccomp.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "linux/guest.h"
#include "linux/sys_c.h"

/* ---- prctl ---- */

enum prctl_kind {
    PRCTL_PASS,    /* all arguments are numbers */
    PRCTL_OUT_INT, /* arg 2: where an int goes */
    PRCTL_NAME_IN,
    PRCTL_NAME_OUT,
    PRCTL_OUT_PTR, /* arg 2: where a pointer goes */
};

/* prctl(2): what means the same for the host process as for the guest. The rest is refused with EINVAL, as a kernel that
 * does not know it would. */
static const struct {
    int option;
    enum prctl_kind kind;
} prctls[] = {
    {PR_SET_PDEATHSIG, PRCTL_PASS},
    {PR_GET_PDEATHSIG, PRCTL_OUT_INT},
    {PR_GET_DUMPABLE, PRCTL_PASS},
    {PR_SET_DUMPABLE, PRCTL_PASS},
    {PR_GET_KEEPCAPS, PRCTL_PASS},
    {PR_SET_KEEPCAPS, PRCTL_PASS},
    {PR_GET_TIMING, PRCTL_PASS},
    {PR_SET_TIMING, PRCTL_PASS},
    {PR_SET_NAME, PRCTL_NAME_IN},
    {PR_GET_NAME, PRCTL_NAME_OUT},
    {PR_CAPBSET_READ, PRCTL_PASS},
    {PR_CAPBSET_DROP, PRCTL_PASS},
    {PR_GET_SECUREBITS, PRCTL_PASS},
    {PR_SET_SECUREBITS, PRCTL_PASS},
    {PR_SET_TIMERSLACK, PRCTL_PASS},
    {PR_GET_TIMERSLACK, PRCTL_PASS},
    {PR_MCE_KILL, PRCTL_PASS},
    {PR_MCE_KILL_GET, PRCTL_PASS},
    {PR_SET_PTRACER, PRCTL_PASS},
    {PR_SET_CHILD_SUBREAPER, PRCTL_PASS},
    {PR_GET_CHILD_SUBREAPER, PRCTL_OUT_INT},
    {PR_SET_NO_NEW_PRIVS, PRCTL_PASS},
    {PR_GET_NO_NEW_PRIVS, PRCTL_PASS},
    {PR_GET_TID_ADDRESS, PRCTL_OUT_PTR},
    {PR_SET_THP_DISABLE, PRCTL_PASS},
    {PR_GET_THP_DISABLE, PRCTL_PASS},
    {PR_CAP_AMBIENT, PRCTL_PASS},
    {PR_GET_SPECULATION_CTRL, PRCTL_PASS},
    {PR_SET_SPECULATION_CTRL, PRCTL_PASS},
    {PR_SET_IO_FLUSHER, PRCTL_PASS},
    {PR_GET_IO_FLUSHER, PRCTL_PASS},
    {0x53564d41 /* PR_SET_VMA: names for /proc/self/maps */, PRCTL_PASS},
};

static int64_t prctl_known(struct linux_thread *t, enum prctl_kind kind, const uint64_t a[6])
{
    union {
        char name[16];
        int number;
        uint64_t pointer;
    } v = {{0}};
    size_t size = kind == PRCTL_OUT_INT ? sizeof(v.number) : kind == PRCTL_OUT_PTR ? sizeof(v.pointer) : sizeof(v.name);
    int64_t r;

    switch (kind) {
    case PRCTL_PASS: return host_result(syscall(SYS_prctl, (int)a[0], a[1], a[2], a[3], a[4]));
    case PRCTL_NAME_IN:
        r = mem_read_string(t->process->mm->mem, a[1], v.name, sizeof(v.name));
        if (r == -ENAMETOOLONG && !guest_read(t, a[1], v.name, sizeof(v.name) - 1))
            r = 0;
        return r < 0 ? r : host_result(syscall(SYS_prctl, (int)a[0], v.name, 0, 0, 0));
    case PRCTL_OUT_INT:
    case PRCTL_NAME_OUT:
    case PRCTL_OUT_PTR: break;
    }
    r = host_result(syscall(SYS_prctl, (int)a[0], &v, a[2], a[3], a[4]));
    if (r < 0)
        return r;
    return guest_write(t, a[1], &v, size) ? -EFAULT : r;
}

int64_t linux_sys_prctl(struct linux_thread *t, const uint64_t a[6])
{
    if ((int)a[0] == PR_GET_SECCOMP)
        return linux_seccomp_mode(t);
    if ((int)a[0] == PR_SET_SECCOMP)
        return linux_seccomp_prctl(t, a[1], a[2]);
    for (size_t i = 0; i < sizeof(prctls) / sizeof(prctls[0]); i++)
        if (prctls[i].option == (int)a[0])
            return prctl_known(t, prctls[i].kind, a);
    linux_trace_note(t, "prctl %#x: not for a guest", (unsigned)a[0]);
    return -EINVAL;
}

/* ---- the rest ---- */

/* The host gets what matters to programs that it starts and cannot harm lodge's own layout. */
int64_t linux_sys_personality(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_process *p = t->process;
    uint64_t old = p->personality;
    unsigned pass = ADDR_NO_RANDOMIZE | UNAME26;
    int host;

    if ((uint32_t)a[0] == 0xffffffff)
        return (int64_t)old;
    host = personality(0xffffffff);
    if (host == -1 || personality(((unsigned)host & ~pass) | ((unsigned)a[0] & pass)) == -1)
        return -errno;
    p->personality = (uint32_t)a[0];
    return (int64_t)old;
}
