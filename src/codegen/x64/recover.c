/* From a fault in guest code to the guest's state. Async-signal-safe: reads the unit index and maps, which only grow, and
 * writes the thread's own runtime and state. See signal frames in Intel SDM volume 1, 10.5 (FXSAVE layout) and
 * sys/ucontext.h.
 */
#include "codegen/x64/gen.h"

#include <string.h>
#include <ucontext.h>

/* enum x64_reg to the kernel's order. */
static const uint8_t greg_of[16] = {[RAX] = REG_RAX,
    [RCX] = REG_RCX,
    [RDX] = REG_RDX,
    [RBX] = REG_RBX,
    [RSP] = REG_RSP,
    [RBP] = REG_RBP,
    [RSI] = REG_RSI,
    [RDI] = REG_RDI,
    [R8] = REG_R8,
    [R9] = REG_R9,
    [R10] = REG_R10,
    [R11] = REG_R11,
    [R12] = REG_R12,
    [R13] = REG_R13,
    [R14] = REG_R14,
    [R15] = REG_R15};

static const struct cg_map_entry *find_map(const struct cg_unit *u, uint32_t at)
{
    uint32_t lo = 0, hi = u->nmaps;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (u->map[mid].host <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo || at - u->map[lo - 1].host >= u->map[lo - 1].host_len)
        return NULL;
    return &u->map[lo - 1];
}

static void homes_from(const struct cg_runtime *rt, uint8_t *state, const mcontext_t *mc)
{
    const struct cg_space *s = rt->space;

    for (unsigned i = 0; i < s->conv.npins; i++) {
        const struct cg_pin *p = &s->conv.pin[i];
        void *slot = state + s->guest->slot[p->slot].offset;

        if (is_xmm(p->reg))
            memcpy(slot, &mc->fpregs->_xmm[p->reg - XMM0], 8);
        else
            memcpy(slot, &mc->gregs[greg_of[p->reg]], 8);
    }
}

bool cg_recover(struct cg_runtime *rt, void *context)
{
    ucontext_t *uc = context;
    mcontext_t *mc = &uc->uc_mcontext;
    uint64_t at = (uint64_t)mc->gregs[REG_RIP];
    const struct cg_unit *u = cg_unit_at(rt->space, at);
    const struct cg_segment *g = rt->space->segment;

    if (u) {
        const struct cg_map_entry *m = find_map(u, (uint32_t)(at - (uint64_t)(uintptr_t)u->entry));
        if (!m)
            return false;
        homes_from(rt, (uint8_t *)(rt + 1), mc);
        rt->pc = u->base + (uint64_t)(int64_t)m->pc;
    } else if (rt->scratch[SCRATCH_IN_HELPER]) {
        rt->pc = rt->scratch[SCRATCH_HELPER_PC];
    } else {
        return false;
    }
    rt->scratch[SCRATCH_IN_HELPER] = 0;
    rt->mxcsr = mc->fpregs->mxcsr;
    rt->leave = CG_LEAVE_FAULT;
    mc->gregs[REG_RBP] = (greg_t)(uintptr_t)((uint8_t *)(rt + 1) + CG_STATE_BIAS);
    mc->gregs[REG_RIP] = (greg_t)(uintptr_t)(g->stub.restore + g->to_rx);
    return true;
}
