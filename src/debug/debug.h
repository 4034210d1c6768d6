/* debug.h - a debugger for every guest: the gdb remote serial protocol (GDB manual, appendix E) over TCP.
 *
 * All-stop. The surroundings (linux, a machine) own threads and memory and hand them over as callbacks. A debugger thread
 * reads the socket; a guest thread that reaches a stop calls debug_stop, which reports to gdb, asks for the others to stop,
 * and holds the caller until gdb resumes it. Other threads notice debug_wants_stop when their run ends with CPU_KICKED and
 * park in debug_park.
 *
 * Signals are gdb's numbers (gdb/signals.def), which the surroundings translate: SIGHUP to SIGABRT are as on every system.
 *
 * Locks: debug's own mutex is held while callbacks run; callbacks must not call debug functions.
 */
#ifndef LODGE_DEBUG_H
#define LODGE_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu_ops;
struct cpu_state;
struct debug;
struct err;

struct debug_callbacks {
    /* Fills tids[0..max) with the live threads' ids; returns their number. */
    unsigned (*threads)(void *ctx, int *tids, unsigned max);
    /* The state of a stopped thread, or NULL if there is no such thread. */
    struct cpu_state *(*state)(void *ctx, int tid);
    int (*read)(void *ctx, uint64_t addr, void *buf, size_t len);        /* 0 or -EFAULT */
    int (*write)(void *ctx, uint64_t addr, const void *buf, size_t len); /* pages that the guest cannot write too */
    void (*breakpoint)(void *ctx, uint64_t pc, bool set);
    void (*kick_all)(void *ctx);                       /* every thread leaves guest code soon */
    void (*kill)(void *ctx);                           /* end the guest; may return before it is gone */
    size_t (*auxv)(void *ctx, void *buf, size_t size); /* copies the auxiliary vector; its length */
    const char *(*exec_file)(void *ctx);               /* the program's path, or NULL */
    void (*own_descriptor)(void *ctx, int *fd); /* hides *fd from the guest; it may move as long as the process lives */
    void (*drop_descriptor)(void *ctx, int *fd); /* closes it; *fd becomes -1 */
};

/* Listens on `where` ("", "PORT" or "ADDR:PORT"; default 127.0.0.1:1234; port 0: any), prints one line to fd 2 that says where,
 * and waits for a debugger. The guest's first thread then calls debug_stop with SIGTRAP before it runs. */
struct debug *debug_gdb_open(
    const char *where, const struct cpu_ops *cpu, const struct debug_callbacks *callbacks, void *ctx, struct err *err);

struct debug_resume {
    bool step;  /* run one instruction, then call debug_stop again */
    int signal; /* to deliver to the guest first; 0: none */
};
/* What a guest thread does at a breakpoint or after a step (signal = SIGTRAP) and before a signal is delivered. Blocks. When
 * no debugger is there (any more), returns at once with the signal unchanged (SIGTRAP of a breakpoint: 0). */
struct debug_resume debug_stop(struct debug *d, int tid, int signal);
bool debug_wants_stop(struct debug *d);                       /* async-signal-safe; false for NULL */
struct debug_resume debug_park(struct debug *d, int tid);     /* a thread that was kicked for another's stop */
void debug_exited(struct debug *d, bool by_signal, int code); /* the process ends; tells gdb */
void debug_forked(struct debug *d);                           /* in the child of a fork: it goes on without debugger */
bool debug_attached(struct debug *d);
bool debug_breakpoint_at(
    struct debug *d, uint64_t pc); /* gdb has set one there; also when nobody is attached any more */

#endif
