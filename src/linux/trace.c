/* --trace linux: system calls as strace(1) prints them with its defaults. A line is written with one write(2) when its call is
 * over; calls that do not return are printed before, with "= ?". A thread other than the traced program's first one is told by
 * "[pid N] ".
 */
#include "linux/trace_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/sys_c.h"

struct call_trace {
    struct linux_thread *t;
    struct strbuf *out;
    const uint64_t *a;
    int64_t result;
    bool ok; /* returned without an error: what the kernel writes is there */
};

static void print_string_out(struct call_trace *c, const struct linux_arg *arg, uint64_t value)
{
    uint64_t size = c->a[arg->ref - 1];

    if (c->ok)
        trace_buffer(c->t, c->out, value, (uint64_t)c->result < size ? (uint64_t)c->result : size);
    else
        trace_pointer(c->out, value);
}

static void print_sockaddr_out(struct call_trace *c, const struct linux_arg *arg, uint64_t value)
{
    uint32_t len;

    if (c->ok && value && !linux_get(c->t, c->a[arg->ref - 1], &len, sizeof(len)))
        trace_sockaddr(c->t, c->out, value, len);
    else
        trace_pointer(c->out, value);
}

static void print_signal_set(struct call_trace *c, uint64_t addr)
{
    uint64_t mask;

    if (!addr || linux_get(c->t, addr, &mask, sizeof(mask)))
        trace_pointer(c->out, addr);
    else
        trace_signal_set(c->out, mask);
}

static void print_pair(struct call_trace *c, uint64_t addr)
{
    int fd[2];

    if (c->ok && !linux_get(c->t, addr, fd, sizeof(fd)))
        strbuf_addf(c->out, "[%d, %d]", fd[0], fd[1]);
    else
        trace_pointer(c->out, addr);
}

static void print_fd(struct call_trace *c, int fd)
{
    if (fd == AT_FDCWD)
        strbuf_add(c->out, "AT_FDCWD");
    else
        strbuf_addf(c->out, "%d", fd);
}

static void print_number(struct call_trace *c, enum linux_arg_kind kind, uint64_t value)
{
    switch (kind) {
    case LINUX_ARG_INT: strbuf_addf(c->out, "%d", (int)value); return;
    case LINUX_ARG_UINT: strbuf_addf(c->out, "%u", (unsigned)value); return;
    case LINUX_ARG_LONG: strbuf_addf(c->out, "%ld", (long)value); return;
    case LINUX_ARG_SIZE: strbuf_addf(c->out, "%lu", (unsigned long)value); return;
    case LINUX_ARG_HEX: strbuf_addf(c->out, value ? "%#lx" : "%lu", (unsigned long)value); return;
    case LINUX_ARG_OCT: strbuf_addf(c->out, value ? "%#03lo" : "%03lo", (unsigned long)value); return;
    default: trace_pointer(c->out, value); return;
    }
}

