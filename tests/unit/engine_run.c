/* The engines on small guest programs written as instruction words: what ends a run and with which state. Every test runs in
 * the translating engine, in lockstep with the interpreter, and in the interpreter alone.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/str.h"
#include "cpu/cpu.h"
#include "cpu/rv64/rv64.h"
#include "harness.h"
#include "mem/mem.h"

#define CODE 0x100000u
#define DATA 0x200000u

/* ---- a few encodings ---- */
enum { ECALL = 0x73, EBREAK = 0x100073, NOP = 0x13, RET = 0x8067 };
#define ADDI(rd, rs, imm) (0x13u | (uint32_t)(rd) << 7 | (uint32_t)(rs) << 15 | ((uint32_t)(imm)&0xfff) << 20)
#define ADD(rd, a, b) (0x33u | (uint32_t)(rd) << 7 | (uint32_t)(a) << 15 | (uint32_t)(b) << 20)
#define LD(rd, rs, imm) (0x3003u | (uint32_t)(rd) << 7 | (uint32_t)(rs) << 15 | ((uint32_t)(imm)&0xfff) << 20)
#define SD(src, base, imm)                                                                                             \
    (0x3023u | ((uint32_t)(imm)&31) << 7 | (uint32_t)(base) << 15 | (uint32_t)(src) << 20 |                            \
        ((uint32_t)(imm) >> 5 & 127) << 25)
#define SW(src, base, imm) (SD(src, base, imm) ^ 0x1000u)
#define LUI(rd, imm20) (0x37u | (uint32_t)(rd) << 7 | (uint32_t)(imm20) << 12)
#define JALR(rd, rs, imm) (0x67u | (uint32_t)(rd) << 7 | (uint32_t)(rs) << 15 | ((uint32_t)(imm)&0xfff) << 20)
static uint32_t branch(unsigned funct3, unsigned a, unsigned b, int offset)
{
    uint32_t o = (uint32_t)offset;

    return 0x63u | (o >> 11 & 1) << 7 | (o >> 1 & 15) << 8 | funct3 << 12 | a << 15 | b << 20 | (o >> 5 & 63) << 25 |
        (o >> 12 & 1) << 31;
}
static uint32_t jal(unsigned rd, int offset)
{
    uint32_t o = (uint32_t)offset;

    return 0x6fu | rd << 7 | (o >> 12 & 255) << 12 | (o >> 11 & 1) << 20 | (o >> 1 & 1023) << 21 | (o >> 20 & 1) << 31;
}

/* ---- the guest ---- */
struct guest {
    struct mem_space *mem;
    const struct cpu_engine_ops *ops;
    struct cpu_engine *engine;
    struct cpu_thread *thread;
    struct rv64_state *state;
};
static struct guest *running; /* what the signal handler must reach */

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    greg_t *rip = &((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP];
    uint64_t fixup = mem_fault_fixup((uint64_t)*rip);

    if (fixup && !mem_write_fault(running->mem, (uint64_t)info->si_addr))
        *rip = (greg_t)fixup;
    else if (!fixup && running->ops->host_fault(running->thread, sig, info, uc) != CPU_FAULT_RESUME)
        _exit(99);
}

static size_t code_bytes; /* of the engine's code spaces; 0: its default */

