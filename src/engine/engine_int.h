/* engine_int.h - what the engines share: fetching guest code for a front end, and running one IR unit in the reference
 * interpreter on guest memory.
 */
#ifndef LODGE_ENGINE_INT_H
#define LODGE_ENGINE_INT_H

#include "cpu/cpu.h"
#include "ir/ir.h"
#include "mem/mem.h"

/* A cpu_fetch_fn; ctx is a struct mem_space. Watches the pages before it reads them, so that a later write is noticed.
 * Gives at most what is left of the page at pc and of the next one. Call with the space locked. */
unsigned engine_fetch(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault);

/* Why a guest access at addr fails, from the areas as they are now. */
enum cpu_fault engine_fault_kind(struct mem_space *m, uint64_t addr, enum cpu_access access);

/* Translates what stands at the state's pc (max_insns guest instructions, no trace) and interprets it on guest memory
 * until the unit is left. CPU_STEPPED: go on at state->pc. Anything else is the event that ended it. Takes and drops
 * the space's lock while it translates. */
void engine_interpret(const struct cpu_ops *cpu, struct ir_builder *b, struct mem_space *m, struct cpu_state *s,
    unsigned max_insns, struct cpu_event *event);

/* Runs one given unit that starts at state->pc, with mem callbacks of the caller's choice (lockstep logs stores). */
void engine_interpret_unit(const struct ir_unit *u, struct mem_space *m, const struct ir_interp_mem *mem,
    struct cpu_state *s, struct cpu_event *event);
/* Guest memory as it is. */
struct ir_interp_mem engine_interp_memory(struct mem_space *m);

/* What an atomic read-modify-write of size bytes stores. */
uint64_t engine_rmw_value(enum ir_rmw op, uint64_t old, uint64_t v, unsigned size);

/* An IR exit as an event; info is the fault address of MISALIGNED and FETCH_FAULT. False: the guest just goes on. */
bool engine_exit_event(struct mem_space *m, enum ir_exit why, uint64_t info, uint64_t pc, struct cpu_event *event);

#endif
