/* riscv64_hwprobe.c - the two system calls that only RISC-V has (Documentation/arch/riscv/hwprobe.rst). What hwprobe tells
 * is what the front end implements (cpu/rv64), and nothing else.
 */
#include <string.h>

#include "cpu/rv64/rv64.h"
#include "linux/guest.h"
#include "linux/sys_c.h"

/* Keys of struct riscv_hwprobe. */
enum {
    KEY_MVENDORID = 0,
    KEY_MARCHID = 1,
    KEY_MIMPID = 2,
    KEY_BASE_BEHAVIOR = 3,
    KEY_IMA_EXT_0 = 4,
    KEY_CPUPERF_0 = 5,
    KEY_ZICBOZ_BLOCK_SIZE = 6,
    KEY_HIGHEST_VIRT_ADDRESS = 7,
    KEY_TIME_CSR_FREQ = 8,
    KEY_MISALIGNED_SCALAR_PERF = 9,
};

enum { BASE_BEHAVIOR_IMA = 1, MISALIGNED_FAST = 3, CBO_BLOCK = 64, FLAG_WHICH_CPUS = 1, CPU_SET_MAX = 1024 };

struct pair {
    int64_t key;
    uint64_t value;
};

static void answer(struct linux_thread *t, struct pair *p)
{
    switch (p->key) {
    case KEY_MVENDORID:
    case KEY_MARCHID:
    case KEY_MIMPID: p->value = 0; return;
    case KEY_BASE_BEHAVIOR: p->value = BASE_BEHAVIOR_IMA; return;
    case KEY_IMA_EXT_0: p->value = rv64_hwprobe_ima_ext0(); return;
    case KEY_CPUPERF_0:
    case KEY_MISALIGNED_SCALAR_PERF: p->value = MISALIGNED_FAST; return;
    case KEY_ZICBOZ_BLOCK_SIZE: p->value = CBO_BLOCK; return;
    case KEY_HIGHEST_VIRT_ADDRESS: p->value = mem_space_limit(t->process->mm->mem) - 1; return;
    case KEY_TIME_CSR_FREQ: p->value = RV64_TIMEBASE_HZ; return;
    default:
        p->key = -1;
        p->value = 0;
        return;
    }
}

/* Values that mean "has at least" match when they contain what was asked. */
static bool matches(const struct pair *asked, const struct pair *is)
{
    if (asked->key == KEY_IMA_EXT_0 || asked->key == KEY_BASE_BEHAVIOR)
        return (is->value & asked->value) == asked->value;
    return is->value == asked->value;
}

/* RISCV_HWPROBE_WHICH_CPUS: all CPUs are alike, so the set stays as it is or becomes empty. An empty set asks for all. */
static int64_t which_cpus(struct linux_thread *t, uint64_t pairs, uint64_t count, uint64_t size, uint64_t cpus)
{
    uint8_t set[CPU_SET_MAX / 8] = {0};
    size_t len = size < sizeof(set) ? size : sizeof(set);
    bool all = true, any = false;

    if (!size || !cpus || guest_read(t, cpus, set, len))
        return size && cpus ? -EFAULT : -EINVAL;
    for (size_t i = 0; i < len; i++)
        any |= set[i] != 0;
    if (!any)
        host_result(syscall(SYS_sched_getaffinity, 0, len, set));
    for (uint64_t i = 0; i < count; i++) {
        struct pair asked, is;

        if (guest_read(t, pairs + i * sizeof(asked), &asked, sizeof(asked)))
            return -EFAULT;
        is = asked;
        answer(t, &is);
        all &= is.key >= 0 && matches(&asked, &is);
        if (is.key < 0 && guest_write(t, pairs + i * sizeof(is), &is, sizeof(is)))
            return -EFAULT;
    }
    if (!all)
        memset(set, 0, sizeof(set));
    return guest_write(t, cpus, set, len);
}

int64_t linux_sys_riscv_hwprobe(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t pairs = a[0], count = a[1];

    if (a[4] == FLAG_WHICH_CPUS)
        return which_cpus(t, pairs, count, a[2], a[3]);
    if (a[4] || (a[2] && !a[3]) || (!a[2] && a[3]))
        return -EINVAL;
    for (uint64_t i = 0; i < count; i++) {
        struct pair p;

        if (guest_read(t, pairs + i * sizeof(p), &p, sizeof(p)))
            return -EFAULT;
        answer(t, &p);
        if (guest_write(t, pairs + i * sizeof(p), &p, sizeof(p)))
            return -EFAULT;
    }
    return 0;
}

int64_t linux_sys_riscv_flush_icache(struct linux_thread *t, const uint64_t a[6])
{
    if (a[2] & ~UINT64_C(1)) /* SYS_RISCV_FLUSH_ICACHE_LOCAL */
        return -EINVAL;
    if (a[0] < a[1])
        t->process->ops->invalidate(t->process->engine, a[0], a[1]);
    return 0;
}
