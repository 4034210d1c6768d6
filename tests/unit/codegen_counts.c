/* How many host instructions short pieces of RISC-V become, at fixed host levels, so that a change of code quality shows in
 * review. `./check --update-golden` rewrites the file. Bytes of the straight path and its cold code together are given too.
 */
#include "base/base.h"
#include "codegen/codegen.h"
#include "cpu/cpu.h"
#include "harness.h"
#include "ir/ir.h"

struct snippet {
    const char *name;
    uint32_t code[8];
};

static const struct snippet snippets[] = {
    {"sum loop: ld addi add bne", {0x0007b703, 0x00878793, 0x00e50533, 0xfed79ae3}},
    {"words: addw subw slliw sraiw or", {0x00b5053b, 0x40d5063b, 0x0036171b, 0x4017579b, 0x00f76533}},
    {"byte copy loop: lbu addi addi sb bne", {0x0005c683, 0x00158593, 0x00150513, 0xfed50fa3, 0xfec598e3}},
    {"compare: slt sltu seqz beqz", {0x00b527b3, 0x00c5b733, 0x00173693, 0xfe078ae3}},
    {"daxpy loop: fld fld fmadd.d fsd addi addi bne",
        {0x00053707, 0x0005b787, 0x7aa777c3, 0x00f5b027, 0x00850513, 0x00858593, 0xfec514e3}},
    {"float dot loop: flw flw fmul.s fadd.s addi addi bne",
        {0x00052707, 0x0005a787, 0x10f777d3, 0x00f57553, 0x00450513, 0x00458593, 0xfec514e3}},
    {"mul mulhu divu remw", {0x02b50533, 0x02b53633, 0x02c556b3, 0x02c5673b}},
    {"ret", {0x00008067}},
};

static unsigned fetch(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault)
{
    const struct snippet *s = ctx;
    uint64_t at = pc - 0x10000;

    *fault = CPU_FAULT_UNMAPPED;
    if (at >= sizeof(s->code))
        return 0;
    len = (unsigned)MIN(len, sizeof(s->code) - at);
    memcpy(buf, (const uint8_t *)s->code + at, len);
    return len;
}

static void count(struct strbuf *out, const char *level, const struct cg_host *host)
{
    struct err err = ERR_INIT;
    struct cg_space *space = cg_space_new(rv64_cpu_ops.ir, host, 1 << 20, &err);
    struct ir_builder *b = ir_builder_new(rv64_cpu_ops.ir);

    CHECK(space);
    for (unsigned i = 0; i < ARRAY_LEN(snippets); i++) {
        struct snippet s = snippets[i];
        struct cpu_translate_request req = {.pc = 0x10000, .fetch = fetch, .fetch_ctx = &s};
        struct cg_unit *u;

        while (req.max_insns < ARRAY_LEN(s.code) && s.code[req.max_insns])
            req.max_insns++;
        ir_begin(b, req.pc, 0);
        rv64_cpu_ops.translate(b, &req);
        u = cg_compile_quick(space, ir_end(b), &err);
        CHECK(u);
        CHECK_EQ(u->guest_insns, req.max_insns);
        strbuf_addf(out, "%-6s %3u host for %u guest, %3u bytes: %s\n", level, u->host_insns, u->guest_insns,
            u->code_size, s.name);
    }
    ir_builder_free(b);
    cg_space_free(space);
}

TEST(host_instructions)
{
    struct cg_host sse2 = {0};
    struct cg_host avx2 = {.sse41 = true,
        .popcnt = true,
        .lzcnt = true,
        .bmi1 = true,
        .bmi2 = true,
        .avx = true,
        .avx2 = true,
        .fma = true,
        .f16c = true,
        .pclmul = true};
    struct strbuf out = {0};

    count(&out, "sse2", &sse2);
    count(&out, "avx2", &avx2);
    CHECK_GOLDEN("tests/golden/codegen_counts.txt", strbuf_text(&out));
    strbuf_fini(&out);
}
