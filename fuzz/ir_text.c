/* IR text from anywhere: a unit that parses is verified, so it must print and parse back, fold into a unit that verifies, and
 * that one too. With no loop in it, it is run as well, on a memory that refuses every access.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/str.h"
#include "fuzz.h"
#include "ir/ir.h"
#include "../tests/unit/ir_guest.h"

static int no_access(void *ctx, uint64_t addr, void *buf, unsigned size)
{
    return -1;
}

static int no_store(void *ctx, uint64_t addr, const void *buf, unsigned size)
{
    return -1;
}

static int no_rmw(void *ctx, uint64_t addr, unsigned size, enum ir_rmw op, uint64_t *io)
{
    return -1;
}

static int no_cas(void *ctx, uint64_t addr, unsigned size, uint64_t *io, uint64_t desired)
{
    return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ir_interp_mem mem = {NULL, no_access, no_store, no_rmw, no_cas};
    struct ir_builder *b = ir_builder_new(&ir_test_guest), *again = ir_builder_new(&ir_test_guest);
    struct ir_unit *u, *copy;

    if (ir_parse(b, (const char *)data, size, &u, NULL) == 0) {
        struct ir_test_state state = {0};
        struct ir_interp_result out;
        struct strbuf text = {0};
        uint8_t flags = 0, rm = 0;

        ir_print(u, &text);
        if (ir_parse(again, text.data, text.len, &copy, NULL) < 0 || ir_verify(ir_rebuild(again, u), NULL) < 0)
            abort();
        if (u->nblocks == 1)
            ir_interp_run(u, 0, &state, &flags, &rm, &mem, &out);
        strbuf_fini(&text);
    }
    ir_builder_free(b);
    ir_builder_free(again);
    return 0;
}
