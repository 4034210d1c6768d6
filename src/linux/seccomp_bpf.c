/* Classic BPF for seccomp: check and run. A checked program ends, for every jump goes forward.
 */
#include "linux/seccomp_int.h"

#include <string.h>

#include "base/alloc.h"

/* Instructions that a seccomp filter may have (kernel/seccomp.c, seccomp_check_filter). */
static bool known(uint16_t code)
{
    switch (code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_ALU | BPF_NEG:
    case BPF_JMP | BPF_JA: return true;
    default: break;
    }
    if (BPF_CLASS(code) == BPF_ALU && !(code & ~(0x07 | 0x08 | 0xf0)))
        return BPF_OP(code) <= BPF_RSH || BPF_OP(code) == BPF_XOR;
    if (BPF_CLASS(code) == BPF_JMP && !(code & ~(0x07 | 0x08 | 0xf0)))
        return BPF_OP(code) >= BPF_JEQ && BPF_OP(code) <= BPF_JSET;
    return false;
}

static bool operand_ok(const struct sock_filter *i, unsigned left)
{
    switch (i->code) {
    case BPF_LD | BPF_W | BPF_ABS: return i->k % 4 == 0 && i->k < sizeof(struct seccomp_data);
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX: return i->k < BPF_MEMWORDS;
    case BPF_ALU | BPF_DIV | BPF_K: return i->k != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K: return i->k < 32;
    case BPF_JMP | BPF_JA: return i->k < left;
    default: return BPF_CLASS(i->code) != BPF_JMP || (i->jt < left && i->jf < left);
    }
}

/* Scratch words known to be written at each instruction, whatever way led there (check_load_and_stores). */
static bool memory_ok(const struct sock_filter *code, unsigned count)
{
    _cleanup_free_ uint16_t *at = x_malloc(count * sizeof(*at));
    uint16_t valid = 0;

    memset(at, 0xff, count * sizeof(*at));
    for (unsigned pc = 0; pc < count; pc++) {
        const struct sock_filter *i = &code[pc];

        valid &= at[pc];
        switch (i->code) {
        case BPF_ST:
        case BPF_STX: valid |= (uint16_t)(1u << i->k); break;
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM:
            if (!(valid >> i->k & 1))
                return false;
            break;
        case BPF_JMP | BPF_JA:
            at[pc + 1 + i->k] &= valid;
            valid = 0xffff;
            break;
        default:
            if (BPF_CLASS(i->code) != BPF_JMP)
                break;
            at[pc + 1 + i->jt] &= valid;
            at[pc + 1 + i->jf] &= valid;
            valid = 0xffff;
        }
    }
    return true;
}

bool seccomp_valid(const struct sock_filter *code, unsigned count)
{
    if (count == 0 || count > BPF_MAXINSNS)
        return false;
    for (unsigned pc = 0; pc < count; pc++)
        if (!known(code[pc].code) || !operand_ok(&code[pc], count - pc - 1))
            return false;
    return BPF_CLASS(code[count - 1].code) == BPF_RET && memory_ok(code, count);
}

static uint32_t alu(uint16_t op, uint32_t a, uint32_t b)
{
    switch (op) {
    case BPF_ADD: return a + b;
    case BPF_SUB: return a - b;
    case BPF_MUL: return a * b;
    case BPF_DIV: return a / b;
    case BPF_OR: return a | b;
    case BPF_AND: return a & b;
    case BPF_XOR: return a ^ b;
    case BPF_LSH: return a << (b & 31); /* the kernel's translation masks a count from X */
    case BPF_RSH: return a >> (b & 31);
    default: return -a; /* BPF_NEG */
    }
}

static bool test(uint16_t op, uint32_t a, uint32_t b)
{
    switch (op) {
    case BPF_JEQ: return a == b;
    case BPF_JGT: return a > b;
    case BPF_JGE: return a >= b;
    default: return (a & b) != 0; /* BPF_JSET */
    }
}

uint32_t seccomp_run(const struct sock_filter *code, const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = {0};

    for (const struct sock_filter *i = code;; i++) {
        uint32_t operand = i->code & BPF_X ? x : i->k;

        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
            if (BPF_MODE(i->code) == BPF_ABS)
                memcpy(&a, (const char *)data + i->k, sizeof(a));
            else
                a = BPF_MODE(i->code) == BPF_MEM ? mem[i->k] : BPF_MODE(i->code) == BPF_LEN ? sizeof(*data) : i->k;
            break;
        case BPF_LDX:
            x = BPF_MODE(i->code) == BPF_MEM ? mem[i->k] : BPF_MODE(i->code) == BPF_LEN ? sizeof(*data) : i->k;
            break;
        case BPF_ST: mem[i->k] = a; break;
        case BPF_STX: mem[i->k] = x; break;
        case BPF_ALU:
            if (BPF_OP(i->code) == BPF_DIV && operand == 0)
                return SECCOMP_RET_KILL_THREAD;
            a = alu(BPF_OP(i->code), a, operand);
            break;
        case BPF_JMP:
            if (BPF_OP(i->code) == BPF_JA)
                i += i->k;
            else
                i += test(BPF_OP(i->code), a, operand) ? i->jt : i->jf;
            break;
        case BPF_RET: return BPF_RVAL(i->code) == BPF_A ? a : i->k;
        case BPF_MISC:
            if (BPF_MISCOP(i->code) == BPF_TAX)
                x = a;
            else
                a = x;
            break;
        default: return SECCOMP_RET_KILL_THREAD; /* seccomp_valid lets none in */
        }
    }
}
