/* stack.c - the guest's address-space layout and first stack: strings, argv, envp, auxiliary vector, as fs/exec.c and
 * create_elf_tables lay them out:
 *
 *     sp: argc, argv..., NULL, envp..., NULL, auxv..., AT_NULL, (padding), 16 random bytes, argv strings, env strings,
 *     program's path, 8 bytes of zero, stack top
 *
 * The whole stack that RLIMIT_STACK allows is mapped at once (memory is only used when touched), so that system calls may
 * write to parts of it that the guest has not touched yet. Only an unlimited stack grows, from STACK_UNLIMITED on.
 */
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/abi/abi.h"
#include "linux/load_int.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define STACK_UNLIMITED ((uint64_t)1 << 30)
#define STACK_GAP_MIN ((uint64_t)128 << 20) /* room for growth below, even of a small stack: mm/util.c mmap_base */
enum { AUXV_MAX = 32, ARGS_SLACK = 2 * MEM_PAGE };

uint64_t linux_random_offset(const struct linux_process *p, uint64_t range)
{
    uint64_t value = 0;

    if (p->personality & ADDR_NO_RANDOMIZE)
        return 0;
    if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
        memcpy(&value, (const void *)getauxval(AT_RANDOM), sizeof(value));
    return align_down(value % range, MEM_PAGE);
}

static uint64_t stack_limit(uint64_t limit)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_STACK, &r) < 0)
        r.rlim_cur = 8 << 20;
    return MIN(align_down(r.rlim_cur, MEM_PAGE), limit / 4);
}

/* STACK_RND_MASK and mmap_rnd_bits of a 2^38 address space: 1 GiB each. */
void linux_layout(struct linux_process *p)
{
    uint64_t limit = mem_space_limit(p->mm->mem), rnd = limit / 256;

    p->mm->stack_top = limit - linux_random_offset(p, rnd);
    mem_set_mmap_base(
        p->mm->mem, limit - rnd - MIN(MAX(stack_limit(limit), STACK_GAP_MIN), limit / 4) - linux_random_offset(p, rnd));
}

static size_t strings_size(char *const *list, unsigned *count)
{
    size_t size = 0;

    for (*count = 0; list[*count]; ++*count)
        size += strlen(list[*count]) + 1;
    return size;
}

struct builder {
    struct linux_process *p;
    const struct linux_program *program;
    uint64_t sp, random, execfn;
    unsigned argc, envc;
    uint64_t words[2 * AUXV_MAX]; /* the auxiliary vector */
    unsigned nwords;
};

static void aux(struct builder *b, uint64_t type, uint64_t value)
{
    b->words[b->nwords++] = type;
    b->words[b->nwords++] = value;
}

/* Order and contents: ARCH_DLINFO of arch/riscv/include/asm/elf.h, then create_elf_tables. */
static void build_auxv(struct builder *b)
{
    const struct linux_program *g = b->program;

    aux(b, AT_SYSINFO_EHDR, b->p->mm->vdso);
    for (uint64_t type = AT_L1I_CACHESIZE; type <= AT_L3_CACHEGEOMETRY; type++)
        aux(b, type, 0);
    aux(b, AT_MINSIGSTKSZ, b->p->abi->frame_size);
    aux(b, AT_HWCAP, b->p->abi->hwcap());
    aux(b, AT_PAGESZ, MEM_PAGE);
    aux(b, AT_CLKTCK, 100);
    aux(b, AT_PHDR, g->phdr);
    aux(b, AT_PHENT, sizeof(Elf64_Phdr));
    aux(b, AT_PHNUM, g->nphdr);
    aux(b, AT_BASE, g->base);
    aux(b, AT_FLAGS, 0);
    aux(b, AT_ENTRY, g->entry);
    aux(b, AT_UID, getuid());
    aux(b, AT_EUID, geteuid());
    aux(b, AT_GID, getgid());
    aux(b, AT_EGID, getegid());
    aux(b, AT_SECURE, b->p->config->auxv_secure || getauxval(AT_SECURE));
    aux(b, AT_RANDOM, b->random);
    aux(b, AT_EXECFN, b->execfn);
    aux(b, AT_NULL, 0);
}

