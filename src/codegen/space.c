/* Code spaces: memory for code and its data, and the index of units by host address. What must stay true: no page is ever
 * writable and executable in one view; the index is read by signal handlers, so it only grows, and a unit is visible in it
 * before its code can run.
 */
#include "codegen/space_int.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/err.h"

struct cg_unit cg_no_unit = {.pc = CG_DEAD_PC};
const struct cg_link cg_no_link = {.pc = CG_DEAD_PC};

/* Units take at least this much code on average: bounds the index. */
#define MIN_UNIT_BYTES 32

static size_t index_bytes(size_t code_bytes)
{
    return align_up(code_bytes / MIN_UNIT_BYTES * sizeof(void *), 4096);
}

/* One piece of shared memory seen twice; the executable view is moved over the start of the reservation. */
static int map_twice(struct cg_segment *g, struct err *err)
{
    uint8_t *w = mmap(NULL, g->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (w == MAP_FAILED)
        return err_errno(err, -errno, "memory for translated code");
    if (mremap(w, 0, g->size, MREMAP_MAYMOVE | MREMAP_FIXED, g->rx) == MAP_FAILED ||
        mprotect(g->rx, g->size, PROT_READ | PROT_EXEC) < 0) {
        int code = -errno;
        munmap(w, g->size);
        return err_errno(err, code, "executable view of translated code");
    }
    g->rw = w;
    g->to_rx = g->rx - w;
    return 0;
}

static struct cg_segment *segment_new(struct cg_space *s, struct err *err)
{
    size_t code = s->code_bytes, data = 2 * code, index = index_bytes(code);
    uint8_t *at = mmap(NULL, code + data + index, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct cg_segment *g;

    if (at == MAP_FAILED) {
        err_errno(err, -errno, "address space for translated code");
        return NULL;
    }
    g = x_new(struct cg_segment);
    g->rx = at;
    g->size = code;
    g->data = at + code;
    g->data_size = data;
    g->index = (const struct cg_unit **)(void *)(at + code + data);
    if (mprotect(g->data, data + index, PROT_READ | PROT_WRITE) < 0)
        err_errno(err, -errno, "memory for translated code");
    else if (map_twice(g, err) == 0 && cg_x64_stubs(s, g, err) == 0)
        return g;
    if (g->rw)
        munmap(g->rw, code);
    munmap(at, code + data + index);
    x_free(g);
    return NULL;
}

static void segment_free(struct cg_segment *g)
{
    if (g->rw)
        munmap(g->rw, g->size);
    munmap(g->rx, g->size + g->data_size + index_bytes(g->size));
    x_free(g);
}

struct cg_segment *cg_segment_current(struct cg_space *s, struct err *err)
{
    struct cg_segment *old = s->segment, *g;

    if (!s->fresh)
        return old;
    g = segment_new(s, err);
    if (!g)
        return NULL;
    g->older = old;
    s->segment = g;
    s->fresh = false;
    return g;
}

void *cg_segment_data(struct cg_segment *g, size_t bytes, size_t align)
{
    size_t at = align_up(g->data_used, align);

    if (at + bytes > g->data_size)
        return NULL;
    g->data_used = at + bytes;
    return g->data + at;
}

void cg_segment_add_unit(struct cg_segment *g, const struct cg_unit *u)
{
    uint32_t n = atomic_load_explicit(&g->nunits, memory_order_relaxed);

    g->index[n] = u;
    atomic_store_explicit(&g->nunits, n + 1, memory_order_release);
}

/* Which operand fields of an op are refs: ops.def's column `operands`, where n is a number. */
static uint8_t ref_mask(const char *operands)
{
    uint8_t mask = 0;

    for (unsigned i = 0; operands[i]; i++)
        if (operands[i] != 'n')
            mask |= (uint8_t)(1u << i);
    return mask;
}

static bool is_barrier(enum ir_op op, enum ir_effect effect)
{
    switch (effect) {
    case IR_LOAD:
    case IR_STORE:
    case IR_EXIT:
    case IR_CALL:
    case IR_BARRIER: return true;
    default: return op == IR_fp_set_rm;
    }
}

static void fill_tables(struct cg_space *s)
{
    static const char *const operands[IR_NOPS] = {
#define OP(name, result, operands, effect, text) operands,
#include "ir/ops.def"
#undef OP
    };
    static const uint8_t effect[IR_NOPS] = {
#define OP(name, result, operands, effect, text) IR_##effect,
#include "ir/ops.def"
#undef OP
    };
    static const uint16_t more[IR_NOPS] = {
        [IR_eq] = CG_LAZY,
        [IR_ne] = CG_LAZY,
        [IR_lts] = CG_LAZY,
        [IR_les] = CG_LAZY,
        [IR_ltu] = CG_LAZY,
        [IR_leu] = CG_LAZY,
        [IR_shl] = CG_LAZY,
        [IR_bitcast] = CG_LAZY,
        [IR_add] = CG_LAZY | CG_NARROW,
        [IR_sub] = CG_NARROW,
        [IR_mul] = CG_NARROW,
        [IR_and] = CG_NARROW,
        [IR_or] = CG_NARROW,
        [IR_xor] = CG_NARROW,
        [IR_andn] = CG_NARROW,
        [IR_not] = CG_NARROW | CG_PASSES_HINT,
        [IR_neg] = CG_NARROW | CG_PASSES_HINT,
        [IR_trunc] = CG_SAME | CG_PASSES_HINT,
        [IR_fbox] = CG_SAME | CG_PASSES_HINT,
        [IR_funbox] = CG_SAME | CG_PASSES_HINT,
        [IR_sext] = CG_EXTEND | CG_PASSES_HINT,
        [IR_zext] = CG_EXTEND | CG_PASSES_HINT,
        [IR_get] = CG_REMOVABLE,
        [IR_fp_flags] = CG_REMOVABLE,
        [IR_fp_rm] = CG_REMOVABLE,
        [IR_branch_exit] = CG_LINK,
        [IR_jump] = CG_LINK,
        [IR_call_hint] = CG_LINK,
    };

    for (unsigned i = 0; i < IR_NOPS; i++) {
        unsigned info = ref_mask(operands[i]) | more[i];

        if (is_barrier((enum ir_op)i, effect[i]))
            info |= CG_BARRIER;
        if (effect[i] == IR_PURE)
            info |= CG_REMOVABLE;
        s->op_info[i] = (uint16_t)info;
    }
}

struct cg_space *cg_space_new(
    const struct ir_guest *guest, const struct cg_host *host, size_t code_bytes, struct err *err)
{
    struct cg_space *s = x_new(struct cg_space);

    s->guest = guest;
    s->host = *host;
    s->code_bytes = align_up(MAX(code_bytes, 65536), 4096);
    fill_tables(s);
    cg_x64_convention(&s->conv, guest);
    s->fresh = true;
    if (!cg_segment_current(s, err)) {
        cg_space_free(s);
        return NULL;
    }
    return s;
}

void cg_space_free(struct cg_space *s)
{
    struct cg_segment *g = s->segment;

    while (g) {
        struct cg_segment *older = g->older;
        segment_free(g);
        g = older;
    }
    if (s->gen)
        cg_x64_gen_free(s->gen);
    x_free(s->conv.home);
    x_free(s->conv.disp);
    x_free(s);
}

size_t cg_space_used(const struct cg_space *s)
{
    size_t used = 0;

    for (const struct cg_segment *g = s->segment; g; g = g->older)
        used += g->used;
    return used;
}

void cg_space_after_fork(struct cg_space *s)
{
    struct cg_segment *g = s->segment;

    s->fresh = true;
    if (g->rw)
        munmap(g->rw, g->size);
    g->rw = NULL;
}

bool cg_space_contains(const struct cg_space *s, uint64_t host_pc)
{
    for (const struct cg_segment *g = s->segment; g; g = g->older)
        if (host_pc - (uint64_t)(uintptr_t)g->rx < g->used)
            return true;
    return false;
}

const struct cg_unit *cg_unit_at(const struct cg_space *s, uint64_t host_pc)
{
    for (const struct cg_segment *g = s->segment; g; g = g->older) {
        uint32_t lo = 0, hi = atomic_load_explicit(&g->nunits, memory_order_acquire);

        if (host_pc - (uint64_t)(uintptr_t)g->rx >= g->size)
            continue;
        while (lo < hi) {
            uint32_t mid = lo + (hi - lo) / 2;
            if ((uint64_t)(uintptr_t)g->index[mid]->entry <= host_pc)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (!lo || host_pc - (uint64_t)(uintptr_t)g->index[lo - 1]->entry >= g->index[lo - 1]->code_size)
            return NULL;
        return g->index[lo - 1];
    }
    return NULL;
}

void cg_runtime_init(
    struct cg_runtime *rt, struct cg_space *space, _Atomic(struct cg_unit *) *jump_cache, unsigned bits)
{
    rt->space = space;
    rt->jump_cache = jump_cache;
    rt->jump_mask = ((1u << bits) - 1) << 1;
    rt->mxcsr = cg_mxcsr_make(IR_RM_RNE, 0);
    rt->ras_top = 0;
    for (unsigned i = 0; i < CG_RAS_SIZE; i++)
        rt->ras[i] = &cg_no_link;
    memset(rt->scratch, 0, sizeof(rt->scratch));
}