static void guest_begin(struct guest *g, const char *tier, const uint32_t *code, size_t size)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct err err = {0};
    struct cpu_engine_config config = {.cpu = &rv64_cpu_ops, .tier = tier, .code_bytes = code_bytes};
    static char stack[65536];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

    memset(g, 0, sizeof(*g));
    running = g;
    sigaltstack(&ss, NULL);
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
    g->mem = config.mem = mem_space_new(1ull << 38, NULL, NULL, &err);
    CHECK(g->mem != NULL);
    CHECK_EQ(mem_map(g->mem, CODE, 0x20000, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
        (int64_t)CODE);
    CHECK_EQ(
        mem_map(g->mem, DATA, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
        (int64_t)DATA);
    CHECK_EQ(mem_write(g->mem, CODE, code, size), 0);
    g->ops = strcmp(tier, "interp") ? &jit_engine_ops : &interp_engine_ops;
    g->engine = g->ops->create(&config, &err);
    CHECK(g->engine != NULL);
    g->thread = g->ops->thread_new(g->engine, NULL);
    g->state = (struct rv64_state *)g->ops->thread_state(g->thread);
    g->state->cpu.pc = CODE;
}

static void guest_end(struct guest *g)
{
    g->ops->thread_free(g->thread);
    g->ops->destroy(g->engine);
    mem_space_free(g->mem);
}

#define EVERY_TIER(name)                                                                                               \
    static void name(const char *tier);                                                                                \
    TEST(name##_quick)                                                                                                 \
    {                                                                                                                  \
        name("quick");                                                                                                 \
    }                                                                                                                  \
    TEST(name##_lockstep)                                                                                              \
    {                                                                                                                  \
        name("lockstep");                                                                                              \
    }                                                                                                                  \
    TEST(name##_interp)                                                                                                \
    {                                                                                                                  \
        name("interp");                                                                                                \
    }                                                                                                                  \
    static void name(const char *tier)

EVERY_TIER(a_loop_runs_to_its_system_call)
{
    const uint32_t code[] = {
        ADDI(10, 0, 0), ADDI(11, 0, 1000), ADD(10, 10, 11), ADDI(11, 11, -1), branch(1, 11, 0, -8), ECALL};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_SYSCALL);
    CHECK_EQ(g.state->x[10], (uint64_t)500500);
    CHECK_EQ(g.state->cpu.pc, (uint64_t)CODE + sizeof(code));
    guest_end(&g);
}

EVERY_TIER(a_fault_is_precise)
{
    /* a1 is changed before the load, a2 after it; a3 is loaded from where nothing is. */
    const uint32_t code[] = {LUI(10, 0x300), ADDI(11, 0, 7), LD(13, 10, 24), ADDI(12, 0, 9), ECALL};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.state->x[13] = 55;
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_FAULT);
    CHECK_EQ(e.fault, CPU_FAULT_UNMAPPED);
    CHECK_EQ(e.access, CPU_READ);
    CHECK_EQ(e.addr, (uint64_t)0x300018);
    CHECK_EQ(g.state->cpu.pc, (uint64_t)CODE + 8);
    CHECK_EQ(g.state->x[10], (uint64_t)0x300000);
    CHECK_EQ(g.state->x[11], (uint64_t)7);
    CHECK_EQ(g.state->x[12], (uint64_t)0);
    CHECK_EQ(g.state->x[13], (uint64_t)55);
    /* mended, it goes on */
    CHECK(mem_map(g.mem, 0x300000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) > 0);
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_SYSCALL);
    CHECK_EQ(g.state->x[12], (uint64_t)9);
    CHECK_EQ(g.state->x[13], (uint64_t)0);
    guest_end(&g);
}

EVERY_TIER(a_non_canonical_address_is_known)
{
    const uint32_t code[] = {LD(13, 10, 8), ECALL};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.state->x[10] = 0xdead000000000000;
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_FAULT);
    CHECK_EQ(e.addr, (uint64_t)0xdead000000000008);
    CHECK_EQ(e.fault, CPU_FAULT_UNMAPPED);
    guest_end(&g);
}

EVERY_TIER(writing_to_read_only_memory_is_a_protection_fault)
{
    const uint32_t code[] = {SD(10, 10, 0), ECALL};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    CHECK_EQ(mem_protect(g.mem, DATA, 4096, PROT_READ), 0);
    g.state->x[10] = DATA;
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_FAULT);
    CHECK_EQ(e.fault, CPU_FAULT_PROTECTED);
    CHECK_EQ(e.access, CPU_WRITE);
    CHECK_EQ(e.addr, (uint64_t)DATA);
    guest_end(&g);
}

EVERY_TIER(jumping_into_data_is_a_fetch_fault)
{
    const uint32_t code[] = {JALR(1, 10, 0), ECALL};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.state->x[10] = DATA;
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_FAULT);
    CHECK_EQ(e.access, CPU_FETCH);
    CHECK_EQ(e.fault, CPU_FAULT_PROTECTED);
    CHECK_EQ(e.addr, (uint64_t)DATA);
    CHECK_EQ(g.state->cpu.pc, (uint64_t)DATA);
    CHECK_EQ(g.state->x[1], (uint64_t)CODE + 4);
    guest_end(&g);
}

EVERY_TIER(calls_return)
{
    /* for (a1 = 100; a1; a1--) f();   f: a0 += 3 */
    const uint32_t code[] = {
        ADDI(11, 0, 100), jal(1, 16), ADDI(11, 11, -1), branch(1, 11, 0, -8), ECALL, ADDI(10, 10, 3), RET};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_SYSCALL);
    CHECK_EQ(g.state->x[10], (uint64_t)300);
    guest_end(&g);
}

EVERY_TIER(code_that_rewrites_itself_is_seen)
{
    /* twice: call f, then store a new first instruction over f */
    const uint32_t code[] = {jal(1, 20), SW(12, 13, 0), jal(1, 12), ECALL, NOP, ADDI(10, 10, 1), RET};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.state->x[12] = ADDI(10, 10, 100);
    g.state->x[13] = CODE + 20;
    do /* whoever changes code is kicked: it may be in that code */
        g.ops->run(g.thread, &e);
    while (e.kind == CPU_KICKED);
    CHECK_EQ(e.kind, CPU_SYSCALL);
    CHECK_EQ(g.state->x[10], (uint64_t)101);
    guest_end(&g);
}