static void print_arg(struct call_trace *c, const struct linux_arg *arg, uint64_t value)
{
    uint64_t length = arg->ref ? c->a[arg->ref - 1] : 0;

    switch ((enum linux_arg_kind)arg->kind) {
    case LINUX_ARG_FD:
    case LINUX_ARG_DFD:
    case LINUX_ARG_MFD: print_fd(c, (int)value); return;
    case LINUX_ARG_PATH:
    case LINUX_ARG_LPATH:
    case LINUX_ARG_NPATH: trace_string(c->t, c->out, value, LINUX_PATH_MAX); return;
    case LINUX_ARG_STR: trace_string(c->t, c->out, value, TRACE_STRING); return;
    case LINUX_ARG_IN:
    case LINUX_ARG_BIN: trace_buffer(c->t, c->out, value, length); return;
    case LINUX_ARG_OUT: print_string_out(c, arg, value); return;
    case LINUX_ARG_SIN:
    case LINUX_ARG_SIO: trace_struct(c->t, c->out, arg->type, value); return;
    case LINUX_ARG_SOUT:
        if (c->ok && !(arg->type == LINUX_STRUCT_status && c->result == 0)) /* wait4 that found nobody */
            trace_struct(c->t, c->out, arg->type, value);
        else
            trace_pointer(c->out, value);
        return;
    case LINUX_ARG_IOVIN: trace_iovec(c->t, c->out, value, length, UINT64_MAX); return;
    case LINUX_ARG_IOVOUT:
        if (c->ok)
            trace_iovec(c->t, c->out, value, length, (uint64_t)c->result);
        else
            trace_pointer(c->out, value);
        return;
    case LINUX_ARG_SAIN: trace_sockaddr(c->t, c->out, value, (uint32_t)length); return;
    case LINUX_ARG_SAOUT: print_sockaddr_out(c, arg, value); return;
    case LINUX_ARG_MSG: trace_message(c->t, c->out, value, UINT64_MAX); return;
    case LINUX_ARG_MSGOUT:
        if (c->ok)
            trace_message(c->t, c->out, value, (uint64_t)c->result);
        else
            trace_pointer(c->out, value);
        return;
    case LINUX_ARG_FLAGS:
        trace_flags(c->out, arg->type, arg->type == LINUX_SET_clone ? value : (uint32_t)value);
        return;
    case LINUX_ARG_ENUM:
        if (arg->type == LINUX_SET_ip_proto && c->a[0] != AF_INET && c->a[0] != AF_INET6)
            strbuf_addf(c->out, "%d", (int)value);
        else
            trace_enum(c->out, arg->type, value);
        return;
    case LINUX_ARG_SIG: trace_signal(c->out, (int)value); return;
    case LINUX_ARG_SIGSET: print_signal_set(c, value); return;
    case LINUX_ARG_SIGSETOUT:
        if (c->ok)
            print_signal_set(c, value);
        else
            trace_pointer(c->out, value);
        return;
    case LINUX_ARG_STRV: trace_vector(c->t, c->out, value); return;
    case LINUX_ARG_ENVP: trace_vector_count(c->t, c->out, value); return;
    case LINUX_ARG_ACTIN: trace_action(c->t, c->out, value); return;
    case LINUX_ARG_ACTOUT:
        if (c->ok)
            trace_action(c->t, c->out, value);
        else
            trace_pointer(c->out, value);
        return;
    case LINUX_ARG_POLLFDS: trace_poll(c->t, c->out, value, length, false); return;
    case LINUX_ARG_EPOLLIN: trace_epoll(c->t, c->out, value, -1); return;
    case LINUX_ARG_EPOLLOUT:
        if (c->ok)
            trace_epoll(c->t, c->out, value, c->result);
        else
            trace_pointer(c->out, value);
        return;
    case LINUX_ARG_IOCTL: trace_ioctl(c->t, c->out, (uint32_t)c->a[1], value, c->ok); return;
    case LINUX_ARG_FDPAIR: print_pair(c, value); return;
    case LINUX_ARG_NIN:
    case LINUX_ARG_NOUT:
    case LINUX_ARG_PTR:
    case LINUX_ARG_INT:
    case LINUX_ARG_UINT:
    case LINUX_ARG_LONG:
    case LINUX_ARG_SIZE:
    case LINUX_ARG_HEX:
    case LINUX_ARG_OCT:
    case LINUX_ARG_NONE: print_number(c, arg->kind, value); return;
    }
}

