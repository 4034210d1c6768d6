/* gdb_int.h - the debugger's state, shared by session (threads that stop and go) and commands (what gdb asks). */
#ifndef LODGE_GDB_INT_H
#define LODGE_GDB_INT_H

#include <pthread.h>
#include <time.h>

#include "base/str.h"
#include "base/vec.h"
#include "cpu/cpu.h"
#include "debug/debug.h"
#include "debug/packet.h"

#define GDB_THREADS_MAX 512

enum gdb_order { GDB_HOLD, GDB_CONTINUE, GDB_STEP };

/* A guest thread that waits in debug_stop or debug_park. Lives on that thread's stack. */
struct gdb_waiter {
    struct gdb_waiter *next;
    int tid;
    enum gdb_order order;
    int signal;
};

struct debug {
    const struct cpu_ops *cpu;
    const struct debug_callbacks *callbacks;
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t resumed; /* waiters' orders changed */
    pthread_cond_t arrived; /* a waiter came */
    struct packet_reader socket;
    _Atomic bool attached;
    _Atomic bool stopping; /* all-stop: threads that see it park */
    bool interrupted;      /* gdb sent ^C: the first that parks reports SIGINT */
    bool begun;            /* the guest\'s first thread has come to its first stop */
    _Atomic int
        step_tid; /* was told to step while it stood in a system call: takes the order when it comes back; or 0 */
    struct timespec
        settled; /* when threads that have not parked since the last stop count as blocked in system calls */
    VEC(uint64_t) breakpoints;
    struct gdb_waiter *waiters;
    int stop_tid, stop_signal; /* the last report */
    int query_tid;             /* H g */
    struct strbuf reply;
};

/* gdb_session.c; lock held */
void gdb_report_stop(struct debug *d);
void gdb_resume(struct debug *d, int tid, enum gdb_order order, int signal); /* tid 0: all that hold */
void gdb_go(struct debug *d);                                                /* after the orders: lets them run */
void gdb_detach(struct debug *d);
void gdb_wait_parked(struct debug *d, int tid); /* gives a thread a moment to arrive */
void gdb_breakpoint(struct debug *d, uint64_t pc, bool set);

/* gdb_command.c; lock held. One packet; the answer, if any, in d->reply. False: no answer now (the guest runs). */
bool gdb_command(struct debug *d, const char *packet, size_t len);

#endif