EVERY_TIER(code_that_is_unmapped_faults)
{
    const uint32_t code[] = {ECALL, jal(0, 0x2000 - 4)};
    const uint32_t ecall = ECALL;
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    CHECK_EQ(mem_write(g.mem, CODE + 0x2000, &ecall, 4), 0);
    for (int round = 0; round < 2; round++) {
        g.state->cpu.pc = CODE + 4;
        g.ops->run(g.thread, &e);
        CHECK_EQ(e.kind, round ? CPU_FAULT : CPU_SYSCALL);
        if (!round)
            CHECK_EQ(mem_unmap(g.mem, CODE + 0x2000, 4096), 0);
    }
    CHECK_EQ(e.addr, (uint64_t)CODE + 0x2000);
    CHECK_EQ(e.fault, CPU_FAULT_UNMAPPED);
    guest_end(&g);
}

EVERY_TIER(illegal_instructions_and_breakpoints)
{
    const uint32_t code[] = {ADDI(10, 0, 1), 0xffffffff, ADDI(10, 0, 2), EBREAK};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_ILLEGAL);
    CHECK_EQ(g.state->cpu.pc, (uint64_t)CODE + 4);
    CHECK_EQ(g.state->x[10], (uint64_t)1);
    g.state->cpu.pc = CODE + 8;
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_BREAKPOINT);
    CHECK_EQ(g.state->cpu.pc, (uint64_t)CODE + 12);
    guest_end(&g);
}

EVERY_TIER(a_debuggers_breakpoint_stops_before_its_instruction)
{
    const uint32_t code[] = {ADDI(10, 10, 1), ADDI(10, 10, 1), ADDI(10, 10, 1), branch(0, 0, 0, -12)};
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    g.ops->breakpoint(g.engine, CODE + 8, true);
    for (uint64_t round = 0; round < 3; round++) {
        g.ops->run(g.thread, &e);
        CHECK_EQ(e.kind, CPU_BREAKPOINT);
        CHECK_EQ(g.state->cpu.pc, (uint64_t)CODE + 8);
        CHECK_EQ(g.state->x[10], 3 * round + 2);
        g.ops->step(g.thread, &e);
        CHECK_EQ(e.kind, CPU_STEPPED);
        CHECK_EQ(g.state->cpu.pc, (uint64_t)CODE + 12);
    }
    guest_end(&g);
}

static void *kicker(void *arg)
{
    struct guest *g = arg;

    usleep(20000);
    g->ops->kick(g->thread);
    return NULL;
}

static void kick_loop(const char *tier, const uint32_t *code, size_t size)
{
    struct guest g;
    struct cpu_event e;
    pthread_t other;

    guest_begin(&g, tier, code, size);
    pthread_create(&other, NULL, kicker, &g);
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_KICKED);
    pthread_join(other, NULL);
    guest_end(&g);
}

TEST(a_kick_ends_an_endless_loop)
{
    const uint32_t code[] = {branch(0, 0, 0, 0)};

    kick_loop("quick", code, sizeof(code));
}

TEST(a_kick_ends_an_endless_loop_of_indirect_jumps)
{
    const uint32_t code[] = {LUI(10, CODE >> 12), JALR(0, 10, 0)};

    kick_loop("quick", code, sizeof(code));
}

TEST(a_kick_ends_endless_calls)
{
    const uint32_t code[] = {jal(1, 8), jal(0, -4), RET};

    kick_loop("quick", code, sizeof(code));
}

EVERY_TIER(code_that_appears_where_a_jump_failed_is_run)
{
    const uint32_t code[] = {jal(0, 0x2000)};
    const uint32_t ecall = ECALL;
    struct guest g;
    struct cpu_event e;

    guest_begin(&g, tier, code, sizeof(code));
    CHECK_EQ(mem_unmap(g.mem, CODE + 0x2000, 4096), 0);
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_FAULT);
    CHECK_EQ(g.state->cpu.pc, (uint64_t)CODE + 0x2000);
    CHECK_EQ(mem_map(g.mem, CODE + 0x2000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
        (int64_t)CODE + 0x2000);
    CHECK_EQ(mem_write(g.mem, CODE + 0x2000, &ecall, 4), 0);
    g.ops->run(g.thread, &e);
    CHECK_EQ(e.kind, CPU_SYSCALL);
    guest_end(&g);
}

static void *unmapper(void *arg)
{
    struct guest *g = arg;

    usleep(20000);
    mem_unmap(g->mem, CODE, 4096);
    return NULL;
}

