/* Reads the text form (README.md) into a unit, instruction by instruction as it stands: nothing is folded. The text may
 * come from anywhere, so everything is checked: what the grammar does not, ir_verify does at the end.
 *
 * A value may be named before its line, so refs are first kept as the text's numbers and translated when all is read.
 */
#include <errno.h>

#include "base/err.h"
#include "base/str.h"
#include "ir/builder_int.h"
#include "ir/ops_int.h"
#include "ir/text_int.h"

#define MAX_INSNS 65536
#define MAX_NUMBER (4 * MAX_INSNS)

struct phi_arg {
    uint32_t block, number;
};

struct parser {
    const char *at, *end; /* of the current line */
    unsigned line;
    struct ir_builder *b;
    struct err *err;
    VEC(ir_ref) ref_of; /* by number in the text */
    VEC(struct phi_arg) arg;
    VEC(uint32_t) starts; /* first instruction of each block */
    char word[64];
};

static int bad(struct parser *p, const char *what)
{
    return err_set(p->err, -EINVAL, "line %u: %s", p->line, what);
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static bool at_end(struct parser *p)
{
    skip_space(p);
    return p->at == p->end || *p->at == '#';
}

static bool take(struct parser *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A word into p->word: letters, digits, underscores. */
static bool take_word(struct parser *p)
{
    size_t n = 0;

    skip_space(p);
    while (p->at < p->end && is_word_char(*p->at) && n < sizeof(p->word) - 1)
        p->word[n++] = *p->at++;
    p->word[n] = 0;
    return n > 0;
}

static int find_word(const char *const *words, const char *w)
{
    for (int i = 0; words[i]; i++)
        if (*w && str_eq(words[i], w))
            return i;
    return -1;
}

/* [+-] decimal or 0x hexadecimal digits, at most 64 bits. */
static bool take_number(struct parser *p, uint64_t *v)
{
    bool negative = take(p, '-');
    unsigned base = 10;
    const char *s;

    if (!negative)
        take(p, '+');
    if (!take_word(p))
        return false;
    s = p->word;
    if (s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
    }
    *v = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        unsigned digit = *s >= 'a' ? (unsigned)(*s - 'a') + 10 : (unsigned)(*s - '0');

        if (digit >= base || __builtin_mul_overflow(*v, base, v) || __builtin_add_overflow(*v, digit, v))
            return false;
    }
    if (negative)
        *v = -*v;
    return true;
}

static bool take_u32(struct parser *p, uint32_t limit, uint32_t *v)
{
    uint64_t n;

    if (!take_number(p, &n) || n >= limit)
        return false;
    *v = (uint32_t)n;
    return true;
}

/* %N or _; as the text's number + 1, 0 for none. */
static bool take_ref(struct parser *p, uint32_t *number)
{
    *number = 0;
    if (take(p, '_'))
        return true;
    if (!take(p, '%') || !take_u32(p, MAX_NUMBER, number))
        return false;
    ++*number;
    return true;
}

/* ---- aux ---- */

static bool take_dot_word(struct parser *p)
{
    return p->at < p->end && *p->at == '.' && (p->at++, take_word(p));
}

/* u8..s64 from p->word: aux bits 0-3. */
static int access_size(const char *w)
{
    static const char *const sizes[] = {"8", "16", "32", "64", NULL};
    int log2 = *w ? find_word(sizes, w + 1) : -1;

    if (log2 < 0 || (*w != 'u' && *w != 's'))
        return -1;
    return IR_MEM((unsigned)log2, *w == 's', 0);
}

static int parse_access(struct parser *p)
{
    int aux = access_size(p->word), space;

    if (aux < 0 || p->at == p->end || *p->at != '.')
        return aux;
    space = take_dot_word(p) ? find_word(ir_space_words, p->word) : -1;
    return space < 0 ? -1 : aux | space << 4;
}

static int parse_rmw(struct parser *p)
{
    int op = find_word(ir_rmw_words, p->word), aux;

    if (op < 0 || !take_dot_word(p))
        return -1;
    aux = parse_access(p);
    return aux < 0 ? -1 : aux | op << 8;
}

static int parse_fence(struct parser *p)
{
    int aux = 0, bit;

    if (str_eq(p->word, "none"))
        return 0;
    do {
        bit = find_word(ir_fence_words, p->word);
        if (bit < 0)
            return -1;
        aux |= 1 << bit;
    } while (take_dot_word(p));
    return aux;
}

/* Rounding and what follows it after dots. */
static int parse_round(struct parser *p, enum ir_aux_kind kind)
{
    int aux = find_word(ir_round_words, p->word), access;

    if (aux < 0)
        return -1;
    while (take_dot_word(p)) {
        access = access_size(p->word);
        if (kind == IR_AUX_FMA && str_eq(p->word, "negp"))
            aux |= IR_FMA_NEG_PRODUCT;
        else if (kind == IR_AUX_FMA && str_eq(p->word, "negc"))
            aux |= IR_FMA_NEG_C;
        else if (kind == IR_AUX_FTOI && access >= 0)
            aux |= (access & 3) << 4 | (IR_MEM_SIGN(access) ? 0 : 0x40);
        else if (kind == IR_AUX_FTOI && str_eq(p->word, "nan_zero"))
            aux |= IR_FTOI_SAT_NAN_ZERO << 8;
        else if (kind == IR_AUX_FTOI && str_eq(p->word, "nan_max"))
            aux |= IR_FTOI_SAT_NAN_MAX << 8;
        else if (kind == IR_AUX_ITOF && str_eq(p->word, "u"))
            aux |= 0x40;
        else if (kind == IR_AUX_FROUND && str_eq(p->word, "nx"))
            aux |= 0x100;
        else if (kind != IR_AUX_ITOF || !str_eq(p->word, "s"))
            return -1;
    }
    return aux;
}

static int find_slot(const struct ir_guest *g, const char *name)
{
    for (uint32_t i = 0; i < g->nslots; i++)
        if (str_eq(g->slot[i].name, name))
            return (int)i;
    return -1;
}

static int find_helper(const struct ir_guest *g, const char *name)
{
    for (uint32_t i = 0; i < g->nhelpers; i++)
        if (str_eq(g->helper[i].name, name))
            return (int)i;
    return -1;
}

static int parse_aux(struct parser *p, enum ir_aux_kind kind)
{
    uint32_t n;

    if (kind == IR_AUX_NONE)
        return 0;
    if (kind == IR_AUX_BITS)
        return take_u32(p, 65, &n) ? (int)n : -1;
    if (!take_word(p))
        return -1;
    switch (kind) {
    case IR_AUX_SLOT: return find_slot(p->b->guest, p->word);
    case IR_AUX_HELPER: return find_helper(p->b->guest, p->word);
    case IR_AUX_ROUND:
    case IR_AUX_FMA:
    case IR_AUX_FTOI:
    case IR_AUX_ITOF:
    case IR_AUX_FROUND: return parse_round(p, kind);
    case IR_AUX_MEM: return parse_access(p);
    case IR_AUX_RMW: return parse_rmw(p);
    case IR_AUX_FENCE: return parse_fence(p);
    case IR_AUX_EXIT: return find_word(ir_exit_words, p->word);
    case IR_AUX_IND: return find_word(ir_ind_words, p->word);
    case IR_AUX_NONE:
    case IR_AUX_BITS: break;
    }
    return -1;
}

/* ---- operands ---- */

static bool take_pair(struct parser *p, uint32_t *lo, uint32_t *hi)
{
    uint64_t v;

    if (!take_number(p, &v))
        return false;
    *lo = (uint32_t)v;
    *hi = (uint32_t)(v >> 32);
    return true;
}

static bool take_offset32(struct parser *p, uint32_t *v)
{
    uint64_t n;

    if (!take_number(p, &n) || !fits_signed((int64_t)n, 32))
        return false;
    *v = (uint32_t)n;
    return true;
}

static bool take_bits(struct parser *p, struct ir_insn *in)
{
    unsigned w = ir_type_bits(in->type);
    uint64_t v;

    if (!take_number(p, &v) || !w || (!fits_unsigned(v, w) && !fits_signed((int64_t)v, MIN(w, 64u))))
        return false;
    v &= mask64(w);
    in->a = (uint32_t)v;
    in->b = (uint32_t)(v >> 32);
    return true;
}

static bool take_block(struct parser *p, uint32_t *block)
{
    return take(p, '@') && take_u32(p, MAX_INSNS, block);
}

/* [@block %ref]...: in->a the first in p->arg, in->b how many. */
static bool take_phi(struct parser *p, struct ir_insn *in)
{
    in->a = (uint32_t)p->arg.len;
    while (take(p, '[')) {
        struct phi_arg arg;

        if (!take_block(p, &arg.block) || !take_ref(p, &arg.number) || !take(p, ']'))
            return false;
        vec_push(&p->arg, arg);
        in->b++;
    }
    return true;
}

static bool take_operands(struct parser *p, struct ir_insn *in)
{
    unsigned refs = ir_op_refs(in->op);

    if (in->op == IR_store)
        return take_ref(p, &in->a) && take_offset32(p, &in->b) && take_ref(p, &in->c);
    if (((refs & 1) && !take_ref(p, &in->a)) || ((refs & 2) && !take_ref(p, &in->b)) ||
        ((refs & 4) && !take_ref(p, &in->c)))
        return false;
    switch (ir_literal_kind(in->op)) {
    case IR_LIT_NONE: break;
    case IR_LIT_BITS: return take_bits(p, in);
    case IR_LIT_PLACE: return take_pair(p, &in->a, &in->b);
    case IR_LIT_MARK: return take_offset32(p, &in->a) && take_u32(p, 64, &in->b);
    case IR_LIT_OFFSET: return take_offset32(p, &in->b);
    case IR_LIT_BRANCH: return take_pair(p, &in->b, &in->c);
    case IR_LIT_GOTO: return take_block(p, &in->a);
    case IR_LIT_IF: return take_block(p, &in->b) && take_block(p, &in->c);
    case IR_LIT_PHI: return take_phi(p, in);
    }
    return true;
}

/* ---- lines ---- */

static int find_op(const char *name)
{
    for (int op = 1; op < IR_NOPS; op++)
        if (str_eq(ir_op_name((enum ir_op)op), name))
            return op;
    return -1;
}

static int find_type(const char *name)
{
    for (int t = 1; t < IR_NTYPES; t++)
        if (str_eq(ir_type_name((enum ir_type)t), name))
            return t;
    return -1;
}

static int name_value(struct parser *p, uint32_t number, ir_ref r)
{
    while (p->ref_of.len <= number)
        vec_push(&p->ref_of, 0);
    if (p->ref_of.data[number])
        return bad(p, "value named twice");
    p->ref_of.data[number] = r;
    return 0;
}

static int parse_insn(struct parser *p)
{
    struct ir_insn in = {0};
    uint32_t number = 0;
    bool named = take(p, '%');
    int op, type = IR_VOID, aux;

    if (p->b->unit.ninsns >= MAX_INSNS)
        return bad(p, "too many instructions");
    if (named && (!take_u32(p, MAX_NUMBER, &number) || !take(p, '=')))
        return bad(p, "expected %NUMBER =");
    op = take_word(p) ? find_op(p->word) : -1;
    if (op < 0)
        return bad(p, "unknown op");
    if (ir_op_has_result((enum ir_op)op) != named)
        return bad(p, named ? "this op has no result" : "the result needs a name");
    if (named)
        type = take_word(p) ? find_type(p->word) : -1;
    if (type < 0)
        return bad(p, "unknown type");
    in.op = (uint8_t)op;
    in.type = (uint8_t)type;
    aux = parse_aux(p, ir_aux_kind((enum ir_op)op));
    if (aux < 0)
        return bad(p, "unknown attribute, slot or helper");
    in.aux = (uint16_t)aux;
    if (!take_operands(p, &in))
        return bad(p, "bad operand");
    if (named && name_value(p, number, p->b->unit.ninsns) < 0)
        return -EINVAL;
    p->b->unit.guest_insns += op == IR_mark;
    ir_append(p->b, &in);
    return 0;
}

static int parse_unit_line(struct parser *p)
{
    uint64_t pc;
    uint32_t mode = 0;

    if (p->b->unit.ninsns > 1 || !take_number(p, &pc))
        return bad(p, "expected: unit PC [mode N], once, first");
    if (!at_end(p) && (!take_word(p) || !str_eq(p->word, "mode") || !take_u32(p, 256, &mode)))
        return bad(p, "expected: mode N");
    p->b->unit.pc = pc;
    p->b->unit.mode = mode;
    return 0;
}

static int parse_block_line(struct parser *p)
{
    uint32_t n;

    if (!take_u32(p, MAX_INSNS, &n) || !take(p, ':') || n != p->starts.len)
        return bad(p, "expected: block N: with N counting from 0");
    if (n == 0 && p->b->unit.ninsns > 1)
        return bad(p, "instructions before the first block");
    vec_push(&p->starts, p->b->unit.ninsns);
    return 0;
}

static int parse_line(struct parser *p)
{
    const char *start;
    int rc;

    if (at_end(p))
        return 0;
    start = p->at;
    take_word(p);
    if (str_eq(p->word, "unit")) {
        rc = parse_unit_line(p);
    } else if (str_eq(p->word, "block")) {
        rc = parse_block_line(p);
    } else {
        p->at = start;
        rc = parse_insn(p);
    }
    return rc == 0 && !at_end(p) ? bad(p, "more than expected") : rc;
}

/* ---- the whole ---- */

static bool translate_ref(const struct parser *p, uint32_t *field)
{
    if (*field && (*field > p->ref_of.len || !p->ref_of.data[*field - 1]))
        return false;
    *field = *field ? p->ref_of.data[*field - 1] : 0;
    return true;
}

static int translate_refs(struct parser *p)
{
    struct ir_unit *u = &p->b->unit;
    bool ok = true;

    for (ir_ref r = 1; r < u->ninsns; r++) {
        struct ir_insn *in = &u->insn[r];
        unsigned refs = ir_op_refs(in->op);

        ok &= (!(refs & 1) || translate_ref(p, &in->a)) && (!(refs & 2) || translate_ref(p, &in->b)) &&
            (!(refs & 4) || translate_ref(p, &in->c));
    }
    vec_foreach (arg, &p->arg)
        ok &= translate_ref(p, &arg->number);
    return ok ? 0 : err_set(p->err, -EINVAL, "a value is used that no line defines");
}

/* Block table from starts and terminators. */
static int make_blocks(struct parser *p)
{
    struct ir_builder *b = p->b;
    uint32_t n, at = 0;

    if (p->starts.len == 0)
        vec_push(&p->starts, 1);
    n = (uint32_t)p->starts.len;
    vec_clear(&b->out_block);
    vec_clear(&b->out_pred);
    vec_reserve(&b->out_pred, 1);
    for (uint32_t i = 0; i < n; i++) {
        struct ir_block bb = {.first = p->starts.data[i], .end = i + 1 < n ? p->starts.data[i + 1] : b->unit.ninsns};
        const struct ir_insn *last = ir_at(b, bb.end - 1);

        if (bb.end == bb.first)
            return err_set(p->err, -EINVAL, "block %u is empty", i);
        if (last->op == IR_goto)
            bb.succ[bb.nsuccs++] = last->a;
        if (last->op == IR_if) {
            bb.succ[bb.nsuccs++] = last->b;
            bb.succ[bb.nsuccs++] = last->c;
        }
        vec_push(&b->out_block, bb);
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < b->out_block.data[i].nsuccs; k++) {
            if (b->out_block.data[i].succ[k] >= n)
                return err_set(p->err, -EINVAL, "block %u leads to a block that is not there", i);
            b->out_block.data[b->out_block.data[i].succ[k]].npreds++;
            vec_push(&b->out_pred, 0);
        }
    }
    vec_foreach (bb, &b->out_block) {
        bb->preds = b->out_pred.data + at;
        at += bb->npreds;
        bb->npreds = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < b->out_block.data[i].nsuccs; k++) {
            struct ir_block *to = &b->out_block.data[b->out_block.data[i].succ[k]];
            to->preds[to->npreds++] = i;
        }
    }
    b->unit.block = b->out_block.data;
    b->unit.nblocks = n;
    return 0;
}

