/* The decode tables against themselves (encode and decode are inverse, for every line), the disassembler against
 * rv64_disas.def, and the facts that the room tells about itself.
 */
#include <fenv.h>
#include <string.h>

#include "base/bits.h"
#include "base/hash.h"
#include "base/str.h"
#include "cpu/rv64/rv64_int.h"
#include "harness.h"

static const struct {
    uint32_t word;
    const char *text;
} expected[] = {
#define W(word, text) {word, text},
#include "rv64_disas.def"
#undef W
};

static struct rv64_insn decode(uint32_t word)
{
    struct rv64_insn insn;

    if ((word & 3) == 3)
        rv64_decode32(word, &insn);
    else
        rv64_decode16(word, &insn);
    return insn;
}

static uint32_t random_word(const struct rv64_line *line, uint64_t seed)
{
    uint32_t word = line->value | ((uint32_t)hash_mix(seed) & ~line->mask);

    return line->bits == 16 ? word & 0xffff : word;
}

/* A random word of a line decodes as that line or a more specific one, and encodes to itself. */
TEST(encode_round_trip)
{
    for (unsigned n = 0; n < RV64_NLINES; n++) {
        unsigned own = 0;

        for (unsigned k = 0; k < 2000; k++) {
            uint32_t word = random_word(&rv64_line[n], n * 2000 + k);
            struct rv64_insn a = decode(word), b;

            if (a.id == RV64_ILLEGAL) {
                own += rv64_line[n].target == RV64_ILLEGAL;
                continue;
            }
            if (a.line == n) {
                own++;
                CHECK_EQ(a.id, rv64_line[n].target);
            } else {
                CHECK((rv64_line[a.line].mask & rv64_line[n].mask) == rv64_line[n].mask);
            }
            CHECK_EQ(rv64_encode(a.line, &a), word);
            b = decode(rv64_encode(a.line, &a));
            CHECK_MEM(&b, &a, offsetof(struct rv64_insn, aqrl) + 1); /* padding follows */
            CHECK_EQ(b.imm, a.imm);
        }
        if (!own)
            FAIL("%s is never decoded", rv64_line[n].name);
    }
}

/* Slowly: of all lines that match, the most specific one. */
TEST(decode_finds_the_most_specific_line)
{
    for (uint32_t k = 0; k < 300000; k++) {
        uint32_t word = k < 65536 && (k & 3) != 3 ? k : (uint32_t)hash_mix(k) | 3;
        unsigned best = RV64_NLINES;
        struct rv64_insn a;

        if (k % 4 == 1) /* near a line, so that most words are instructions */
            word = random_word(&rv64_line[hash_mix(k + 7) % RV64_NLINES], k) ^ 1u << hash_mix(k + 3) % 32;
        if ((word & 3) != 3)
            word &= 0xffff;
        for (unsigned n = 0; n < RV64_NLINES; n++)
            if (rv64_line[n].bits == ((word & 3) == 3 ? 32 : 16) && (word & rv64_line[n].mask) == rv64_line[n].value &&
                (best == RV64_NLINES || popcount64(rv64_line[n].mask) > popcount64(rv64_line[best].mask)))
                best = n;
        a = decode(word);
        CHECK_EQ(a.id, best == RV64_NLINES ? RV64_ILLEGAL : rv64_line[best].target);
    }
}

TEST(disassembly)
{
    for (unsigned n = 0; n < ARRAY_LEN(expected); n++) {
        _cleanup_strbuf_ struct strbuf s = {0};
        uint8_t bytes[4];
        unsigned len = (expected[n].word & 3) == 3 ? 4 : 2;

        memcpy(bytes, &expected[n].word, 4);
        CHECK_EQ(rv64_disassemble(0x1000, bytes, len - 1, &s), 0u);
        CHECK_EQ(rv64_disassemble(0x1000, bytes, len, &s), len);
        CHECK_STR(strbuf_text(&s), expected[n].text);
    }
}

TEST(every_line_has_an_expected_disassembly)
{
    static bool seen[RV64_NLINES];

    for (unsigned n = 0; n < ARRAY_LEN(expected); n++)
        for (unsigned k = 0; k < RV64_NLINES; k++)
            if (rv64_line[k].bits == ((expected[n].word & 3) == 3 ? 32 : 16) &&
                (expected[n].word & rv64_line[k].mask) == rv64_line[k].value)
                seen[k] = true;
    for (unsigned k = 0; k < RV64_NLINES; k++)
        if (!seen[k])
            FAIL("%s is not in rv64_disas.def", rv64_line[k].name);
}

