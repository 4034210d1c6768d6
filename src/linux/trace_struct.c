/* Structures in guest memory for --trace linux, as strace prints them with its defaults (abbreviated).
 */
#include "linux/trace_int.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "linux/ioctl_int.h"
#include "linux/poll_int.h"
#include "linux/stat_int.h"
#include "linux/sys_c.h"

#define ARRAY_SHOWN 32 /* elements of an array that are shown */

void trace_pointer(struct strbuf *out, uint64_t addr)
{
    if (addr)
        strbuf_addf(out, "%#lx", (unsigned long)addr);
    else
        strbuf_add(out, "NULL");
}

void trace_buffer(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t len)
{
    char bytes[TRACE_STRING];
    size_t n = len < sizeof(bytes) ? len : sizeof(bytes);

    if (!addr || linux_get(t, addr, bytes, n))
        trace_pointer(out, addr);
    else
        trace_quote(out, bytes, n, n < len);
}

void trace_string(struct linux_thread *t, struct strbuf *out, uint64_t addr, size_t max)
{
    char text[LINUX_PATH_MAX];
    ssize_t n = addr ? mem_read_string(t->process->mm->mem, addr, text, sizeof(text)) : -EFAULT;

    if (n == -ENAMETOOLONG && !linux_get(t, addr, text, sizeof(text)))
        n = (ssize_t)sizeof(text);
    if (n < 0)
        trace_pointer(out, addr);
    else if ((size_t)n > max)
        trace_quote(out, text, max, true);
    else
        trace_quote(out, text, (size_t)n, false);
}

void trace_vector(struct linux_thread *t, struct strbuf *out, uint64_t addr)
{
    uint64_t p;

    if (!addr || linux_get(t, addr, &p, sizeof(p))) {
        trace_pointer(out, addr);
        return;
    }
    strbuf_addc(out, '[');
    for (int i = 0; p && i < ARRAY_SHOWN; i++) {
        if (i)
            strbuf_add(out, ", ");
        trace_string(t, out, p, TRACE_STRING);
        addr += sizeof(p);
        if (linux_get(t, addr, &p, sizeof(p)))
            break;
    }
    strbuf_add(out, p ? ", ...]" : "]");
}

void trace_vector_count(struct linux_thread *t, struct strbuf *out, uint64_t addr)
{
    uint64_t p;
    int n = 0;

    trace_pointer(out, addr);
    if (!addr)
        return;
    while (!linux_get(t, addr + (uint64_t)n * sizeof(p), &p, sizeof(p)) && p)
        n++;
    strbuf_addf(out, " /* %d var%s */", n, n == 1 ? "" : "s");
}

static void print_timespec(struct strbuf *out, const int64_t ts[2], const char *fraction)
{
    if (fraction[0] == 'n' && ts[1] == 0x3fffffff)
        strbuf_add(out, "UTIME_NOW");
    else if (fraction[0] == 'n' && ts[1] == 0x3ffffffe)
        strbuf_add(out, "UTIME_OMIT");
    else
        strbuf_addf(out, "{tv_sec=%ld, tv_%s=%ld}", (long)ts[0], fraction, (long)ts[1]);
}

static void print_stat(struct strbuf *out, const struct linux_stat *st)
{
    strbuf_add(out, "{st_mode=");
    trace_flags(out, LINUX_SET_mode, st->st_mode);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        strbuf_addf(out, ", st_rdev=makedev(%#x, %#x), ...}", major(st->st_rdev), minor(st->st_rdev));
    else
        strbuf_addf(out, ", st_size=%ld, ...}", (long)st->st_size);
}

static void print_statx(struct strbuf *out, const struct statx *st)
{
    strbuf_add(out, "{stx_mask=");
    trace_flags(out, LINUX_SET_statx, st->stx_mask);
    strbuf_addf(out, ", stx_attributes=%lu, stx_mode=", (unsigned long)st->stx_attributes);
    trace_flags(out, LINUX_SET_mode, st->stx_mode);
    strbuf_addf(out, ", stx_size=%lu, ...}", (unsigned long)st->stx_size);
}

static void print_limit(struct strbuf *out, uint64_t value)
{
    if (value == RLIM_INFINITY)
        strbuf_add(out, "RLIM64_INFINITY");
    else if (value >= 1024 && value % 1024 == 0)
        strbuf_addf(out, "%lu*1024", (unsigned long)value / 1024);
    else
        strbuf_addf(out, "%lu", (unsigned long)value);
}

