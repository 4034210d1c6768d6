/* What every segment begins with: the way into guest code, the ways out, the slow half of indirect jumps, calls of C
 * functions. Also the convention: which host register is the home of which slot.
 *
 * Frame while guest code runs, from rsp up: spill words, then what enter pushed. rsp is a multiple of 16.
 */
#include "codegen/x64/gen.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "ir/fp.h"

/* rax, rcx, rdx are wanted by mul, div, shifts and cmpxchg; four are enough for the longest sequence (rmw). */
static const uint8_t pin_int[] = {RBX, RDI, R8, R9, R10, R11, R12, R13, R14, R15};
static const uint8_t pin_float[] = {XMM4, XMM5, XMM6, XMM7, XMM8, XMM9, XMM10, XMM11, XMM12, XMM13, XMM14, XMM15};
#define SCRATCH (1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI | 15u << XMM0)
#define CALLER_SAVED (1u << RDI | 1u << R8 | 1u << R9 | 1u << R10 | 1u << R11 | 0xffff0000u)

static void pin(struct cg_convention *c, const uint16_t *hot, const uint8_t *regs, unsigned nregs)
{
    for (unsigned i = 0; i < nregs && hot && hot[i] != 0xffff; i++) {
        c->pin[c->npins++] = (struct cg_pin){.slot = hot[i], .reg = regs[i]};
        c->home[hot[i]] = regs[i];
        c->slot_of[regs[i]] = hot[i];
        c->pinned |= 1u << regs[i];
    }
}

void cg_x64_convention(struct cg_convention *c, const struct ir_guest *guest)
{
    c->home = x_malloc(guest->nslots + 1);
    memset(c->home, X64_NONE, guest->nslots + 1);
    c->disp = x_new_array(int32_t, guest->nslots + 1);
    for (unsigned i = 0; i < guest->nslots; i++)
        c->disp[i] = STATE_DISP(guest->slot[i].offset);
    c->scratch = SCRATCH;
    pin(c, guest->hot_int, pin_int, ARRAY_LEN(pin_int));
    pin(c, guest->hot_float, pin_float, ARRAY_LEN(pin_float));
}

/* Which: a set of registers. */
static void homes(struct x64_buf *b, const struct cg_space *s, bool load, uint32_t which)
{
    for (unsigned i = 0; i < s->conv.npins; i++) {
        const struct cg_pin *p = &s->conv.pin[i];
        struct x64_mem m = x64_base(RBP, s->conv.disp[p->slot]);

        if (!(which >> p->reg & 1))
            continue;
        if (!is_xmm(p->reg))
            x64_rm(b, load ? X_LOAD : X_STORE, 8, p->reg, m);
        else if (s->host.avx)
            x64_vrm(b, load ? X_MOVSD_LD : X_MOVSD_ST, 4, p->reg, 0, m);
        else
            x64_rm(b, load ? X_MOVSD_LD : X_MOVSD_ST, 4, p->reg, m);
    }
}

static void store_leave(struct x64_buf *b, enum cg_leave leave)
{
    x64_store_i(b, 4, rt_mem(RT_DISP(leave)), (int32_t)leave);
}

static const uint8_t callee_saved[] = {RBP, RBX, R12, R13, R14, R15};

/* void enter(struct cg_runtime *rt (rdi), void *entry (rsi)). Six pushes and the return address are 56 bytes. */
static void stub_enter(struct x64_buf *b, const struct cg_space *s)
{
    for (unsigned i = 0; i < ARRAY_LEN(callee_saved); i++)
        x64_push(b, callee_saved[i]);
    x64_alu_ri(b, G_SUB, 8, RSP, FRAME_BYTES + 8);
    x64_rm(b, X_LEA, 8, RBP, x64_base(RDI, (int32_t)sizeof(struct cg_runtime) + CG_STATE_BIAS));
    x64_rm(b, X_STORE, 8, RSP, rt_mem(RT_DISP(host_rsp)));
    x64_stmxcsr(b, rt_mem(RT_DISP(host_mxcsr)));
    x64_ldmxcsr(b, rt_mem(RT_DISP(mxcsr)));
    homes(b, s, true, ~0u);
    x64_jmp_r(b, RSI);
}

