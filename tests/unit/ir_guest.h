/* A small guest for tests of IR: slots of several types in struct ir_test_state, helpers of every effect. */
#ifndef LODGE_TESTS_IR_GUEST_H
#define LODGE_TESTS_IR_GUEST_H

#include <stddef.h>

#include "base/bits.h"
#include "ir/ir.h"

struct ir_test_state {
    uint64_t a[4];
    uint64_t fa[4];
    uint32_t fs[2];
    uint32_t w[2];
};

static inline uint64_t ir_test_sum(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    return a + b + c;
}

static inline uint64_t ir_test_poke_state(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    return ((struct ir_test_state *)state)->a[0] += a;
}

static const struct ir_slot ir_test_slots[] = {
    {"a0", offsetof(struct ir_test_state, a[0]), IR_I64},
    {"a1", offsetof(struct ir_test_state, a[1]), IR_I64},
    {"a2", offsetof(struct ir_test_state, a[2]), IR_I64},
    {"a3", offsetof(struct ir_test_state, a[3]), IR_I64},
    {"fa0", offsetof(struct ir_test_state, fa[0]), IR_F64},
    {"fa1", offsetof(struct ir_test_state, fa[1]), IR_F64},
    {"fs0", offsetof(struct ir_test_state, fs[0]), IR_F32},
    {"fs1", offsetof(struct ir_test_state, fs[1]), IR_F32},
    {"w0", offsetof(struct ir_test_state, w[0]), IR_I32},
    {"w1", offsetof(struct ir_test_state, w[1]), IR_I32},
};
static const struct ir_helper ir_test_helpers[] = {
    {"sum", ir_test_sum, IR_PURE},
    {"poke_state", ir_test_poke_state, IR_STATE},
    {"poke_memory", ir_test_sum, IR_STORE},
};
static const struct ir_guest ir_test_guest = {
    .name = "test",
    .slot = ir_test_slots,
    .nslots = ARRAY_LEN(ir_test_slots),
    .helper = ir_test_helpers,
    .nhelpers = ARRAY_LEN(ir_test_helpers),
    .canonical_nan = true,
};

#endif