static void print_status(struct strbuf *out, int status)
{
    if (WIFEXITED(status)) {
        strbuf_addf(out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS(status));
        return;
    }
    if (WIFCONTINUED(status)) {
        strbuf_add(out, "[{WIFCONTINUED(s)}]");
        return;
    }
    strbuf_add(out, WIFSTOPPED(status) ? "[{WIFSTOPPED(s) && WSTOPSIG(s) == " : "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
    trace_signal(out, WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status));
    if (WIFSIGNALED(status) && WCOREDUMP(status))
        strbuf_add(out, " && WCOREDUMP(s)");
    strbuf_add(out, "}]");
}

static void print_utsname(struct strbuf *out, const struct utsname *u)
{
    strbuf_add(out, "{sysname=");
    trace_quote(out, u->sysname, strnlen(u->sysname, sizeof(u->sysname)), false);
    strbuf_add(out, ", nodename=");
    trace_quote(out, u->nodename, strnlen(u->nodename, sizeof(u->nodename)), false);
    strbuf_add(out, ", ...}");
}

void trace_struct(struct linux_thread *t, struct strbuf *out, enum linux_struct type, uint64_t addr)
{
    static const uint16_t sizes[] = {
#define X(name, size) [LINUX_STRUCT_##name] = size,
        LINUX_STRUCTS(X)
#undef X
    };
    union {
        int i;
        int64_t l[20];
        struct linux_stat stat;
        struct statx statx;
        struct utsname uts;
        uint8_t bytes[512];
    } u;

    if (!addr || linux_get(t, addr, &u, sizes[type])) {
        trace_pointer(out, addr);
        return;
    }
    switch (type) {
    case LINUX_STRUCT_int: strbuf_addf(out, "[%d]", u.i); return;
    case LINUX_STRUCT_off: strbuf_addf(out, "[%ld]", (long)u.l[0]); return;
    case LINUX_STRUCT_status: print_status(out, u.i); return;
    case LINUX_STRUCT_timespec: print_timespec(out, u.l, "nsec"); return;
    case LINUX_STRUCT_timeval: print_timespec(out, u.l, "usec"); return;
    case LINUX_STRUCT_timespec2:
        strbuf_addc(out, '[');
        print_timespec(out, u.l, "nsec");
        strbuf_add(out, ", ");
        print_timespec(out, u.l + 2, "nsec");
        strbuf_addc(out, ']');
        return;
    case LINUX_STRUCT_itimerspec:
    case LINUX_STRUCT_itimerval:
        strbuf_add(out, "{it_interval=");
        print_timespec(out, u.l, type == LINUX_STRUCT_itimerval ? "usec" : "nsec");
        strbuf_add(out, ", it_value=");
        print_timespec(out, u.l + 2, type == LINUX_STRUCT_itimerval ? "usec" : "nsec");
        strbuf_addc(out, '}');
        return;
    case LINUX_STRUCT_stat: print_stat(out, &u.stat); return;
    case LINUX_STRUCT_statx: print_statx(out, &u.statx); return;
    case LINUX_STRUCT_statfs:
        strbuf_addf(out, "{f_type=%#lx, f_bsize=%ld, f_blocks=%ld, f_bfree=%ld, f_bavail=%ld, ...}", (long)u.l[0],
            (long)u.l[1], (long)u.l[2], (long)u.l[3], (long)u.l[4]);
        return;
    case LINUX_STRUCT_rlimit:
        strbuf_add(out, "{rlim_cur=");
        print_limit(out, (uint64_t)u.l[0]);
        strbuf_add(out, ", rlim_max=");
        print_limit(out, (uint64_t)u.l[1]);
        strbuf_addc(out, '}');
        return;
    case LINUX_STRUCT_rusage:
        strbuf_add(out, "{ru_utime=");
        print_timespec(out, u.l, "usec");
        strbuf_add(out, ", ru_stime=");
        print_timespec(out, u.l + 2, "usec");
        strbuf_add(out, ", ...}");
        return;
    case LINUX_STRUCT_utsname: print_utsname(out, &u.uts); return;
    case LINUX_STRUCT_tms:
        strbuf_addf(out, "{tms_utime=%ld, tms_stime=%ld, tms_cutime=%ld, tms_cstime=%ld}", (long)u.l[0], (long)u.l[1],
            (long)u.l[2], (long)u.l[3]);
        return;
    case LINUX_STRUCT_sysinfo:
        strbuf_addf(out, "{uptime=%ld, loads=[%lu, %lu, %lu], totalram=%lu, ...}", (long)u.l[0], (unsigned long)u.l[1],
            (unsigned long)u.l[2], (unsigned long)u.l[3], (unsigned long)u.l[4]);
        return;
    case LINUX_STRUCT_timezone:
    case LINUX_STRUCT_caphdr:
    case LINUX_STRUCT_timex:
    case LINUX_STRUCT_mq_attr:
    case LINUX_STRUCT_sembuf:
    case LINUX_STRUCT_cachestat:
    case LINUX_STRUCT_COUNT: break;
    }
    trace_pointer(out, addr);
}

