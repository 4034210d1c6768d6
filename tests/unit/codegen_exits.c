/* What stands between units: links, the jump cache, inline caches, the shadow return stack, kicks, faults in helpers, forks,
 * full code spaces.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "codegen/codegen.h"
#include "harness.h"
#include "ir/ir.h"

struct test_state {
    uint64_t pc;
    uint8_t fp_flags, fp_rm;
    uint64_t x[4];
};

static uint64_t store_at(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    (void)state;
    *(volatile uint64_t *)(uintptr_t)a = b + c;
    return 0;
}

#define SLOT(i)                                                                                                        \
    {                                                                                                                  \
        "x" #i, offsetof(struct test_state, x[i]), IR_I64                                                              \
    }
static const struct ir_slot slots[] = {SLOT(0), SLOT(1), SLOT(2), SLOT(3)};
static const uint16_t hot_int[] = {0, 1, 0xffff}, hot_float[] = {0xffff};
static const struct ir_helper helpers[] = {{"store_at", store_at, IR_STORE}};
static const struct ir_guest guest = {.name = "test",
    .slot = slots,
    .nslots = 4,
    .hot_int = hot_int,
    .hot_float = hot_float,
    .helper = helpers,
    .nhelpers = 1};

static struct {
    struct cg_runtime rt;
    struct test_state state;
} run __attribute__((aligned(64)));
enum { JUMP_CACHE_BITS = 12 };
static _Atomic(struct cg_unit *) jump_cache[1 << JUMP_CACHE_BITS];
static struct cg_space *space;
static struct ir_builder *b;

static void set_up(void)
{
    struct err err = ERR_INIT;
    struct cg_host host;

    cg_host_detect(&host);
    space = cg_space_new(&guest, &host, 1 << 20, &err);
    CHECK(space);
    b = ir_builder_new(&guest);
    for (unsigned i = 0; i < ARRAY_LEN(jump_cache); i++)
        jump_cache[i] = &cg_no_unit;
    cg_runtime_init(&run.rt, space, jump_cache, JUMP_CACHE_BITS);
}

static struct cg_unit *compile(void)
{
    struct err err = ERR_INIT;
    struct cg_unit *u = cg_compile_quick(space, ir_end(b), &err);

    if (!u)
        FAIL("%s", err.text);
    return u;
}

static void add(unsigned slot, uint64_t n)
{
    ir_put(b, slot, ir_op2(b, IR_add, IR_I64, ir_get(b, slot), ir_const(b, IR_I64, n)));
}

/* x0 += n, then to `to`. */
static struct cg_unit *adder(uint64_t pc, uint64_t n, uint64_t to)
{
    ir_begin(b, pc, 0);
    ir_mark(b, pc, 4);
    add(0, n);
    ir_jump(b, to);
    return compile();
}

TEST(links)
{
    struct cg_unit *a, *c;

    set_up();
    a = adder(0x1000, 1, 0x2000);
    c = adder(0x2000, 10, 0x3000);
    CHECK_EQ(a->nlinks, 1u);
    cg_enter(&run.rt, a->entry);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_LINK);
    CHECK_EQ(run.rt.link, a->link);
    CHECK_EQ(run.rt.pc, 0x2000ull);
    a->link->target = c->entry;
    cg_enter(&run.rt, a->entry);
    CHECK_EQ(run.rt.pc, 0x3000ull);
    CHECK_EQ(run.state.x[0], 12ull);
    a->link->target = a->link->unresolved;
    cg_enter(&run.rt, a->entry);
    CHECK_EQ(run.rt.pc, 0x2000ull);
}

static struct cg_unit *jumper(uint64_t pc, enum ir_ind kind, bool hint)
{
    ir_begin(b, pc, 0);
    ir_mark(b, pc, 4);
    if (hint)
        ir_call_hint(b, pc + 4);
    ir_jump_ind(b, kind, ir_get(b, 1));
    return compile();
}

