/* translate - what translation costs, by phase: reads the text of a static riscv64 program, translates the units that its
 * entry point leads to (breadth first over their direct exits), and prints nanoseconds a guest instruction. Nothing of it
 * runs, so instruction counts repeat. (valgrind 3.19 cannot map a code space: it has no mremap of old_size 0.)
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "codegen/codegen.h"
#include "cpu/cpu.h"
#include "ir/ir.h"

enum { TRACE_INSNS = 48 }; /* as the engine asks for */

struct text {
    const uint8_t *bytes; /* of the one executable segment */
    uint64_t start, end;
};

struct cost {
    double front, back;
    uint64_t insns, code;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static unsigned fetch(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault)
{
    const struct text *t = ctx;

    *fault = CPU_FAULT_UNMAPPED;
    if (pc < t->start || pc >= t->end)
        return 0;
    len = (unsigned)MIN(len, t->end - pc);
    memcpy(buf, t->bytes + (pc - t->start), len);
    return len;
}

static uint64_t load(const char *path, struct text *t)
{
    FILE *f = fopen(path, "rb");
    Elf64_Ehdr e;

    if (!f || fread(&e, sizeof(e), 1, f) != 1 || memcmp(e.e_ident, ELFMAG, SELFMAG))
        return 0;
    for (unsigned i = 0; i < e.e_phnum; i++) {
        uint8_t *bytes;
        Elf64_Phdr p;

        if (fseek(f, (long)(e.e_phoff + i * sizeof(p)), SEEK_SET) || fread(&p, sizeof(p), 1, f) != 1)
            return 0;
        if (p.p_type != PT_LOAD || !(p.p_flags & PF_X))
            continue;
        bytes = x_malloc(p.p_filesz);
        if (fseek(f, (long)p.p_offset, SEEK_SET) || fread(bytes, p.p_filesz, 1, f) != 1)
            return 0;
        *t = (struct text){bytes, p.p_vaddr, p.p_vaddr + p.p_filesz};
    }
    fclose(f);
    return t->bytes ? e.e_entry : 0;
}

/* One round: up to `limit` units from entry on, in a fresh code space. */
static void round_of(struct text *t, uint64_t entry, unsigned limit, struct cost *cost)
{
    struct ir_builder *b = ir_builder_new(rv64_cpu_ops.ir);
    uint64_t *queue = x_new_array(uint64_t, limit);
    struct err err = ERR_INIT;
    struct hash seen = {0};
    struct cg_space *space;
    struct cg_host host;
    unsigned n = 1;

    cg_host_detect(&host);
    space = cg_space_new(rv64_cpu_ops.ir, &host, 64 << 20, &err);
    queue[0] = entry;
    hash_put(&seen, entry, t);
    for (unsigned i = 0; i < n; i++) {
        struct cpu_translate_request req = {
            .pc = queue[i], .max_insns = TRACE_INSNS, .trace = true, .fetch = fetch, .fetch_ctx = t};
        double begin = now(), middle;
        struct cg_unit *unit;
        struct ir_unit *u;

        ir_begin(b, req.pc, 0);
        rv64_cpu_ops.translate(b, &req);
        u = ir_end_unswept(b);
        middle = now();
        unit = cg_compile_quick(space, u, &err);
        cost->back += now() - middle;
        cost->front += middle - begin;
        cost->insns += u->guest_insns;
        for (uint32_t k = 0; unit && k < unit->nlinks && n < limit; k++) {
            uint64_t pc = unit->link[k].pc;

            if (pc < t->start || pc >= t->end || hash_get(&seen, pc))
                continue;
            hash_put(&seen, pc, t);
            queue[n++] = pc;
        }
    }
    cost->code += cg_space_used(space);
    hash_fini(&seen);
    x_free(queue);
    cg_space_free(space);
    ir_builder_free(b);
}

int main(int argc, char **argv)
{
    unsigned limit = argc > 2 ? (unsigned)atoi(argv[2]) : 2000, rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 20;
    struct cost best = {0};
    struct text text = {0};
    uint64_t entry = argc > 1 ? load(argv[1], &text) : 0;

    if (!entry || !limit) {
        fprintf(stderr, "usage: %s STATIC-RISCV64-PROGRAM [UNITS [ROUNDS]]\n", argv[0]);
        return 2;
    }
    for (unsigned i = 0; i < rounds; i++) {
        struct cost cost = {0};

        round_of(&text, entry, limit, &cost);
        if (i == 0 || cost.front + cost.back < best.front + best.back)
            best = cost;
    }
    printf("%lu guest instructions, host code %.1f bytes each; ns each: front end %.1f, code generator %.1f\n",
        (unsigned long)best.insns, (double)best.code / (double)best.insns, best.front / (double)best.insns,
        best.back / (double)best.insns);
    return 0;
}