/* bytes: what was moved, or the buffers' whole size (~0) for a call that writes. */
void trace_iovec(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t count, uint64_t bytes)
{
    struct iovec v;

    if (!addr || count > 1024) {
        trace_pointer(out, addr);
        return;
    }
    strbuf_addc(out, '[');
    for (uint64_t i = 0; i < count; i++) {
        if (i)
            strbuf_add(out, ", ");
        if (i == ARRAY_SHOWN || linux_get(t, addr + i * sizeof(v), &v, sizeof(v))) {
            strbuf_add(out, "...");
            break;
        }
        strbuf_add(out, "{iov_base=");
        trace_buffer(t, out, LINUX_PTR(v.iov_base), v.iov_len < bytes ? v.iov_len : bytes);
        strbuf_addf(out, ", iov_len=%zu}", v.iov_len);
        bytes -= v.iov_len < bytes ? v.iov_len : bytes;
    }
    strbuf_addc(out, ']');
}

static void print_unix(struct strbuf *out, const struct sockaddr_un *un, size_t len)
{
    size_t n = len - offsetof(struct sockaddr_un, sun_path);

    strbuf_add(out, "{sa_family=AF_UNIX");
    if (n > 0 && un->sun_path[0] == '\0') {
        strbuf_add(out, ", sun_path=@");
        trace_quote(out, un->sun_path + 1, n - 1, false);
    } else if (n > 0) {
        strbuf_add(out, ", sun_path=");
        trace_quote(out, un->sun_path, strnlen(un->sun_path, n), false);
    }
    strbuf_addc(out, '}');
}

void trace_sockaddr(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t len)
{
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_nl nl;
        struct sockaddr_storage storage;
    } u = {0};
    char text[INET6_ADDRSTRLEN];

    if (len > sizeof(u))
        len = sizeof(u);
    if (!addr || len < sizeof(sa_family_t) || linux_get(t, addr, &u, len)) {
        trace_pointer(out, addr);
        return;
    }
    if (u.sa.sa_family == AF_UNIX) {
        print_unix(out, &u.un, len < sizeof(u.un) ? len : sizeof(u.un));
    } else if (u.sa.sa_family == AF_INET && inet_ntop(AF_INET, &u.in.sin_addr, text, sizeof(text))) {
        strbuf_addf(
            out, "{sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"%s\")}", ntohs(u.in.sin_port), text);
    } else if (u.sa.sa_family == AF_INET6 && inet_ntop(AF_INET6, &u.in6.sin6_addr, text, sizeof(text))) {
        strbuf_addf(out, "{sa_family=AF_INET6, sin6_port=htons(%u), sin6_flowinfo=htonl(%u), ", ntohs(u.in6.sin6_port),
            ntohl(u.in6.sin6_flowinfo));
        strbuf_addf(out, "inet_pton(AF_INET6, \"%s\", &sin6_addr), sin6_scope_id=%u}", text, u.in6.sin6_scope_id);
    } else if (u.sa.sa_family == AF_NETLINK) {
        strbuf_addf(out, "{sa_family=AF_NETLINK, nl_pid=%d, nl_groups=%08x}", (int)u.nl.nl_pid, u.nl.nl_groups);
    } else {
        strbuf_add(out, "{sa_family=");
        trace_enum(out, LINUX_SET_af, u.sa.sa_family);
        strbuf_add(out, ", ...}");
    }
}