TEST(jump_cache)
{
    struct cg_unit *j, *c;

    set_up();
    j = jumper(0x1000, IR_IND_JUMP, false);
    c = adder(0x2000, 10, 0x3000);
    run.state.x[1] = 0x2000;
    cg_enter(&run.rt, j->entry);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_LOOKUP);
    CHECK_EQ(run.rt.pc, 0x2000ull);
    CHECK(!run.rt.ic);
    jump_cache[cg_jump_hash(0x2000, JUMP_CACHE_BITS)] = c;
    cg_enter(&run.rt, j->entry);
    CHECK_EQ(run.rt.pc, 0x3000ull);
    run.state.x[1] = 0x2000 + (2 << JUMP_CACHE_BITS); /* the same place in the cache */
    cg_enter(&run.rt, j->entry);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_LOOKUP);
    run.state.x[1] = 0x2000;
    c->pc = CG_DEAD_PC; /* dead for all look-ups at once */
    cg_enter(&run.rt, j->entry);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_LOOKUP);
}

TEST(inline_cache)
{
    struct cg_unit *j, *c;

    set_up();
    j = jumper(0x1000, IR_IND_CALL, true);
    c = adder(0x2000, 10, 0x3000);
    run.state.x[1] = 0x2000;
    cg_enter(&run.rt, j->entry);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_LOOKUP);
    CHECK(run.rt.ic);
    *run.rt.ic = c;
    cg_enter(&run.rt, j->entry);
    CHECK_EQ(run.rt.pc, 0x3000ull);
    run.state.x[1] = 0x4000;
    cg_enter(&run.rt, j->entry);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_LOOKUP);
    CHECK_EQ(run.rt.pc, 0x4000ull);
}

/* 40 calls deep, more than the stack has room for: the newest 32 returns are predicted. */
TEST(return_stack)
{
    struct cg_unit *call[40], *ret, *after;
    unsigned hits = 0;

    set_up();
    ret = jumper(0x9000, IR_IND_RET, false);
    after = adder(0x8000, 1, 0x8004);
    for (unsigned i = 0; i < 40; i++) {
        ir_begin(b, 0x1000 + 16 * i, 0);
        ir_mark(b, 0x1000 + 16 * i, 4);
        ir_call_hint(b, 0x1004 + 16 * i);
        ir_jump(b, 0x9000);
        call[i] = compile();
        cg_enter(&run.rt, call[i]->entry);
        CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_LINK);
        for (unsigned k = 0; k < call[i]->nlinks; k++)
            if (call[i]->link[k].pc == 0x1004 + 16 * i)
                call[i]->link[k].target = after->entry;
    }
    for (unsigned i = 40; i-- > 0;) {
        run.state.x[1] = 0x1004 + 16 * i;
        cg_enter(&run.rt, ret->entry);
        hits += run.rt.leave == CG_LEAVE_LINK && run.rt.pc == 0x8004;
        if (run.rt.leave == CG_LEAVE_LOOKUP)
            CHECK_EQ(run.rt.pc, 0x1004 + 16ull * i);
    }
    CHECK_EQ(hits, 32u);
    CHECK_EQ(run.state.x[0], 32ull);
}

static void *kicker(void *arg)
{
    (void)arg;
    usleep(20000);
    run.rt.kick = 1;
    return NULL;
}

TEST(kick_ends_a_loop)
{
    struct cg_unit *loop;
    pthread_t other;

    set_up();
    loop = adder(0x1000, 1, 0x1000);
    CHECK_EQ(pthread_create(&other, NULL, kicker, NULL), 0);
    cg_enter(&run.rt, loop->entry);
    pthread_join(other, NULL);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_KICK);
    CHECK_EQ(run.rt.pc, 0x1000ull);
    CHECK(run.state.x[0] > 1000);
}

