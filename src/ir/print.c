/* Units as text, one instruction a line: `%5 = sext i64 32 %4`. The form is described in README.md; parse.c reads it. */
#include <inttypes.h>

#include "base/bits.h"
#include "base/str.h"
#include "ir/ops_int.h"
#include "ir/text_int.h"

const char *const ir_round_words[] = {"rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn", NULL};
const char *const ir_rmw_words[] = {"xchg", "add", "and", "or", "xor", "smin", "smax", "umin", "umax", NULL};
const char *const ir_space_words[] = {"direct", "bounded", "paged", NULL};
const char *const ir_exit_words[] = {
    "syscall", "break", "illegal", "misaligned", "fetch_fault", "flush_code", "yield", "step", "interp", "mode", NULL};
const char *const ir_ind_words[] = {"jump", "call", "ret", NULL};
const char *const ir_fence_words[] = {"rr", "rw", "wr", "ww", NULL};

static const char *word(const char *const *words, unsigned n)
{
    for (unsigned i = 0; words[i]; i++)
        if (i == n)
            return words[i];
    return "?";
}

static void add_access(struct strbuf *out, unsigned aux)
{
    strbuf_addf(out, "%c%u", IR_MEM_SIGN(aux) ? 's' : 'u', 8u << IR_MEM_LOG2(aux));
    if (IR_MEM_SPACE(aux) != IR_DIRECT)
        strbuf_addf(out, ".%s", word(ir_space_words, IR_MEM_SPACE(aux)));
}

static void add_fence(struct strbuf *out, unsigned aux)
{
    const char *dot = "";

    if (!aux)
        strbuf_add(out, "none");
    for (unsigned i = 0; i < 4; i++) {
        if (aux >> i & 1) {
            strbuf_addf(out, "%s%s", dot, ir_fence_words[i]);
            dot = ".";
        }
    }
}

static void add_aux(struct strbuf *out, const struct ir_unit *u, const struct ir_insn *in)
{
    unsigned aux = in->aux;
    const char *rm = word(ir_round_words, aux & 7);

    if (ir_aux_kind(in->op) != IR_AUX_NONE)
        strbuf_addc(out, ' ');
    switch (ir_aux_kind(in->op)) {
    case IR_AUX_NONE: break;
    case IR_AUX_SLOT: strbuf_add(out, aux < u->guest->nslots ? u->guest->slot[aux].name : "?"); break;
    case IR_AUX_HELPER: strbuf_add(out, aux < u->guest->nhelpers ? u->guest->helper[aux].name : "?"); break;
    case IR_AUX_BITS: strbuf_addf(out, "%u", aux); break;
    case IR_AUX_ROUND: strbuf_add(out, rm); break;
    case IR_AUX_FMA:
        strbuf_addf(out, "%s%s%s", rm, aux & IR_FMA_NEG_PRODUCT ? ".negp" : "", aux & IR_FMA_NEG_C ? ".negc" : "");
        break;
    case IR_AUX_FTOI:
        strbuf_addf(out, "%s.%c%u%s", rm, aux & 0x40 ? 'u' : 's', 8u << (aux >> 4 & 3),
            aux >> 8 & 3 ? ".nan_zero" : ".nan_max");
        break;
    case IR_AUX_ITOF: strbuf_addf(out, "%s.%c", rm, aux & 0x40 ? 'u' : 's'); break;
    case IR_AUX_FROUND: strbuf_addf(out, "%s%s", rm, aux & 0x100 ? ".nx" : ""); break;
    case IR_AUX_RMW:
        strbuf_addf(out, "%s.", word(ir_rmw_words, IR_RMW_OP(aux)));
        add_access(out, aux);
        break;
    case IR_AUX_MEM: add_access(out, aux); break;
    case IR_AUX_FENCE: add_fence(out, aux); break;
    case IR_AUX_EXIT: strbuf_add(out, word(ir_exit_words, aux)); break;
    case IR_AUX_IND: strbuf_add(out, word(ir_ind_words, aux)); break;
    }
}