/* Operand lists in the order of the predecessors. */
static int make_phis(struct parser *p)
{
    struct ir_builder *b = p->b;

    vec_clear(&b->out_phi);
    vec_foreach (bb, &b->out_block) {
        for (ir_ref r = bb->first; r < bb->end; r++) {
            struct ir_insn *in = ir_at(b, r);
            uint32_t first = in->a, n = in->b, at = (uint32_t)b->out_phi.len;

            if (in->op != IR_phi)
                continue;
            if (n != bb->npreds)
                return err_set(p->err, -EINVAL, "phi: %u operands for %u predecessors", n, bb->npreds);
            for (uint32_t i = 0; i < bb->npreds; i++)
                for (uint32_t k = 0; k < n; k++)
                    if (p->arg.data[first + k].block == bb->preds[i] && b->out_phi.len == at + i)
                        vec_push(&b->out_phi, p->arg.data[first + k].number);
            if (b->out_phi.len != at + n)
                return err_set(p->err, -EINVAL, "phi: operands do not match the predecessors");
            in->a = at;
            in->b = 0;
        }
    }
    b->unit.phi_arg = b->out_phi.data;
    b->unit.nphi_args = (uint32_t)b->out_phi.len;
    return 0;
}

static int parse_lines(struct parser *p, const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        int rc;

        p->line++;
        p->at = text;
        p->end = nl ? nl : end;
        rc = parse_line(p);
        if (rc < 0)
            return rc;
        text = nl ? nl + 1 : end;
    }
    return p->b->unit.ninsns > 1 ? 0 : err_set(p->err, -EINVAL, "no instructions");
}

int ir_parse(struct ir_builder *b, const char *text, size_t len, struct ir_unit **out, struct err *err)
{
    struct parser p = {.b = b, .err = err};
    int rc;

    ir_begin(b, 0, 0);
    rc = parse_lines(&p, text, len);
    if (rc == 0)
        rc = translate_refs(&p);
    if (rc == 0)
        rc = make_blocks(&p);
    if (rc == 0)
        rc = make_phis(&p);
    vec_fini(&p.ref_of);
    vec_fini(&p.arg);
    vec_fini(&p.starts);
    if (rc < 0)
        return rc;
    ir_builder_count(b);
    rc = ir_verify(&b->unit, err);
    if (rc == 0)
        *out = &b->unit;
    return rc;
}