/* A compressed form is the full form: same id, same arguments (unprivileged ISA, chapter C, "expands to"). */
TEST(compressed_forms_are_full_forms)
{
    static const struct {
        uint32_t word;
        uint16_t id;
        uint8_t rd, rs1, rs2;
        int32_t imm;
    } want[] = {
        {0x7179, RV64_addi, 2, 2, 0, -48},   /* c.addi16sp sp,-48 */
        {0x1028, RV64_addi, 10, 2, 0, 40},   /* c.addi4spn a0,sp,40 */
        {0x852e, RV64_addi, 10, 11, 0, 0},   /* c.mv a0,a1 */
        {0x55fd, RV64_addi, 11, 0, 0, -1},   /* c.li a1,-1 */
        {0x75fd, RV64_lui, 11, 0, 0, -4096}, /* c.lui a1,0xfffff */
        {0x8082, RV64_jalr, 0, 1, 0, 0},     /* ret */
        {0x9782, RV64_jalr, 1, 15, 0, 0},    /* c.jalr a5 */
        {0xbfc5, RV64_jal, 0, 0, 0, -16},    /* c.j .-16 */
        {0xf7e5, RV64_bne, 0, 15, 0, -24},   /* c.bnez a5,.-24 */
        {0x70a2, RV64_ld, 1, 2, 0, 40},      /* c.ldsp ra,40(sp) */
        {0xf406, RV64_sd, 0, 2, 1, 40},      /* c.sdsp ra,40(sp) */
        {0x4d5c, RV64_lw, 15, 10, 0, 28},    /* c.lw a5,28(a0) */
        {0x97ba, RV64_add, 15, 15, 14, 0},   /* c.add a5,a4 */
        {0x9002, RV64_ebreak, 0, 0, 0, 0},   /* c.ebreak */
        {0x17fe, RV64_slli, 15, 15, 0, 63},  /* c.slli a5,63 */
        {0x37fd, RV64_addiw, 15, 15, 0, -1}, /* c.addiw a5,-1 */
    };

    for (unsigned n = 0; n < ARRAY_LEN(want); n++) {
        struct rv64_insn i = decode(want[n].word);

        CHECK_EQ(i.id, want[n].id);
        CHECK_EQ(i.rd, want[n].rd);
        CHECK_EQ(i.rs1, want[n].rs1);
        CHECK_EQ(i.rs2, want[n].rs2);
        CHECK_EQ(i.imm, want[n].imm);
    }
}

TEST(reserved_words_are_illegal)
{
    static const uint32_t words[] = {0, 0x0004 /* c.addi4spn 0 */, 0x2001 /* c.addiw x0 */, 0x6081 /* c.lui ra,0 */,
        0x6101 /* c.addi16sp 0 */, 0x4002 /* c.lwsp x0 */, 0x6002 /* c.ldsp x0 */, 0x8002 /* c.jr x0 */, 0x8000,
        0xffffffff, 0x0000000f ^ 0x7000, 0x02000033 ^ 0x80000000, 0x1000202f | 1 << 20 /* lr.w with rs2 */,
        0x00200073 /* uret */, 0x30200073 /* mret */, 0x10500073 /* wfi */, 0x0000200f /* cbo.inval */,
        0x04001013 /* slli with shamt 64 */, 0x0200101b /* slliw with shamt 32 */};

    for (unsigned n = 0; n < ARRAY_LEN(words); n++)
        if (decode(words[n]).id != RV64_ILLEGAL)
            FAIL("%#x is %s", words[n], rv64_line[decode(words[n]).line].name);
}

/* What the decode file implements is told to the guest. */
TEST(extensions_are_told)
{
    const char *isa = rv64_isa_string();

    CHECK_STR(isa,
        "rv64imafdc_zicboz_zicntr_zicond_zicsr_zifencei_zihintntl_zihintpause_zaamo_zalrsc_zawrs_zfa_zfhmin_zca_"
        "zcd_zba_zbb_zbc_zbs");
    for (unsigned n = 0; n < RV64_NLINES; n++) {
        char name[32] = "_";

        if (!rv64_line[n].ext[1]) {
            CHECK(rv64_hwcap() >> (rv64_line[n].ext[0] - 'A') & 1);
            continue;
        }
        strncat(name, rv64_line[n].ext, sizeof(name) - 2);
        name[1] = 'z';
        CHECK(strstr(isa, name));
    }
    CHECK_EQ(rv64_hwcap(), (uint64_t)0x112d);
    CHECK_EQ(rv64_hwprobe_ima_ext0() & 0x7b, (uint64_t)0x7b); /* FD C Zba Zbb Zbs Zicboz, not V */
    CHECK_EQ(rv64_hwprobe_ima_ext0() >> 2 & 1, (uint64_t)0);
}