static void add_offset(struct strbuf *out, uint32_t lo, uint32_t hi)
{
    int64_t off = (int64_t)(lo | (uint64_t)hi << 32);

    strbuf_addf(out, " %c0x%" PRIx64, off < 0 ? '-' : '+', off < 0 ? -(uint64_t)off : (uint64_t)off);
}

static void add_ref(struct strbuf *out, ir_ref r)
{
    if (r)
        strbuf_addf(out, " %%%u", r);
    else
        strbuf_add(out, " _");
}

static void add_bits(struct strbuf *out, const struct ir_insn *in)
{
    uint64_t bits = in->a | (uint64_t)in->b << 32;
    int64_t v = ir_type_is_int(in->type) ? sext64(bits, ir_type_bits(in->type)) : INT64_MAX;

    if (v >= -4096 && v <= 4096)
        strbuf_addf(out, " %" PRId64, v);
    else
        strbuf_addf(out, " %#" PRIx64, bits);
}

static void add_phi(struct strbuf *out, const struct ir_unit *u, const struct ir_insn *in, uint32_t block)
{
    const struct ir_block *bb = &u->block[block];

    for (uint32_t i = 0; i < bb->npreds && in->a + i < u->nphi_args; i++)
        strbuf_addf(out, " [@%u %%%u]", bb->preds[i], u->phi_arg[in->a + i]);
}

static void add_operands(struct strbuf *out, const struct ir_unit *u, const struct ir_insn *in, uint32_t block)
{
    const ir_ref field[3] = {in->a, in->b, in->c};
    unsigned refs = ir_op_refs(in->op);

    /* Literals come after refs, except in store. */
    if (in->op == IR_store) {
        add_ref(out, in->a);
        strbuf_addf(out, " %+" PRId32, (int32_t)in->b);
        add_ref(out, in->c);
        return;
    }
    for (unsigned i = 0; i < 3; i++)
        if (refs >> i & 1)
            add_ref(out, field[i]);
    switch (ir_literal_kind(in->op)) {
    case IR_LIT_NONE: break;
    case IR_LIT_BITS: add_bits(out, in); break;
    case IR_LIT_PLACE: add_offset(out, in->a, in->b); break;
    case IR_LIT_MARK:
        add_offset(out, in->a, in->a >> 31 ? UINT32_MAX : 0);
        strbuf_addf(out, " %u", in->b);
        break;
    case IR_LIT_OFFSET: strbuf_addf(out, " %+" PRId32, (int32_t)in->b); break;
    case IR_LIT_BRANCH: add_offset(out, in->b, in->c); break;
    case IR_LIT_GOTO: strbuf_addf(out, " @%u", in->a); break;
    case IR_LIT_IF: strbuf_addf(out, " @%u @%u", in->b, in->c); break;
    case IR_LIT_PHI: add_phi(out, u, in, block); break;
    }
}

static void add_insn(struct strbuf *out, const struct ir_unit *u, ir_ref r, uint32_t block)
{
    const struct ir_insn *in = &u->insn[r];

    strbuf_add(out, "  ");
    if (in->type != IR_VOID)
        strbuf_addf(out, "%%%u = %s %s", r, ir_op_name(in->op), ir_type_name(in->type));
    else
        strbuf_add(out, ir_op_name(in->op));
    add_aux(out, u, in);
    add_operands(out, u, in, block);
    strbuf_addc(out, '\n');
}

void ir_print(const struct ir_unit *u, struct strbuf *out)
{
    strbuf_addf(out, "unit 0x%" PRIx64, u->pc);
    if (u->mode)
        strbuf_addf(out, " mode %u", u->mode);
    strbuf_addc(out, '\n');
    for (uint32_t i = 0; i < u->nblocks; i++) {
        if (u->nblocks > 1)
            strbuf_addf(out, "block %u:\n", i);
        for (ir_ref r = u->block[i].first; r < u->block[i].end; r++)
            if (u->insn[r].op != IR_nop)
                add_insn(out, u, r, i);
    }
}
