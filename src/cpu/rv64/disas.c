/* The disassembler: writes what binutils' objdump writes, so that a reader (and a diff) can compare. Names, syntax and
 * aliases come from rv64.decode; here is what each letter of the syntax prints.
 */
#include <string.h>

#include "base/str.h"
#include "cpu/rv64/rv64_int.h"

const char *rv64_csr_name(unsigned csr)
{
    switch (csr) {
    case CSR_FFLAGS: return "fflags";
    case CSR_FRM: return "frm";
    case CSR_FCSR: return "fcsr";
    case CSR_CYCLE: return "cycle";
    case CSR_TIME: return "time";
    case CSR_INSTRET: return "instret";
    default: return NULL;
    }
}

static void show_rm(struct strbuf *out, unsigned rm, bool zero_is_silent)
{
    static const char *const name[8] = {"rne", "rtz", "rdn", "rup", "rmm", "unknown", "unknown", "dyn"};

    if (rm != IR_RM_DYN && !(zero_is_silent && rm == 0))
        strbuf_addf(out, ",%s", name[rm]);
}

static void show_fence_set(struct strbuf *out, unsigned set)
{
    static const char letter[] = "wroi";

    if (set == 0)
        strbuf_add(out, "unknown");
    for (int bit = 3; bit >= 0; bit--)
        if (set >> bit & 1)
            strbuf_addc(out, letter[bit]);
}

static void show_fli(struct strbuf *out, unsigned n)
{
    if (n == 1)
        strbuf_add(out, "min");
    else if (n == 30)
        strbuf_add(out, "inf");
    else if (n == 31)
        strbuf_add(out, "nan");
    else
        strbuf_addf(out, "%.10g", (double)rv64_fli[n]);
}

static void show_csr(struct strbuf *out, unsigned csr)
{
    if (rv64_csr_name(csr))
        strbuf_add(out, rv64_csr_name(csr));
    else
        strbuf_addf(out, "0x%x", csr);
}

static void show_operand(struct strbuf *out, const struct rv64_insn *i, uint64_t pc, char letter)
{
    switch (letter) {
    case 'd': strbuf_add(out, rv64_x_name[i->rd]); break;
    case 's': strbuf_add(out, rv64_x_name[i->rs1]); break;
    case 't': strbuf_add(out, rv64_x_name[i->rs2]); break;
    case 'D': strbuf_add(out, rv64_f_name[i->rd]); break;
    case 'S': strbuf_add(out, rv64_f_name[i->rs1]); break;
    case 'T': strbuf_add(out, rv64_f_name[i->rs2]); break;
    case 'R': strbuf_add(out, rv64_f_name[i->rs3]); break;
    case 'i': strbuf_addf(out, "%d", i->imm); break;
    case 'x': strbuf_addf(out, "0x%x", (unsigned)i->imm); break;
    case 'u': strbuf_addf(out, "0x%x", (unsigned)i->imm >> 12); break;
    case 'p': strbuf_addf(out, "0x%llx", (unsigned long long)(pc + (uint64_t)(int64_t)i->imm)); break;
    case 'z': strbuf_addf(out, "%u", i->rs1); break;
    case 'm': show_rm(out, i->rm, false); break;
    case 'n': show_rm(out, i->rm, true); break;
    case 'c': show_csr(out, (unsigned)i->imm); break;
    case 'l': show_fli(out, (unsigned)i->imm); break;
    case 'P':
        show_fence_set(out, (unsigned)i->imm >> 4 & 15);
        strbuf_addc(out, ',');
        show_fence_set(out, (unsigned)i->imm & 15);
        break;
    default: strbuf_addc(out, letter); break;
    }
}

static void show(struct strbuf *out, const struct rv64_insn *i, uint64_t pc)
{
    static const char *const order[4] = {"", ".rl", ".aq", ".aqrl"};
    const struct rv64_line *line = &rv64_line[rv64_main_line[i->id]];
    const struct rv64_alias *alias = rv64_alias(i);
    const char *syntax = alias ? alias->syntax : line->syntax;

    strbuf_add(out, alias ? alias->name : line->name);
    strbuf_add(out, order[i->aqrl]);
    if (*syntax)
        strbuf_addc(out, '\t');
    for (; *syntax; syntax++)
        if (*syntax == '%')
            show_operand(out, i, pc, *++syntax);
        else
            strbuf_addc(out, *syntax);
}

unsigned rv64_disassemble(uint64_t pc, const uint8_t *bytes, unsigned len, struct strbuf *out)
{
    unsigned size = len > 0 && (bytes[0] & 3) == 3 ? 4 : 2;
    struct rv64_insn insn;
    uint32_t word = 0;

    if (len < size)
        return 0;
    memcpy(&word, bytes, size);
    if (size == 2)
        rv64_decode16(word, &insn);
    else
        rv64_decode32(word, &insn);
    if (insn.id != RV64_ILLEGAL)
        show(out, &insn, pc);
    else if (size == 2 && word == 0)
        strbuf_add(out, "unimp");
    else if (size == 2)
        strbuf_addf(out, ".2byte\t0x%x", word);
    else
        strbuf_addf(out, ".4byte\t0x%x", word);
    return size;
}