/* From a state that is at home back to cg_enter's caller. rbp is valid; rsp need not be. */
static void stub_restore(struct x64_buf *b)
{
    x64_ldmxcsr(b, rt_mem(RT_DISP(host_mxcsr)));
    x64_rm(b, X_LOAD, 8, RSP, rt_mem(RT_DISP(host_rsp)));
    x64_alu_ri(b, G_ADD, 8, RSP, FRAME_BYTES + 8);
    for (unsigned i = ARRAY_LEN(callee_saved); i-- > 0;)
        x64_pop(b, callee_saved[i]);
    x64_bytes(b, "\xc3", 1); /* ret */
}

/* Slow half of an indirect jump. rax: target, rdx: inline cache word or 0. */
static void stub_lookup(struct x64_buf *b, struct cg_stubs *st, const uint8_t *common)
{
    uint8_t *miss;

    st->lookup = b->p;
    x64_alu_mi(b, G_CMP, 4, rt_mem(RT_DISP(kick)), 0);
    x64_jcc(b, CC_NE, st->kick);
    x64_mov32(b, RCX, RAX);
    x64_rm(b, X_AND, 4, RCX, rt_mem(RT_DISP(jump_mask)));
    x64_rm(b, X_LOAD, 8, RSI, rt_mem(RT_DISP(jump_cache)));
    x64_rm(b, X_LOAD, 8, RCX, x64_sib(RSI, RCX, 2, 0));
    x64_rm(b, X_CMP, 8, RAX, x64_base(RCX, offsetof(struct cg_unit, pc)));
    miss = x64_jcc_fwd(b, CC_NE);
    x64_jmp_m(b, x64_base(RCX, offsetof(struct cg_unit, entry)));
    x64_here(b, miss);
    x64_rm(b, X_STORE, 8, RAX, rt_mem(RT_DISP(pc)));
    x64_rm(b, X_STORE, 8, RDX, rt_mem(RT_DISP(ic)));
    store_leave(b, CG_LEAVE_LOOKUP);
    x64_jmp(b, common);
}

/* Calls fn (rax) with (state, rsi, rdx, rcx). The site saved scratch registers. state: the function may read and write any
 * slot; otherwise homes just survive. */
static uint8_t *stub_call(struct x64_buf *b, const struct cg_space *s, bool state)
{
    uint8_t *at = b->p;

    homes(b, s, false, state ? ~0u : CALLER_SAVED);
    x64_alu_ri(b, G_SUB, 8, RSP, 8);
    x64_rm(b, X_LEA, 8, RDI, x64_base(RBP, -CG_STATE_BIAS));
    x64_call_r(b, RAX);
    x64_alu_ri(b, G_ADD, 8, RSP, 8);
    homes(b, s, true, state ? ~0u : CALLER_SAVED);
    x64_bytes(b, "\xc3", 1);
    return at;
}

static int tables(struct cg_space *s, struct cg_segment *g)
{
    static const struct cg_consts consts = {
        .sign64 = {1ull << 63},
        .abs64 = {~(1ull << 63), ~0ull},
        .sign32 = {1ull << 31},
        .abs32 = {~(1ull << 31), ~0ull},
        .box = {0xffffffffull << 32},
        .nan64 = {0x7ff8ull << 48},
        .nan32 = {0xffffffff7fc00000ull},
        .minus_one = {0xbff0ull << 48},
        .two30 = {0x41d0ull << 48},
        .two32 = {0x41f0ull << 48},
        .two63 = {0x43e0ull << 48},
        .two64 = {0x43f0ull << 48},
        .minus_onef = 0xbf800000,
        .two30f = 0x4e800000,
        .two32f = 0x4f800000,
        .two63f = 0x5f000000,
        .two64f = 0x5f800000,
    };
    unsigned n = s->guest->nhelpers;
    struct cg_consts *c = cg_segment_data(g, sizeof(consts), 16);

    g->helper = cg_segment_data(g, (n + 1) * sizeof(*g->helper), 8);
    if (!c || !g->helper)
        return -1;
    memcpy(c, &consts, sizeof(consts));
    for (uint32_t i = 0; i < ARRAY_LEN(c->flags); i++)
        c->flags[i] = (uint8_t)cg_mxcsr_flags(i);
    for (unsigned i = 0; i < ARRAY_LEN(c->rounding); i++)
        c->rounding[i] = cg_mxcsr_make((enum ir_rm)i, 0) >> 13 & 3;
    g->consts = c;
    for (unsigned i = 0; i < n; i++)
        g->helper[i] = (const void *)(uintptr_t)s->guest->helper[i].fn;
    g->helper[n] = (const void *)(uintptr_t)cg_slow_op;
    return 0;
}