/* Puts strings at *at upwards, and their addresses into list. */
static int put_strings(struct mem_space *m, char *const *strings, uint64_t *at, uint64_t *list)
{
    for (; *strings; strings++) {
        size_t size = strlen(*strings) + 1;
        int status = mem_write(m, *at, *strings, size);

        if (status < 0)
            return status;
        *list++ = *at;
        *at += size;
    }
    *list = 0;
    return 0;
}

static int write_tables(struct builder *b, uint64_t strings_at)
{
    struct linux_mm *mm = b->p->mm;
    size_t npointers = (size_t)b->argc + b->envc + 3, nwords;
    _cleanup_free_ uint64_t *words = NULL;
    uint64_t at = strings_at;
    int status;

    words = x_new_array(uint64_t, npointers + 2 * AUXV_MAX);
    words[0] = b->argc;
    mm->arg_start = at;
    status = put_strings(mm->mem, b->p->config->argv, &at, words + 1);
    mm->arg_end = mm->env_start = at;
    if (!status)
        status = put_strings(mm->mem, b->p->config->envp, &at, words + b->argc + 2);
    mm->env_end = at;
    b->execfn = at;
    if (!status)
        status = mem_write(mm->mem, at, b->program->path, strlen(b->program->path) + 1);
    if (status)
        return status;
    build_auxv(b);
    memcpy(words + npointers, b->words, b->nwords * 8);
    nwords = npointers + b->nwords;
    b->sp = align_down(b->random - nwords * 8, 16);
    mm->auxv_start = b->sp + npointers * 8;
    mm->auxv_end = b->sp + nwords * 8;
    return mem_write(mm->mem, b->sp, words, nwords * 8);
}

/* The area: as large as the limit says, but never too small for the arguments, and gone with what the address space
 * gives. */
static int map_stack(struct linux_process *p, uint64_t need, bool exec, struct err *err)
{
    struct linux_mm *mm = p->mm;
    uint64_t size = MIN(stack_limit(mem_space_limit(mm->mem)), STACK_UNLIMITED);
    int prot = PROT_READ | PROT_WRITE | (exec ? PROT_EXEC : 0);
    int64_t at;

    size = MAX(size, align_up(need + ARGS_SLACK, MEM_PAGE));
    do {
        at = mem_map(mm->mem, mm->stack_top - size, size, prot,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN, -1, 0);
        if (at >= 0)
            break;
        size = align_down(size / 2, MEM_PAGE); /* RLIMIT_AS */
    } while (size > need + ARGS_SLACK);
    if (at < 0)
        return err_errno(err, (int)at, "mapping a stack of %llu KiB", (unsigned long long)size / 1024);
    /* As a stack of the kernel's, which grows page by page, it gets no huge pages. */
    madvise((void *)at, size, MADV_NOHUGEPAGE);
    mm->stack_low = (uint64_t)at;
    return 0;
}

int linux_stack_build(struct linux_process *p, const struct linux_program *program, uint64_t *sp, struct err *err)
{
    struct builder b = {.p = p, .program = program};
    size_t strings = strings_size(p->config->argv, &b.argc) + strings_size(p->config->envp, &b.envc);
    uint64_t strings_at, need, seed[2];
    int status;

    strings += strlen(program->path) + 1 + 8;
    need = strings + 16 + 16 + 8 * ((uint64_t)b.argc + b.envc + 3 + 2 * AUXV_MAX);
    status = map_stack(p, need, program->exec_stack, err);
    if (status < 0)
        return status;
    strings_at = p->mm->stack_top - strings;
    b.random = align_down(strings_at - sizeof(seed), 16);
    if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
        memcpy(seed, (const void *)getauxval(AT_RANDOM), sizeof(seed));
    status = mem_write(p->mm->mem, b.random, seed, sizeof(seed));
    if (!status)
        status = write_tables(&b, strings_at);
    if (status < 0)
        return err_errno(err, status, "writing the first stack");
    *sp = b.sp;
    return 0;
}
