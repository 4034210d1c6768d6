/* cpu.h - what everything else may know about a guest CPU: its common state, the events that end a run, the operations that
 * surroundings (linux, board), debuggers and engines use. A guest CPU is one constant struct cpu_ops; an engine is one
 * constant struct cpu_engine_ops. Surroundings never include an engine: they are handed this struct by main.
 */
#ifndef LODGE_CPU_H
#define LODGE_CPU_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct ir_builder;
struct ir_guest;
struct mem_space;
struct strbuf;

/* First member of every guest CPU's state. */
struct cpu_state {
    uint64_t pc;
    uint8_t fp_flags; /* accrued, IR_FP_*; complete whenever the guest is not running */
    uint8_t fp_rm;    /* enum ir_rm */
};

/* Why a guest stopped running. pc is that of the instruction concerned, except SYSCALL (already past it). */
enum cpu_event_kind {
    CPU_SYSCALL,    /* the guest's system-call instruction was executed */
    CPU_BREAKPOINT, /* ebreak / brk, or a debugger's breakpoint */
    CPU_ILLEGAL,    /* undefined instruction */
    CPU_FAULT,      /* addr, access, fault */
    CPU_KICKED,     /* someone called kick */
    CPU_STEPPED,    /* one instruction was executed on request */
};
enum cpu_fault {
    CPU_FAULT_UNMAPPED,   /* nothing there (SEGV_MAPERR) */
    CPU_FAULT_PROTECTED,  /* there, but not so (SEGV_ACCERR) */
    CPU_FAULT_MISALIGNED, /* (BUS_ADRALN) */
    CPU_FAULT_BUS,        /* past the end of a mapped file (BUS_ADRERR) */
};
enum cpu_access { CPU_READ, CPU_WRITE, CPU_FETCH };
struct cpu_event {
    enum cpu_event_kind kind;
    enum cpu_fault fault;
    enum cpu_access access;
    uint64_t addr;
};

/* Register numbers for cpu_ops.reg_get: those of the guest's DWARF / gdb numbering (gdb.xml order). */
struct cpu_reg_desc {
    const char *name;
    uint16_t bits;
    const char *gdb_type;  /* "int", "code_ptr", "ieee_double"... */
    const char *gdb_group; /* "general", "float" or NULL */
};

/* Reads up to len bytes of guest code at pc into buf; returns the number of bytes that are mapped executable (0: none, and
 * *fault says why). */
typedef unsigned cpu_fetch_fn(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault);

struct cpu_translate_request {
    uint64_t pc;
    uint32_t mode;      /* enum ir_mode */
    uint32_t max_insns; /* 1: exactly one instruction, ended by a jump or exit */
    bool trace;         /* may follow unconditional jumps and pass not-taken branches */
    cpu_fetch_fn *fetch;
    void *fetch_ctx;
    /* Optional: true if the instruction at pc must begin a unit of its own (a breakpoint): the trace ends before it. */
    bool (*stop_before)(void *ctx, uint64_t pc);
};

struct cpu_ops {
    const char *name; /* "riscv64" */
    uint16_t elf_machine;
    uint8_t elf_class, elf_data; /* ELFCLASS64, ELFDATA2LSB */
    size_t state_size;
    const struct ir_guest *ir;
    void (*reset)(struct cpu_state *s);
    /* Translates the code at req->pc into b (between the caller's ir_begin and ir_end). Never fails: undecodable bytes
     * become an exit ILLEGAL, unfetchable ones an exit FETCH_FAULT. */
    void (*translate)(struct ir_builder *b, const struct cpu_translate_request *req);
    /* Disassembles one instruction; returns its length in bytes (0: len is too short). */
    unsigned (*disassemble)(uint64_t pc, const uint8_t *bytes, unsigned len, struct strbuf *out);
    uint32_t (*unit_mode)(const struct cpu_state *s); /* enum ir_mode bits for the state as it is */
    /* Debuggers. reg indexes regs[]; a value is little-endian in 8 bytes. */
    const struct cpu_reg_desc *regs;
    unsigned nregs;
    const char *gdb_arch; /* "riscv:rv64" */
    uint64_t (*reg_get)(const struct cpu_state *s, unsigned reg);
    void (*reg_set)(struct cpu_state *s, unsigned reg, uint64_t value);
};

/* ---- engines --------------------------------------------------------------------------------------------------------
 * One engine a process guest, shared by its threads; one cpu_thread a guest thread, used by one host thread. */
struct cpu_engine;
struct cpu_thread;

enum cpu_fault_result {
    CPU_FAULT_NOT_OURS, /* the fault did not come from guest code or a guest access: a bug of lodge */
    CPU_FAULT_RESUME,   /* return from the signal handler: the access is retried or execution goes on elsewhere */
};
struct cpu_engine_config {
    const struct cpu_ops *cpu;
    struct mem_space *mem;
    const char *tier;  /* "auto", "interp", "quick" */
    size_t code_bytes; /* size of one code space; 0: the default */
};
struct cpu_engine_ops {
    const char *name;
    struct cpu_engine *(*create)(const struct cpu_engine_config *config, struct err *err);
    void (*destroy)(struct cpu_engine *e); /* after its last thread was freed; a process guest just ends */
    /* A fresh thread with a reset state. fork/vfork/clone: copy_from's state and nothing else is copied, if not NULL. */
    struct cpu_thread *(*thread_new)(struct cpu_engine *e, const struct cpu_thread *copy_from);
    void (*thread_free)(struct cpu_thread *t);
    struct cpu_state *(*thread_state)(struct cpu_thread *t); /* valid while the thread is not inside run */
    /* Runs until an event. Called by the thread itself. */
    void (*run)(struct cpu_thread *t, struct cpu_event *event);
    void (*step)(struct cpu_thread *t, struct cpu_event *event); /* one instruction, then CPU_STEPPED */
    /* Makes t leave run with CPU_KICKED at its next safepoint; sticky until it does. Async-signal-safe; any thread. */
    void (*kick)(struct cpu_thread *t);
    /* To be called first by the host's SIGSEGV and SIGBUS handler of the thread that faulted, t being the running
     * thread (or NULL). uc is modified so that returning from the handler goes on properly: a guest fault makes run
     * return CPU_FAULT. Async-signal-safe. */
    enum cpu_fault_result (*host_fault)(struct cpu_thread *t, int sig, siginfo_t *info, void *uc);
    void (*invalidate)(struct cpu_engine *e, uint64_t start, uint64_t end); /* guest code there changed or went */
    /* Around fork(2)-like system calls: no other thread holds an engine lock in between; `child` gives the child a code
     * cache that the parent cannot change. */
    void (*fork_prepare)(struct cpu_engine *e);
    void (*fork_parent)(struct cpu_engine *e);
    void (*fork_child)(struct cpu_engine *e, struct cpu_thread *self);
    void (*breakpoint)(struct cpu_engine *e, uint64_t pc, bool set); /* gdb: CPU_BREAKPOINT before pc is executed */
    void (*stats)(struct cpu_engine *e, struct strbuf *out);
};

extern const struct cpu_engine_ops jit_engine_ops;    /* engine/jit */
extern const struct cpu_engine_ops interp_engine_ops; /* engine/interp */
extern const struct cpu_ops rv64_cpu_ops;             /* cpu/rv64 */

#endif