int cg_x64_stubs(struct cg_space *s, struct cg_segment *g, struct err *err)
{
    struct x64_buf b = {.p = g->rw, .start = g->rw, .end = g->rw + g->size, .rx = g->to_rx};
    struct cg_stubs *st = &g->stub;
    const uint8_t *common;

    if (tables(s, g) < 0)
        return err_set(err, -12, "code space is too small");
    st->enter = b.p;
    stub_enter(&b, s);
    common = b.p;
    homes(&b, s, false, ~0u);
    x64_stmxcsr(&b, rt_mem(RT_DISP(mxcsr)));
    st->restore = b.p;
    stub_restore(&b);
    st->leave_link = b.p;
    x64_pop(&b, RCX);
    x64_rm(&b, X_MOVSXD, 8, RAX, x64_base(RCX, 0));
    x64_rr(&b, X_ADD, 8, RAX, RCX);
    x64_rm(&b, X_STORE, 8, RAX, rt_mem(RT_DISP(link)));
    x64_rm(&b, X_LOAD, 8, RAX, x64_base(RAX, offsetof(struct cg_link, pc)));
    x64_rm(&b, X_STORE, 8, RAX, rt_mem(RT_DISP(pc)));
    store_leave(&b, CG_LEAVE_LINK);
    x64_jmp(&b, common);
    st->leave_exit = b.p;
    x64_rm(&b, X_STORE, 8, RAX, rt_mem(RT_DISP(pc)));
    x64_rm(&b, X_STORE, 4, RCX, rt_mem(RT_DISP(why)));
    x64_rm(&b, X_STORE, 8, RDX, rt_mem(RT_DISP(info)));
    store_leave(&b, CG_LEAVE_EXIT);
    x64_jmp(&b, common);
    st->kick = b.p;
    x64_rm(&b, X_STORE, 8, RAX, rt_mem(RT_DISP(pc)));
    store_leave(&b, CG_LEAVE_KICK);
    x64_jmp(&b, common);
    stub_lookup(&b, st, common);
    st->call_pure = stub_call(&b, s, false);
    st->call_state = stub_call(&b, s, true);
    g->used = align_up((uint64_t)(b.p - b.start), 64);
    return 0;
}

void cg_enter(struct cg_runtime *rt, void *entry)
{
    const struct cg_segment *g = rt->space->segment;
    void (*enter)(struct cg_runtime *, void *) =
        (void (*)(struct cg_runtime *, void *))(uintptr_t)(g->stub.enter + g->to_rx);

    enter(rt, entry);
}

/* ---- MXCSR (Intel SDM volume 1, 10.2.3): flags in bits 0-5 (IE DE ZE OE UE PE), masks in 7-12, rounding in 13-14 ---- */

uint32_t cg_mxcsr_make(enum ir_rm rm, unsigned f)
{
    static const uint8_t rc[] = {[IR_RM_RNE] = 0, [IR_RM_RTZ] = 3, [IR_RM_RDN] = 1, [IR_RM_RUP] = 2, [IR_RM_RMM] = 0};
    uint32_t flags = (f & IR_FP_NV ? 1u : 0) | (f & IR_FP_DZ ? 4u : 0) | (f & IR_FP_OF ? 8u : 0) |
        (f & IR_FP_UF ? 16u : 0) | (f & IR_FP_NX ? 32u : 0);

    return 0x1f80 | (uint32_t)(rm < ARRAY_LEN(rc) ? rc[rm] : 0) << 13 | flags;
}

unsigned cg_mxcsr_flags(uint32_t m)
{
    return (m & 1 ? IR_FP_NV : 0u) | (m & 4 ? IR_FP_DZ : 0u) | (m & 8 ? IR_FP_OF : 0u) | (m & 16 ? IR_FP_UF : 0u) |
        (m & 32 ? IR_FP_NX : 0u);
}
