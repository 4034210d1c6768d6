/* Names of flags, values, signals and errors for --trace linux (abi/values.def).
 */
#include "linux/trace_int.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "linux/ioctl_int.h"

#ifndef CLONE_DETACHED
#define CLONE_DETACHED 0x00400000
#endif

struct value {
    const char *name;
    uint32_t value, mask;
};

#define SET(set) static const struct value values_##set[] = {
#define V(name) {#name, (uint32_t)(name), (uint32_t)(name)},
#define VM(name, mask) {#name, (uint32_t)(name), mask},
#define N(name, value) {name, (uint32_t)(value), (uint32_t)(value)},
/* clang-format off */
#define END {0}};
/* clang-format on */
#include "linux/abi/values.def"

static const struct value values_ioctl[] = {{0}}; /* abi/ioctl.def has them */

static const struct value *const sets[LINUX_SET_COUNT] = {
#define X(name, is_flags) [LINUX_SET_##name] = values_##name,
    LINUX_SETS(X)
#undef X
};

void trace_flags(struct strbuf *out, enum linux_set set, uint64_t value)
{
    uint64_t left = value;
    const char *separator = "";

    for (const struct value *v = sets[set]; v->name; v++) {
        if ((left & v->mask) != v->value || (v->value == 0 && v->mask == 0))
            continue;
        if (v->mask == ~0u && left)
            continue;
        strbuf_addf(out, "%s%s", separator, v->name);
        separator = "|";
        left &= ~(uint64_t)v->mask;
    }
    if (set == LINUX_SET_mode && (left || !*separator))
        strbuf_addf(out, "%s%#03lo", separator, (unsigned long)left);
    else if (left || !*separator)
        strbuf_addf(out, left ? "%s%#lx" : "%s%lu", separator, (unsigned long)left);
}

static const char *enum_name(enum linux_set set, uint64_t value)
{
    const struct linux_ioctl *ioctl = set == LINUX_SET_ioctl ? linux_ioctl_find((uint32_t)value) : NULL;

    if (ioctl)
        return ioctl->name;
    for (const struct value *v = sets[set]; v->name; v++)
        if (v->value == (uint32_t)value)
            return v->name;
    return NULL;
}

bool trace_has(enum linux_set set, uint64_t value)
{
    return enum_name(set, value) != NULL;
}

void trace_enum(struct strbuf *out, enum linux_set set, uint64_t value)
{
    const char *name = enum_name(set, value);

    if (name)
        strbuf_add(out, name);
    else
        strbuf_addf(out, "%#x", (unsigned)value);
}

#define LINUX_SIGRTMIN 32 /* the kernel's */

void trace_signal(struct strbuf *out, int signo)
{
    const char *name = signo > 0 && signo < LINUX_SIGRTMIN ? sigabbrev_np(signo) : NULL;

    if (name)
        strbuf_addf(out, "SIG%s", name);
    else if (signo == LINUX_SIGRTMIN)
        strbuf_add(out, "SIGRTMIN");
    else if (signo > LINUX_SIGRTMIN && signo <= LINUX_NSIG)
        strbuf_addf(out, "SIGRT_%d", signo - LINUX_SIGRTMIN);
    else
        strbuf_addf(out, "%d", signo);
}

void trace_signal_set(struct strbuf *out, uint64_t mask)
{
    const char *separator = "";
    struct strbuf name = {0};

    if (__builtin_popcountll(mask) > 32) {
        strbuf_addc(out, '~');
        mask = ~mask;
    }
    strbuf_addc(out, '[');
    for (int s = 1; s <= LINUX_NSIG; s++) {
        if (!(mask >> (s - 1) & 1))
            continue;
        strbuf_clear(&name);
        trace_signal(&name, s);
        strbuf_addf(out, "%s%s", separator, strbuf_text(&name) + 3); /* without SIG */
        separator = " ";
    }
    strbuf_addc(out, ']');
    strbuf_fini(&name);
}

void trace_errno(struct strbuf *out, int error)
{
    const char *name = strerrorname_np(error), *text = strerrordesc_np(error);

    switch (error) {
    case LINUX_ERESTARTSYS: strbuf_add(out, "ERESTARTSYS (To be restarted if SA_RESTART is set)"); return;
    case LINUX_ERESTARTNOINTR: strbuf_add(out, "ERESTARTNOINTR (To be restarted)"); return;
    case LINUX_ERESTARTNOHAND: strbuf_add(out, "ERESTARTNOHAND (To be restarted if no handler)"); return;
    case LINUX_ERESTART_RESTARTBLOCK: strbuf_add(out, "ERESTART_RESTARTBLOCK (Interrupted by signal)"); return;
    default: break;
    }
    if (name && text)
        strbuf_addf(out, "%s (%s)", name, text);
    else
        strbuf_addf(out, "%d (unknown error)", error);
}

void trace_quote(struct strbuf *out, const void *bytes, size_t len, bool more)
{
    const unsigned char *p = bytes;

    strbuf_addc(out, '"');
    for (size_t i = 0; i < len; i++) {
        bool digit = i + 1 < len && p[i + 1] >= '0' && p[i + 1] <= '9';

        switch (p[i]) {
        case '"': strbuf_add(out, "\\\""); break;
        case '\\': strbuf_add(out, "\\\\"); break;
        case '\f': strbuf_add(out, "\\f"); break;
        case '\n': strbuf_add(out, "\\n"); break;
        case '\r': strbuf_add(out, "\\r"); break;
        case '\t': strbuf_add(out, "\\t"); break;
        case '\v': strbuf_add(out, "\\v"); break;
        default:
            if (p[i] >= ' ' && p[i] < 0x7f)
                strbuf_addc(out, (char)p[i]);
            else
                strbuf_addf(out, digit ? "\\%03o" : "\\%o", p[i]);
        }
    }
    strbuf_add(out, more ? "\"..." : "\"");
}
