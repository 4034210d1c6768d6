/* gdb_session.c - guest threads that stop and go, the debugger's thread, and the connection.
 *
 * Invariant: while `stopping` is set, a guest thread that is not in `waiters` is about to be (it was kicked), or sits in a
 * blocking system call and parks when that returns; its registers are those of the call.
 */
#include "debug/gdb_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"

enum { SETTLE_MS = 100 }; /* what a thread that runs guest code takes at most to see that it was kicked */

/* ---- guest threads ----------------------------------------------------------------------------------------------- */

void gdb_report_stop(struct debug *d)
{
    strbuf_clear(&d->reply);
    strbuf_addf(&d->reply, "T%02xthread:%x;", d->stop_signal, d->stop_tid);
    if (!packet_write(&d->socket, d->reply.data, d->reply.len))
        gdb_detach(d);
}

static void unlink_waiter(struct debug *d, struct gdb_waiter *w)
{
    for (struct gdb_waiter **p = &d->waiters; *p; p = &(*p)->next) {
        if (*p != w)
            continue;
        *p = w->next;
        return;
    }
}

/* Everybody is to stop; lock held. */
static void stop_all(struct debug *d)
{
    d->stopping = true;
    clock_gettime(CLOCK_REALTIME, &d->settled);
    d->settled.tv_nsec += SETTLE_MS * 1000000;
    d->settled.tv_sec += d->settled.tv_nsec / 1000000000;
    d->settled.tv_nsec %= 1000000000;
    d->callbacks->kick_all(d->ctx);
}

/* Waits for an order; lock held, dropped while waiting. */
static struct debug_resume hold(struct debug *d, int tid, int signal)
{
    struct gdb_waiter self = {.next = d->waiters, .tid = tid, .order = GDB_HOLD, .signal = signal};

    d->waiters = &self;
    pthread_cond_broadcast(&d->arrived);
    while (self.order == GDB_HOLD && d->attached)
        pthread_cond_wait(&d->resumed, &d->lock);
    unlink_waiter(d, &self);
    return (struct debug_resume){.step = self.order == GDB_STEP, .signal = self.signal};
}

struct debug_resume debug_park(struct debug *d, int tid)
{
    struct debug_resume resume = {0};

    pthread_mutex_lock(&d->lock);
    if (d->attached && d->stopping) {
        if (d->interrupted) {
            d->interrupted = false;
            d->stop_tid = tid;
            d->stop_signal = SIGINT;
            gdb_report_stop(d);
        }
        resume = hold(d, tid, 0);
    } else if (d->step_tid == tid) {
        resume.step = d->attached;
        d->step_tid = 0;
    }
    pthread_mutex_unlock(&d->lock);
    return resume;
}

struct debug_resume debug_stop(struct debug *d, int tid, int signal)
{
    struct debug_resume resume = {.signal = signal == SIGTRAP ? 0 : signal};

    pthread_mutex_lock(&d->lock);
    /* Another thread was first: wait until gdb has dealt with that stop, then report this one. */
    while (d->attached && d->stopping && !d->interrupted)
        hold(d, tid, signal);
    if (d->attached) {
        d->interrupted = false;
        d->step_tid = 0;
        d->stop_tid = tid;
        d->stop_signal = signal;
        stop_all(d);
        if (d->begun) /* the first stop is what gdb asks for by `?` */
            gdb_report_stop(d);
        d->begun = true;
        resume = hold(d, tid, 0);
    }
    pthread_mutex_unlock(&d->lock);
    return resume;
}

bool debug_wants_stop(struct debug *d)
{
    return d && (d->stopping || d->step_tid) && d->attached;
}

bool debug_attached(struct debug *d)
{
    return d && d->attached;
}

void debug_exited(struct debug *d, bool by_signal, int code)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%c%02x", by_signal ? 'X' : 'W', code & 0xff);

    pthread_mutex_lock(&d->lock);
    if (d->attached)
        packet_write(&d->socket, text, (size_t)n);
    d->attached = false;
    pthread_mutex_unlock(&d->lock);
}

bool debug_breakpoint_at(struct debug *d, uint64_t pc)
{
    bool found = false;

    pthread_mutex_lock(&d->lock);
    vec_foreach (b, &d->breakpoints)
        found = found || *b == pc;
    pthread_mutex_unlock(&d->lock);
    return found;
}

void debug_forked(struct debug *d)
{
    pthread_mutex_init(&d->lock, NULL);                   /* whoever held it is not here */
    d->callbacks->drop_descriptor(d->ctx, &d->socket.fd); /* the child's copy only: no shutdown */
    d->attached = false;
    d->stopping = false;
    vec_foreach (pc, &d->breakpoints)
        d->callbacks->breakpoint(d->ctx, *pc, false);
    d->breakpoints.len = 0;
}

/* ---- the debugger's side ----------------------------------------------------------------------------------------- */

void gdb_resume(struct debug *d, int tid, enum gdb_order order, int signal)
{
    bool here = false;

    for (struct gdb_waiter *w = d->waiters; w; w = w->next) {
        here = here || w->tid == tid;
        if (w->order != GDB_HOLD || (tid > 0 && w->tid != tid))
            continue;
        w->order = order;
        if (signal)
            w->signal = signal;
    }
    if (tid > 0 && !here && order == GDB_STEP)
        d->step_tid = tid;
}