void trace_message(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t bytes)
{
    struct msghdr m;

    if (!addr || linux_get(t, addr, &m, sizeof(m))) {
        trace_pointer(out, addr);
        return;
    }
    strbuf_add(out, "{msg_name=");
    trace_sockaddr(t, out, LINUX_PTR(m.msg_name), m.msg_namelen);
    strbuf_addf(out, ", msg_namelen=%d, msg_iov=", (int)m.msg_namelen);
    trace_iovec(t, out, LINUX_PTR(m.msg_iov), m.msg_iovlen, bytes);
    strbuf_addf(out, ", msg_iovlen=%zu, msg_controllen=%zu, msg_flags=", m.msg_iovlen, m.msg_controllen);
    trace_flags(out, LINUX_SET_msg, (uint32_t)m.msg_flags);
    strbuf_addc(out, '}');
}

void trace_poll(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t count, bool result)
{
    struct pollfd p;
    int shown = 0;

    strbuf_addc(out, '[');
    for (uint64_t i = 0; i < count; i++) {
        if (linux_get(t, addr + i * sizeof(p), &p, sizeof(p)))
            break;
        if (result && !p.revents)
            continue;
        if (shown++)
            strbuf_add(out, ", ");
        if (shown > ARRAY_SHOWN) {
            strbuf_add(out, "...");
            break;
        }
        strbuf_addf(out, result ? "{fd=%d, revents=" : "{fd=%d, events=", p.fd);
        trace_flags(out, LINUX_SET_poll, (uint16_t)(result ? p.revents : p.events));
        strbuf_addc(out, '}');
    }
    strbuf_addc(out, ']');
}

void trace_epoll(struct linux_thread *t, struct strbuf *out, uint64_t addr, int64_t count)
{
    struct linux_epoll_event e;
    int64_t n = count < 0 ? 1 : count;

    if (!addr || linux_get(t, addr, &e, sizeof(e))) {
        trace_pointer(out, addr);
        return;
    }
    if (count >= 0)
        strbuf_addc(out, '[');
    for (int64_t i = 0; i < n && !linux_get(t, addr + (uint64_t)i * sizeof(e), &e, sizeof(e)); i++) {
        if (i)
            strbuf_add(out, ", ");
        if (i == ARRAY_SHOWN) {
            strbuf_add(out, "...");
            break;
        }
        strbuf_add(out, "{events=");
        trace_flags(out, LINUX_SET_epoll_events, e.events);
        strbuf_addf(out, ", data={u32=%u, u64=%lu}}", (uint32_t)e.data, (unsigned long)e.data);
    }
    if (count >= 0)
        strbuf_addc(out, ']');
}

/* struct sigaction of the asm-generic ABI: handler, flags, mask; no restorer. */
void trace_action(struct linux_thread *t, struct strbuf *out, uint64_t addr)
{
    uint64_t sa[3];

    if (!addr || linux_get(t, addr, sa, sizeof(sa))) {
        trace_pointer(out, addr);
        return;
    }
    strbuf_add(out, "{sa_handler=");
    if (sa[0] <= 1)
        strbuf_add(out, sa[0] ? "SIG_IGN" : "SIG_DFL");
    else
        trace_pointer(out, sa[0]);
    strbuf_add(out, ", sa_mask=");
    trace_signal_set(out, sa[2]);
    strbuf_add(out, ", sa_flags=");
    trace_flags(out, LINUX_SET_sa, sa[1]);
    strbuf_addc(out, '}');
}

void trace_ioctl(struct linux_thread *t, struct strbuf *out, uint32_t request, uint64_t addr, bool ok)
{
    const struct linux_ioctl *i = linux_ioctl_find(request);
    struct winsize w;

    if (i && (i->reads || ok) && i->size == 4 && (i->reads || i->writes)) {
        trace_struct(t, out, LINUX_STRUCT_int, addr);
    } else if ((request == TIOCSWINSZ || (request == TIOCGWINSZ && ok)) && !linux_get(t, addr, &w, sizeof(w))) {
        strbuf_addf(
            out, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
    } else if (i && !i->reads && !i->writes) {
        strbuf_addf(out, "%ld", (long)addr);
    } else {
        trace_pointer(out, addr);
    }
}
