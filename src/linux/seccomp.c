/* seccomp(2): filters over the guest's own call numbers, run before each of its calls. The kernel's rules hold: a filter is
 * never taken away, children and threads inherit, the newest filter runs first and the strictest answer of all wins
 * (seccomp(2)). Filters are never freed: other threads may be running them, and a process has few.
 *
 * The host process itself is not filtered: a filter protects the guest from itself as on a real machine, it is no wall around
 * lodge.
 */
#include "linux/seccomp_int.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/str.h"
#include "linux/abi/abi.h"
#include "linux/signal_int.h"
#include "linux/sys_c.h"

#define FLAGS_KNOWN                                                                                                    \
    (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |                            \
        SECCOMP_FILTER_FLAG_TSYNC_ESRCH)

struct linux_seccomp {
    const struct linux_seccomp *older; /* NULL: the first */
    bool strict;                       /* SECCOMP_SET_MODE_STRICT; no code */
    unsigned count;
    struct sock_filter code[];
};

static const struct linux_seccomp *filters_of(struct linux_thread *t)
{
    return atomic_load_explicit(&t->seccomp, memory_order_acquire);
}

/* ---- running ---- */

static int32_t action_order(uint32_t value)
{
    return (int32_t)(value & SECCOMP_RET_ACTION_FULL);
}

/* The strictest answer; of equal ones that of the newest filter. */
static uint32_t run_all(const struct linux_seccomp *f, const struct seccomp_data *data)
{
    uint32_t worst = SECCOMP_RET_ALLOW;

    for (; f; f = f->older) {
        uint32_t value = seccomp_run(f->code, data);

        if (action_order(value) < action_order(worst))
            worst = value;
    }
    return worst;
}

static siginfo_t sigsys(struct linux_thread *t, uint64_t nr, uint32_t value)
{
    siginfo_t info = {.si_signo = SIGSYS, .si_code = 1 /* SYS_SECCOMP */};

    info.si_errno = (int)(value & SECCOMP_RET_DATA);
    info.si_call_addr = (void *)(uintptr_t)t->call_pc;
    info.si_syscall = (int)nr;
    info.si_arch = t->process->abi->audit_arch;
    return info;
}

static void kill_process(struct linux_thread *t, uint64_t nr, int signo)
{
    struct linux_sighand *s = t->process->sighand;
    siginfo_t info = sigsys(t, nr, 0);
    uint64_t old = sig_host_block_all();

    pthread_mutex_lock(&s->lock);
    s->action[signo - 1] = (struct linux_sigaction){0};
    pthread_mutex_unlock(&s->lock);
    sig_host_set_mask(old);
    if (signo == SIGKILL)
        kill(getpid(), SIGKILL);
    t->sigmask &= ~sig_bit(signo);
    linux_signal_force(t, &info);
}

static void kill_thread(struct linux_thread *t, uint64_t nr)
{
    if (t->process->threads && t->process->threads->next)
        linux_sys_exit(t, (uint64_t[6]){SIGSYS});
    kill_process(t, nr, SIGSYS);
}

static int64_t check_strict(struct linux_thread *t, uint64_t nr, bool *go)
{
    const char *name = linux_call_name(nr);

    if (name && (str_eq(name, "read") || str_eq(name, "write") || str_eq(name, "exit") || str_eq(name, "rt_sigreturn")))
        return 0;
    *go = false;
    kill_process(t, nr, SIGKILL);
    return -ENOSYS;
}