void gdb_breakpoint(struct debug *d, uint64_t pc, bool set)
{
    size_t at = 0;

    while (at < d->breakpoints.len && d->breakpoints.data[at] != pc)
        at++;
    if (set == (at < d->breakpoints.len))
        return;
    if (set)
        vec_push(&d->breakpoints, pc);
    else
        vec_remove(&d->breakpoints, at, 1);
    d->callbacks->breakpoint(d->ctx, pc, set);
}

void gdb_go(struct debug *d)
{
    d->stopping = false;
    pthread_cond_broadcast(&d->resumed);
}

void gdb_detach(struct debug *d)
{
    if (!d->attached)
        return;
    d->attached = false;
    while (d->breakpoints.len)
        gdb_breakpoint(d, d->breakpoints.data[0], false);
    gdb_resume(d, 0, GDB_CONTINUE, 0);
    gdb_go(d);
}

void gdb_wait_parked(struct debug *d, int tid)
{
    for (;;) {
        for (struct gdb_waiter *w = d->waiters; w; w = w->next)
            if (w->tid == tid)
                return;
        if (pthread_cond_timedwait(&d->arrived, &d->lock, &d->settled))
            return; /* it blocks in a system call: its state is complete */
    }
}

/* ^C. Where all threads block in system calls, the first one's is reported as it stands: such a thread parks when it returns. */
static void interrupt(struct debug *d)
{
    int tid;

    if (d->stopping)
        return;
    d->interrupted = true;
    stop_all(d);
    while (d->interrupted && d->attached && !pthread_cond_timedwait(&d->arrived, &d->lock, &d->settled))
        continue;
    if (!d->interrupted || !d->attached || d->callbacks->threads(d->ctx, &tid, 1) == 0)
        return;
    d->interrupted = false;
    d->stop_tid = tid;
    d->stop_signal = SIGINT;
    gdb_report_stop(d);
}

static void *debugger_main(void *arg)
{
    struct debug *d = arg;
    char *packet = malloc(PACKET_MAX);
    enum packet_kind kind;
    size_t len;

    pthread_mutex_lock(&d->lock);
    while (!d->begun)
        pthread_cond_wait(&d->arrived, &d->lock);
    pthread_mutex_unlock(&d->lock);
    while (packet && (kind = packet_read(&d->socket, packet, PACKET_MAX, &len)) != PACKET_EOF) {
        bool ok = true;

        pthread_mutex_lock(&d->lock);
        if (kind == PACKET_INTERRUPT)
            interrupt(d);
        else if (gdb_command(d, packet, len))
            ok = packet_write(&d->socket, strbuf_text(&d->reply), d->reply.len);
        pthread_mutex_unlock(&d->lock);
        if (!ok || !d->attached)
            break;
    }
    pthread_mutex_lock(&d->lock);
    gdb_detach(d);
    pthread_mutex_unlock(&d->lock);
    free(packet);
    shutdown(d->socket.fd, SHUT_RDWR); /* not closed: its number stays lodge's */
    return NULL;
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

static int parse_address(const char *where, struct sockaddr_in *out, struct err *err)
{
    const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
    _cleanup_free_ char *host = colon ? x_strndup(where, (size_t)(colon - where)) : x_strdup("127.0.0.1");
    char *end = NULL;
    unsigned long number = *port ? strtoul(port, &end, 10) : 1234;

    *out = (struct sockaddr_in){.sin_family = AF_INET};
    if ((end && *end) || number > 65535)
        return err_set(err, -EINVAL, "--gdb: %s: not a port number", port);
    if (inet_pton(AF_INET, *host ? host : "127.0.0.1", &out->sin_addr) != 1)
        return err_set(err, -EINVAL, "--gdb: %s: not an IPv4 address", host);
    out->sin_port = htons((uint16_t)number);
    return 0;
}

static int wait_for_gdb(const struct sockaddr_in *address, struct err *err)
{
    _cleanup_close_ int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in bound;
    socklen_t size = sizeof(bound);
    char name[INET_ADDRSTRLEN];
    int one = 1, fd;

    if (listener < 0)
        return err_set(err, -errno, "--gdb: socket: %s", strerror(errno));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener, (const struct sockaddr *)address, sizeof(*address)) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&bound, &size))
        return err_set(err, -errno, "--gdb: port %u: %s", ntohs(address->sin_port), strerror(errno));
    log_line("lodge: waiting for a debugger: gdb-multiarch -ex 'target remote %s:%u'",
        inet_ntop(AF_INET, &bound.sin_addr, name, sizeof(name)), ntohs(bound.sin_port));
    do
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return err_set(err, -errno, "--gdb: accept: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

struct debug *debug_gdb_open(
    const char *where, const struct cpu_ops *cpu, const struct debug_callbacks *callbacks, void *ctx, struct err *err)
{
    struct sockaddr_in address;
    struct debug *d;
    pthread_t thread;
    sigset_t all, old;
    int fd, rc;

    if (parse_address(where, &address, err) || (fd = wait_for_gdb(&address, err)) < 0)
        return NULL;
    d = x_new(struct debug);
    d->cpu = cpu;
    d->callbacks = callbacks;
    d->ctx = ctx;
    d->socket.fd = fd;
    callbacks->own_descriptor(ctx, &d->socket.fd);
    d->attached = true;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->resumed, NULL);
    pthread_cond_init(&d->arrived, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old); /* the debugger's thread takes none of the guest's signals */
    rc = pthread_create(&thread, NULL, debugger_main, d);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc) {
        err_set(err, -rc, "--gdb: thread: %s", strerror(rc));
        close(fd);
        x_free(d);
        return NULL;
    }
    pthread_detach(thread);
    return d;
}
