/* Seccomp's BPF machine and the rules about who answers a call.
 */
#include <errno.h>
#include <sys/prctl.h>

#include "linux/seccomp_int.h"
#include "linux_fixture.h"

#define LOAD_NR BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)
#define RET(value) BPF_STMT(BPF_RET | BPF_K, value)
#define N(code) (sizeof(code) / sizeof((code)[0]))

static uint32_t run_nr(const struct sock_filter *code, int nr)
{
    struct seccomp_data data = {.nr = nr, .arch = 0xc00000f3, .args = {0x1122334455667788}};

    return seccomp_run(code, &data);
}

TEST(branches)
{
    const struct sock_filter code[] = {LOAD_NR, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 64, 0, 1), RET(1),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 100, 1, 0), RET(2), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1), RET(3),
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), RET(99), RET(4)};

    CHECK(seccomp_valid(code, N(code)));
    CHECK_EQ(run_nr(code, 64), 1u);
    CHECK_EQ(run_nr(code, 99), 2u);
    CHECK_EQ(run_nr(code, 101), 3u);
    CHECK_EQ(run_nr(code, 100), 4u);
}

TEST(arithmetic_and_memory)
{
    const struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), /* low half of argument 0 */
        BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_MEM, 3), BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_NEG, 0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0xff),
        BPF_STMT(BPF_RET | BPF_A, 0)};

    CHECK(seccomp_valid(code, N(code)));
    CHECK_EQ(run_nr(code, 0), ((-(0x55667788u - 64u)) >> 4) ^ 0xff);
}

TEST(division_by_zero_kills)
{
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_IMM, 9), BPF_STMT(BPF_LDX | BPF_IMM, 0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(7)};

    CHECK(seccomp_valid(code, N(code)));
    CHECK_EQ(run_nr(code, 0), (uint32_t)SECCOMP_RET_KILL_THREAD);
}

static bool valid1(struct sock_filter f)
{
    const struct sock_filter code[] = {f, RET(0)};

    return seccomp_valid(code, 2);
}

TEST(invalid_programs)
{
    const struct sock_filter no_return[] = {LOAD_NR};
    const struct sock_filter one_way[] = {LOAD_NR, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), BPF_STMT(BPF_ST, 0),
        BPF_STMT(BPF_LD | BPF_MEM, 0), RET(0)};
    const struct sock_filter both_ways[] = {LOAD_NR, BPF_STMT(BPF_ST, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
        BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 0), RET(0)};

    CHECK(valid1((struct sock_filter)LOAD_NR));
    CHECK(!seccomp_valid(NULL, 0));
    CHECK(!seccomp_valid(no_return, 1));
    CHECK(!seccomp_valid(one_way, N(one_way)));
    CHECK(seccomp_valid(both_ways, N(both_ways)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_ST, 16)));
    CHECK(!valid1((struct sock_filter)BPF_STMT(BPF_LD | BPF_MEM, 0))); /* never written */
    CHECK(!valid1((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0)));
    CHECK(!valid1((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0)));
    CHECK(!valid1((struct sock_filter){0xffff, 0, 0, 0}));
}

static int64_t install(struct linux_thread *t, const struct sock_filter *code, unsigned short count)
{
    struct sock_fprog prog = {count, (struct sock_filter *)(uintptr_t)code};

    return linux_syscall(t, 277, (uint64_t[6]){SECCOMP_SET_MODE_FILTER, 0, (uint64_t)(uintptr_t)&prog});
}

TEST(strictest_filter_wins)
{
    const struct linux_config config = {.trace_fd = -1};
    struct linux_thread *t = fixture_thread(&config);
    const struct sock_filter older[] = {
        LOAD_NR, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 172, 0, 1), RET(SECCOMP_RET_ERRNO | 77), RET(SECCOMP_RET_ALLOW)};
    const struct sock_filter newer[] = {
        LOAD_NR, BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 172, 0, 1), RET(SECCOMP_RET_LOG), RET(SECCOMP_RET_ALLOW)};

    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(install(t, older, N(older)), 0);
    CHECK_EQ(linux_syscall(t, 172, (uint64_t[6]){0}), -77);
    CHECK_EQ(linux_syscall(t, 173, (uint64_t[6]){0}), getppid());
    CHECK_EQ(install(t, newer, N(newer)), 0);
    CHECK_EQ(linux_syscall(t, 172, (uint64_t[6]){0}), -77);
    CHECK_EQ(linux_syscall(t, 173, (uint64_t[6]){0}), getppid());
    CHECK_EQ(install(t, newer, 0), -EINVAL);
    CHECK_EQ(linux_syscall(t, 277, (uint64_t[6]){SECCOMP_SET_MODE_FILTER, 8, 0}), -EINVAL); /* no listeners */
}