/* Arguments that the call really has, given the others. */
static int arg_count(const struct linux_call *call, const uint64_t a[6])
{
    int n = 0;

    while (n < 6 && call->args[n].kind)
        n++;
    if (str_eq(call->name, "openat") && !(a[2] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
        return 3;
    if (str_eq(call->name, "fcntl") && (a[1] == F_GETFD || a[1] == F_GETFL || a[1] == F_GETOWN || a[1] == F_GETPIPE_SZ))
        return 2;
    if (str_eq(call->name, "mremap") && !(a[3] & 2)) /* MREMAP_FIXED */
        return 4;
    if (!str_eq(call->name, "futex"))
        return n;
    switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAKE: return 3;
    case FUTEX_WAIT:
    case FUTEX_LOCK_PI: return 4;
    case FUTEX_UNLOCK_PI: return 2;
    default: return n;
    }
}

static bool result_is_address(const char *name)
{
    return str_eq(name, "brk") || str_eq(name, "mmap") || str_eq(name, "mremap") || str_eq(name, "shmat");
}

static void print_result(struct call_trace *c, const char *name)
{
    if (c->result < 0 && c->result >= -LINUX_ERESTART_RESTARTBLOCK) {
        strbuf_add(c->out, c->result <= -LINUX_ERESTARTSYS ? "? " : "-1 ");
        trace_errno(c->out, (int)-c->result);
        return;
    }
    if (result_is_address(name))
        strbuf_addf(c->out, "%#lx", (unsigned long)c->result);
    else if (str_eq(name, "umask"))
        strbuf_addf(c->out, c->result ? "%#03lo" : "%03lo", (unsigned long)c->result);
    else if (str_eq(name, "fcntl") && c->a[1] == F_GETFL) {
        strbuf_addf(c->out, "%#lx (flags ", (unsigned long)c->result);
        trace_flags(c->out, LINUX_SET_open, (uint64_t)c->result);
        strbuf_addc(c->out, ')');
    } else if (str_eq(name, "fcntl") && c->a[1] == F_GETFD && c->result == FD_CLOEXEC)
        strbuf_add(c->out, "0x1 (flags FD_CLOEXEC)");
    else
        strbuf_addf(c->out, "%ld", (long)c->result);
    if (str_eq(name, "ppoll") && c->result == 0)
        strbuf_add(c->out, " (Timeout)");
    if (str_eq(name, "ppoll") && c->result > 0) {
        strbuf_add(c->out, " (");
        trace_poll(c->t, c->out, c->a[0], (uint32_t)c->a[1], true);
        strbuf_addc(c->out, ')');
    }
}

static void print_fcntl_arg(struct call_trace *c)
{
    if (c->a[1] == F_SETFD)
        trace_flags(c->out, LINUX_SET_fdflags, c->a[2]);
    else if (c->a[1] == F_SETFL)
        trace_flags(c->out, LINUX_SET_open, c->a[2]);
    else if (c->a[1] == F_DUPFD || c->a[1] == F_DUPFD_CLOEXEC || c->a[1] == F_SETPIPE_SZ)
        strbuf_addf(c->out, "%d", (int)c->a[2]);
    else
        print_number(c, LINUX_ARG_HEX, c->a[2]);
}

void linux_trace_format(
    struct linux_thread *t, struct strbuf *out, uint64_t nr, const uint64_t a[6], int64_t result, bool returns)
{
    const struct linux_call *call = linux_call_find(nr);
    struct call_trace c = {t, out, a, result, returns && !(result < 0 && result >= -LINUX_ERESTART_RESTARTBLOCK)};

    if (!call) {
        strbuf_addf(out, "syscall_%#lx(", (unsigned long)nr);
        for (int i = 0; i < 6; i++)
            strbuf_addf(out, i ? ", %#lx" : "%#lx", (unsigned long)a[i]);
        strbuf_add(out, ") = -1 ENOSYS (Function not implemented)");
        return;
    }
    strbuf_addf(out, "%s(", call->name);
    for (int i = 0, n = arg_count(call, a); i < n; i++) {
        if (i)
            strbuf_add(out, ", ");
        if (i == 2 && str_eq(call->name, "fcntl"))
            print_fcntl_arg(&c);
        else
            print_arg(&c, &call->args[i], a[i]);
    }
    strbuf_add(out, ") = ");
    if (returns)
        print_result(&c, call->name);
    else
        strbuf_addc(out, '?');
}

static void add_prefix(struct linux_thread *t, struct strbuf *line)
{
    struct linux_process *p = t->process;

    if (!p->trace_root)
        p->trace_root = t->tid;
    if (p->trace_root != t->tid || (p->threads && p->threads->next))
        strbuf_addf(line, "[pid %5d] ", t->tid);
}

static void emit(struct linux_thread *t, struct strbuf *line)
{
    int saved = errno;

    strbuf_addc(line, '\n');
    if (write(t->process->trace_fd, line->data, line->len) < 0) {
        /* Nobody reads the trace any more: the guest goes on without. */
    }
    errno = saved;
}

void linux_trace_enter(struct linux_thread *t, uint64_t nr, const uint64_t a[6])
{
    const struct linux_call *call = linux_call_find(nr);
    _cleanup_strbuf_ struct strbuf line = {0};

    if (!call || !(str_eq(call->name, "exit") || str_eq(call->name, "exit_group")))
        return;
    add_prefix(t, &line);
    linux_trace_format(t, &line, nr, a, 0, false);
    emit(t, &line);
}

void linux_trace_call(struct linux_thread *t, uint64_t nr, const uint64_t a[6], int64_t result)
{
    const struct linux_call *call = linux_call_find(nr);
    _cleanup_strbuf_ struct strbuf line = {0};

    if (result == 0 && call && (str_eq(call->name, "clone") || str_eq(call->name, "clone3")))
        return; /* in the child: the parent prints the call */
    add_prefix(t, &line);
    linux_trace_format(t, &line, nr, a, result, true);
    emit(t, &line);
}

void linux_trace_note(struct linux_thread *t, const char *format, ...)
{
    _cleanup_strbuf_ struct strbuf line = {0};
    va_list args;

    if (t->process->trace_fd < 0)
        return;
    add_prefix(t, &line);
    va_start(args, format);
    strbuf_vaddf(&line, format, args);
    va_end(args);
    emit(t, &line);
}