int64_t linux_seccomp_check(struct linux_thread *t, uint64_t nr, const uint64_t a[6], bool *go)
{
    const struct linux_seccomp *f = filters_of(t);
    struct seccomp_data data = {.nr = (int)nr, .arch = t->process->abi->audit_arch, .instruction_pointer = t->call_pc};
    siginfo_t info;
    uint32_t value;

    *go = true;
    if (f->strict)
        return check_strict(t, nr, go);
    memcpy(data.args, a, sizeof(data.args));
    value = run_all(f, &data);
    switch (value & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW: return 0;
    case SECCOMP_RET_LOG: linux_trace_note(t, "seccomp: logged"); return 0;
    default: *go = false;
    }
    linux_trace_note(t, "seccomp: call %d answered by a filter with %#x", (int)nr, value);
    switch (value & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ERRNO: return -(int64_t)((value & SECCOMP_RET_DATA) < 4095 ? value & SECCOMP_RET_DATA : 4095);
    case SECCOMP_RET_TRACE: /* no tracer */
    case SECCOMP_RET_USER_NOTIF: /* no listener */ return -ENOSYS;
    case SECCOMP_RET_TRAP:
        info = sigsys(t, nr, value);
        linux_signal_force(t, &info);
        return (int64_t)a[0]; /* the handler finds the registers as before the call */
    case SECCOMP_RET_KILL_THREAD: kill_thread(t, nr); return -ENOSYS;
    default: kill_process(t, nr, SIGSYS); return -ENOSYS; /* SECCOMP_RET_KILL_PROCESS and what nobody knows */
    }
}

/* ---- installing ---- */

static bool may_install(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2] = {{0}};

    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return true;
    return syscall(SYS_capget, &head, caps) == 0 && caps[0].effective >> CAP_SYS_ADMIN & 1;
}

static struct linux_seccomp *filter_new(const struct sock_filter *code, unsigned count)
{
    struct linux_seccomp *f = x_calloc(1, sizeof(*f) + count * sizeof(code[0]));

    f->count = count;
    memcpy(f->code, code, count * sizeof(code[0]));
    return f;
}

/* struct sock_fprog at addr: 0 and *out, or a negative errno. */
static int filter_get(struct linux_thread *t, uint64_t addr, struct linux_seccomp **out)
{
    struct sock_fprog prog;
    _cleanup_free_ struct sock_filter *code = NULL;

    if (linux_get(t, addr, &prog, sizeof(prog)))
        return -EFAULT;
    if (prog.len == 0 || prog.len > BPF_MAXINSNS)
        return -EINVAL;
    code = x_new_array(struct sock_filter, prog.len);
    if (linux_get(t, LINUX_PTR(prog.filter), code, prog.len * sizeof(*code)))
        return -EFAULT;
    if (!seccomp_valid(code, prog.len))
        return -EINVAL;
    *out = filter_new(code, prog.len);
    return 0;
}

static bool is_ancestor(const struct linux_seccomp *older, const struct linux_seccomp *f)
{
    while (f && f != older)
        f = f->older;
    return f == older;
}

/* SECCOMP_FILTER_FLAG_TSYNC: all threads get the new filter, or none. Process lock held. 0, or the first thread in the way. */
static int synchronise(struct linux_thread *t, const struct linux_seccomp *new)
{
    const struct linux_seccomp *mine = filters_of(t);

    for (struct linux_thread *o = t->process->threads; o; o = o->next)
        if (o != t && !is_ancestor(filters_of(o), mine))
            return o->tid;
    for (struct linux_thread *o = t->process->threads; o; o = o->next)
        atomic_store_explicit(&o->seccomp, new, memory_order_release);
    return 0;
}

static int64_t set_filter(struct linux_thread *t, uint64_t flags, uint64_t addr)
{
    struct linux_seccomp *f;
    int r, blocker = 0;

    if (flags & ~(uint64_t)FLAGS_KNOWN)
        return -EINVAL;
    if (filters_of(t) && filters_of(t)->strict)
        return -EINVAL;
    r = filter_get(t, addr, &f);
    if (r)
        return r;
    if (!may_install()) {
        x_free(f);
        return -EACCES;
    }
    pthread_mutex_lock(&t->process->lock);
    f->older = filters_of(t);
    if (flags & SECCOMP_FILTER_FLAG_TSYNC)
        blocker = synchronise(t, f);
    else
        atomic_store_explicit(&t->seccomp, f, memory_order_release);
    pthread_mutex_unlock(&t->process->lock);
    if (blocker)
        x_free(f);
    return blocker && flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : blocker;
}

