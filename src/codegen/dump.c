/* What LODGE_DUMP=ir,code prints of a unit. Host bytes are in hex, 16 a line, at their addresses; to read them:
 *      xxd -r -p | objdump -D -b binary -m i386:x86-64 /dev/stdin
 */
#include "codegen/codegen.h"

#include "base/str.h"

void cg_dump(const struct cg_unit *u, const struct ir_unit *ir, struct strbuf *out)
{
    const uint8_t *code = u->entry;

    strbuf_addf(out, "unit 0x%llx: %u guest instructions, %u IR, %u bytes\n", (unsigned long long)u->base,
        u->guest_insns, u->ir_insns, u->code_size);
    if (ir)
        ir_print(ir, out);
    for (uint32_t i = 0; i < u->code_size; i++)
        strbuf_addf(out, "%s%02x%s", i % 16 ? " " : "", code[i], i % 16 == 15 || i + 1 == u->code_size ? "\n" : "");
    for (uint32_t i = 0; i < u->nmaps; i++)
        strbuf_addf(out, "map +0x%x..+0x%x: 0x%llx\n", u->map[i].host, u->map[i].host + u->map[i].host_len,
            (unsigned long long)(u->base + (uint64_t)(int64_t)u->map[i].pc));
}