TEST(a_loop_whose_code_goes_away_faults)
{
    const uint32_t code[] = {branch(0, 0, 0, 0)};
    struct guest g;
    struct cpu_event e;
    pthread_t other;

    guest_begin(&g, "quick", code, sizeof(code));
    pthread_create(&other, NULL, unmapper, &g);
    do
        g.ops->run(g.thread, &e);
    while (e.kind == CPU_KICKED);
    CHECK_EQ(e.kind, CPU_FAULT);
    CHECK_EQ(e.addr, (uint64_t)CODE);
    pthread_join(other, NULL);
    guest_end(&g);
}

/* ---- calls to many places ---- */

/* What a just-in-time compiler inside the guest does: it aligns its functions, so the low bits of their addresses are the
 * same. Calls of all of them in turn must not leave guest code for ever. */
TEST(calls_of_aligned_functions_stay_in_guest_code)
{
    enum { FUNCTIONS = 512, CALLS = 1000 * FUNCTIONS, FIRST = 64 };
    static uint32_t code[(FIRST + FUNCTIONS * 64) / 4];
    struct guest g;
    struct strbuf stats = {0};
    struct cpu_event e;
    const char *lookups;
    size_t n = 0;

    code[n++] = ADDI(5, 12, 0);
    code[n++] = ADDI(6, 0, FUNCTIONS);
    code[n++] = JALR(1, 5, 0);
    code[n++] = ADDI(5, 5, 64);
    code[n++] = ADDI(6, 6, -1);
    code[n++] = branch(1, 6, 0, -12);
    code[n++] = ADDI(11, 11, -1);
    code[n++] = branch(1, 11, 0, -28);
    code[n++] = ECALL;
    for (int i = 0; i < FUNCTIONS; i++) {
        code[(FIRST + i * 64) / 4] = ADDI(10, 10, 1);
        code[(FIRST + i * 64) / 4 + 1] = RET;
    }
    guest_begin(&g, "quick", code, sizeof(code));
    g.state->x[11] = CALLS / FUNCTIONS;
    g.state->x[12] = CODE + FIRST;
    do
        g.ops->run(g.thread, &e);
    while (e.kind == CPU_KICKED);
    CHECK_EQ(e.kind, CPU_SYSCALL);
    CHECK_EQ(g.state->x[10], (uint64_t)CALLS);
    g.ops->stats(g.engine, &stats);
    lookups = strstr(stats.data, "lookups ");
    CHECK(lookups != NULL);
    CHECK(strtoul(lookups + 8, NULL, 10) < CALLS / 4);
    strbuf_fini(&stats);
    guest_end(&g);
}

/* ---- code spaces that fill up ---- */

enum { BLOCKS = 5000, BLOCK_WORDS = 4, ROUNDS = 20 };

static void *run_blocks(void *arg)
{
    struct guest *g = arg;
    struct cpu_thread *t = g->ops->thread_new(g->engine, NULL);
    struct rv64_state *s = (struct rv64_state *)g->ops->thread_state(t);
    struct cpu_event e;

    s->x[11] = ROUNDS;
    s->cpu.pc = CODE;
    do
        g->ops->run(t, &e);
    while (e.kind == CPU_KICKED);
    CHECK_EQ(e.kind, CPU_SYSCALL);
    CHECK_EQ(s->x[10], (uint64_t)BLOCKS * ROUNDS);
    g->ops->thread_free(t);
    return NULL;
}

static void fill_spaces(int threads)
{
    static uint32_t code[BLOCKS * BLOCK_WORDS + 8];
    size_t n = 0;
    struct guest g;
    pthread_t other[8];
    struct strbuf stats = {0};

    /* forward branches that are never taken give each block an exit of its own */
    for (int i = 0; i < BLOCKS; i++) {
        code[n++] = ADDI(10, 10, 1);
        code[n++] = branch(1, 0, 0, 8);
        code[n++] = branch(0, 11, 0, 8);
        code[n++] = NOP;
    }
    code[n++] = ADDI(11, 11, -1);
    code[n++] = branch(0, 11, 0, 12);
    code[n++] = LUI(12, CODE >> 12);
    code[n++] = JALR(0, 12, 0);
    code[n++] = ECALL;
    code_bytes = 65536;
    guest_begin(&g, "quick", code, sizeof(uint32_t) * n);
    for (int i = 0; i < threads; i++)
        CHECK_EQ(pthread_create(&other[i], NULL, run_blocks, &g), 0);
    for (int i = 0; i < threads; i++)
        pthread_join(other[i], NULL);
    g.ops->stats(g.engine, &stats);
    if (strstr(stats.data, "code spaces filled 0"))
        FAIL("%s", stats.data);
    strbuf_fini(&stats);
    guest_end(&g);
}

TEST_TIMEOUT(a_full_code_space_is_replaced, 60)
{
    fill_spaces(1);
}

TEST_TIMEOUT(a_full_code_space_is_replaced_under_threads, 60)
{
    fill_spaces(4);
}