static int64_t set_strict(struct linux_thread *t)
{
    struct linux_seccomp *f;

    if (filters_of(t))
        return filters_of(t)->strict ? 0 : -EINVAL;
    f = filter_new(NULL, 0);
    f->strict = true;
    atomic_store_explicit(&t->seccomp, f, memory_order_release);
    return 0;
}

static int64_t action_available(struct linux_thread *t, uint64_t addr)
{
    uint32_t action;

    if (linux_get(t, addr, &action, sizeof(action)))
        return -EFAULT;
    switch (action) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_ERRNO:
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_ALLOW: return 0;
    default: return -EOPNOTSUPP; /* SECCOMP_RET_USER_NOTIF: no listeners here */
    }
}

int64_t linux_sys_seccomp(struct linux_thread *t, const uint64_t a[6])
{
    switch ((unsigned)a[0]) {
    case SECCOMP_SET_MODE_STRICT: return a[1] || a[2] ? -EINVAL : set_strict(t);
    case SECCOMP_SET_MODE_FILTER: return set_filter(t, a[1], a[2]);
    case SECCOMP_GET_ACTION_AVAIL: return a[1] ? -EINVAL : action_available(t, a[2]);
    default: return -EINVAL;
    }
}

int64_t linux_seccomp_prctl(struct linux_thread *t, uint64_t mode, uint64_t addr)
{
    switch (mode) {
    case SECCOMP_MODE_STRICT: return set_strict(t);
    case SECCOMP_MODE_FILTER: return set_filter(t, 0, addr);
    default: return -EINVAL;
    }
}

int linux_seccomp_mode(struct linux_thread *t)
{
    const struct linux_seccomp *f = filters_of(t);

    return !f ? SECCOMP_MODE_DISABLED : f->strict ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER;
}

/* ---- over execve ---- a filter is u32 count (~0: strict), code; the oldest comes first */

static void save(const struct linux_seccomp *f, struct strbuf *out)
{
    uint32_t count = f->strict ? UINT32_MAX : f->count;

    if (f->older)
        save(f->older, out);
    strbuf_addn(out, &count, sizeof(count));
    strbuf_addn(out, f->code, f->count * sizeof(f->code[0]));
}

static int load(struct linux_thread *t, const void *data, size_t size)
{
    const char *p = data, *end = p + size;
    struct linux_seccomp *f;
    uint32_t count;

    while (p < end) {
        if ((size_t)(end - p) < sizeof(count))
            return -EINVAL;
        memcpy(&count, p, sizeof(count));
        p += sizeof(count);
        if (count == UINT32_MAX) {
            set_strict(t);
            continue;
        }
        if (count > BPF_MAXINSNS || (size_t)(end - p) / sizeof(struct sock_filter) < count)
            return -EINVAL;
        f = filter_new((const struct sock_filter *)(const void *)p, count);
        p += count * sizeof(struct sock_filter);
        if (!seccomp_valid(f->code, count)) {
            x_free(f);
            return -EINVAL;
        }
        f->older = filters_of(t);
        atomic_store_explicit(&t->seccomp, f, memory_order_release);
    }
    return 0;
}

int linux_seccomp_to_fd(struct linux_thread *t, int *fd)
{
    _cleanup_strbuf_ struct strbuf bytes = {0};
    int r;

    if (!filters_of(t))
        return 0;
    save(filters_of(t), &bytes);
    *fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (*fd < 0)
        return -errno;
    r = fd_write_full(*fd, bytes.data, bytes.len);
    return r < 0 ? r : 0;
}

int linux_seccomp_from_fd(struct linux_thread *t, int fd)
{
    _cleanup_close_ int owned = fd;
    _cleanup_free_ char *bytes = NULL;
    struct stat st;

    if (fd < 0)
        return 0;
    if (fstat(fd, &st))
        return -errno;
    bytes = x_malloc((size_t)st.st_size);
    if (fd_pread_full(fd, bytes, (size_t)st.st_size, 0) != st.st_size)
        return -EIO;
    return load(t, bytes, (size_t)st.st_size);
}