static bool recovered;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    (void)info;
    recovered = cg_recover(&run.rt, uc);
    if (!recovered)
        signal(sig, SIG_DFL);
}

TEST(fault_in_helper)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    struct cg_unit *u;

    set_up();
    sigaction(SIGSEGV, &sa, NULL);
    ir_begin(b, 0x1000, 0);
    ir_mark(b, 0x1000, 4);
    add(0, 5);
    add(3, 7);
    ir_mark(b, 0x1004, 4);
    ir_call(b, IR_VOID, 0, ir_get(b, 1), ir_get(b, 0), ir_get(b, 3));
    ir_put(b, 0, ir_const(b, IR_I64, 99));
    ir_jump(b, 0x1008);
    u = compile();
    run.state.x[1] = 8;
    cg_enter(&run.rt, u->entry);
    CHECK(recovered);
    CHECK_EQ(run.rt.leave, (uint32_t)CG_LEAVE_FAULT);
    CHECK_EQ(run.rt.pc, 0x1004ull);
    CHECK_EQ(run.state.x[0], 5ull);
    CHECK_EQ(run.state.x[3], 7ull);
    run.state.x[1] = (uint64_t)(uintptr_t)&run.state.x[2];
    cg_enter(&run.rt, u->entry);
    CHECK_EQ(run.state.x[2], 10ull + 14);
    CHECK_EQ(run.state.x[0], 99ull);
    CHECK_EQ(run.rt.scratch[1], 0ull);
}

TEST(unit_by_address)
{
    struct cg_unit *u[50];

    set_up();
    for (unsigned i = 0; i < 50; i++)
        u[i] = adder(0x1000 + 16 * i, i, 0x5000);
    for (unsigned i = 0; i < 50; i++) {
        uint64_t at = (uint64_t)(uintptr_t)u[i]->entry;
        CHECK(cg_unit_at(space, at) == u[i]);
        CHECK(cg_unit_at(space, at + u[i]->code_size - 1) == u[i]);
    }
    CHECK(!cg_unit_at(space, (uint64_t)(uintptr_t)u[0]->entry - 1)); /* a stub */
    CHECK(cg_space_contains(space, (uint64_t)(uintptr_t)u[0]->entry - 1));
    CHECK(!cg_unit_at(space, (uint64_t)(uintptr_t)&run));
}

/* The child runs what it inherited, links it differently, and compiles into memory of its own. */
TEST(fork_shares_code)
{
    struct cg_unit *a, *c;
    int status;

    set_up();
    a = adder(0x1000, 1, 0x2000);
    if (fork() == 0) {
        cg_space_after_fork(space);
        c = adder(0x2000, 100, 0x3000);
        a->link->target = c->entry;
        cg_enter(&run.rt, a->entry);
        _exit(run.rt.pc == 0x3000 && run.state.x[0] == 101 && cg_unit_at(space, (uint64_t)(uintptr_t)a->entry) == a &&
                    cg_unit_at(space, (uint64_t)(uintptr_t)c->entry) == c
                ? 0
                : 1);
    }
    CHECK(wait(&status) > 0);
    CHECK_EQ(status, 0);
    cg_enter(&run.rt, a->entry);
    CHECK_EQ(run.rt.pc, 0x2000ull);
    CHECK_EQ(run.state.x[0], 1ull);
}

TEST(full_space)
{
    struct err err = ERR_INIT;
    unsigned n = 0;

    set_up();
    for (;; n++) {
        ir_begin(b, 0x1000 + 4 * n, 0);
        ir_mark(b, 0x1000 + 4 * n, 4);
        add(n & 3, 1);
        ir_jump(b, 0x100);
        if (!cg_compile_quick(space, ir_end(b), &err))
            break;
        CHECK(n < 1000000);
    }
    CHECK_EQ(err.code, -ENOSPC);
    CHECK(n > 1000);
    CHECK(cg_space_used(space) <= 1 << 20);
}
