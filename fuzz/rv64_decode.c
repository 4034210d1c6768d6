/* Hostile guest code: the input is code at the end of a page that is followed by nothing. The last byte also chooses how it is
 * translated. Each of its instructions is disassembled too, and encoded back. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/str.h"
#include "cpu/rv64/rv64_int.h"
#include "fuzz.h"

struct code {
    const uint8_t *bytes;
    size_t len;
};

static unsigned fetch(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault)
{
    const struct code *code = ctx;
    uint64_t at = pc - 0x10000;

    *fault = CPU_FAULT_UNMAPPED;
    if (at >= code->len)
        return 0;
    len = MIN(len, (unsigned)(code->len - at));
    return memcpy(buf, code->bytes + at, len), len;
}

static void disassemble(const struct code *code)
{
    struct strbuf text = {0};
    unsigned len;

    for (size_t at = 0; (len = rv64_disassemble(at, code->bytes + at, (unsigned)(code->len - at), &text)); at += len) {
        struct rv64_insn insn;
        uint32_t word = 0;
        memcpy(&word, code->bytes + at, len);
        if ((len == 2 ? rv64_decode16 : rv64_decode32)(word, &insn) && rv64_encode(insn.line, &insn) != word)
            abort();
    }
    strbuf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct code code = {data, size};
    unsigned how = size ? data[size - 1] : 0;
    struct cpu_translate_request req = {0x10000, how & 3, how & 8 ? 1 : 100, how & 4, fetch, &code, NULL};
    struct err err = ERR_INIT;
    struct ir_builder *b = ir_builder_new(&rv64_ir_guest);

    ir_begin(b, req.pc, req.mode);
    rv64_translate(b, &req);
    if (ir_verify(ir_end(b), &err))
        abort();
    ir_builder_free(b);
    disassemble(&code);
    return 0;
}