TEST(registers_by_number)
{
    struct rv64_state s;

    rv64_cpu_ops.reset(&s.cpu);
    CHECK_EQ(s.resv_addr, ~(uint64_t)0);
    CHECK_EQ(rv64_cpu_ops.nregs, 68u);
    for (unsigned n = 0; n < 65; n++)
        rv64_cpu_ops.reg_set(&s.cpu, n, 0x1000 + n * 2);
    for (unsigned n = 1; n < 65; n++)
        CHECK_EQ(rv64_cpu_ops.reg_get(&s.cpu, n), (uint64_t)0x1000 + n * 2);
    CHECK_EQ(rv64_cpu_ops.reg_get(&s.cpu, 0), (uint64_t)0);
    CHECK_EQ(s.cpu.pc, (uint64_t)0x1000 + 64);
    CHECK_STR(rv64_cpu_ops.regs[32].name, "pc");
    CHECK_STR(rv64_cpu_ops.regs[43].name, "fa0");
    rv64_cpu_ops.reg_set(&s.cpu, 67, 0xff);
    CHECK_EQ(rv64_cpu_ops.reg_get(&s.cpu, 65), (uint64_t)31);
    CHECK_EQ(rv64_cpu_ops.reg_get(&s.cpu, 66), (uint64_t)7);
    CHECK_EQ(rv64_fcsr_get(&s), 0xffu);
    CHECK_EQ(rv64_cpu_ops.unit_mode(&s.cpu), (uint32_t)IR_MODE_BAD_RM);
    rv64_cpu_ops.reg_set(&s.cpu, 66, 4);
    CHECK_EQ(rv64_cpu_ops.unit_mode(&s.cpu), (uint32_t)IR_MODE_SOFT_RM);
    rv64_cpu_ops.reg_set(&s.cpu, 66, 3);
    CHECK_EQ(rv64_cpu_ops.unit_mode(&s.cpu), 0u);
}

TEST(fcvtmod)
{
    static const struct {
        double in;
        int64_t out;
        int flags;
    } want[] = {{0, 0, 0}, {-0.0, 0, 0}, {1, 1, 0}, {-1, -1, 0}, {0.5, 0, FE_INEXACT}, {-0.999, 0, FE_INEXACT},
        {1.5, 1, FE_INEXACT}, {-2.75, -2, FE_INEXACT}, {5e-324, 0, FE_INEXACT}, {2147483647.0, 2147483647, 0},
        {2147483647.5, 2147483647, FE_INEXACT}, {2147483648.0, INT32_MIN, FE_INVALID}, {-2147483648.0, INT32_MIN, 0},
        {-2147483648.5, INT32_MIN, FE_INEXACT}, {-2147483649.0, 2147483647, FE_INVALID}, {4294967296.0, 0, FE_INVALID},
        {4294967297.5, 1, FE_INVALID}, {-4294967297.0, -1, FE_INVALID}, {0x1.0000000000001p52, 1, FE_INVALID},
        {0x1.0000000000001p83, INT32_MIN, FE_INVALID}, {0x1p84, 0, FE_INVALID}, {1e300, 0, FE_INVALID},
        {__builtin_inf(), 0, FE_INVALID}, {-__builtin_inf(), 0, FE_INVALID}, {__builtin_nan(""), 0, FE_INVALID}};

    for (unsigned n = 0; n < ARRAY_LEN(want); n++) {
        uint64_t bits, got;

        memcpy(&bits, &want[n].in, 8);
        feclearexcept(FE_ALL_EXCEPT);
        got = rv64_ir_guest.helper[HELPER_FCVTMOD].fn(NULL, bits, 0, 0);
        CHECK_EQ(fetestexcept(FE_ALL_EXCEPT), want[n].flags);
        CHECK_EQ((int64_t)got, want[n].out);
    }
}

TEST(counters_count)
{
    uint64_t c0 = rv64_ir_guest.helper[HELPER_CYCLE].fn(NULL, 0, 0, 0),
             c1; /* before t0: a pause in between only adds */
    uint64_t t0 = rv64_ir_guest.helper[HELPER_TIME].fn(NULL, 0, 0, 0), t1;

    do
        t1 = rv64_ir_guest.helper[HELPER_TIME].fn(NULL, 0, 0, 0);
    while (t1 < t0 + 1000);
    c1 = rv64_ir_guest.helper[HELPER_CYCLE].fn(NULL, 0, 0, 0);
    CHECK(c1 - c0 >= 99000 && c1 - c0 < 20000000000); /* 100 us at least, in nanoseconds */
}
