/* Finding and killing units, on unit records without code: the table against a model through random additions and
 * invalidations, links that return to their stubs, ranges that span pages. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "engine/jit/jit_int.h"
#include "harness.h"

#define UNITS 3000 /* enough for the table to grow twice */

static struct cg_unit *unit[UNITS]; /* a new record each time: a dead unit stays in the lists of its other pages */
static bool alive[UNITS];
static struct made {
    struct cg_unit unit;
    struct ir_range range;
    struct made *next;
} * made;

static void make(struct jit_units *u, int i, uint64_t pc, uint32_t mode, uint64_t size)
{
    struct made *m = x_new(struct made);

    m->next = made;
    made = m;
    unit[i] = &m->unit;
    atomic_init(&unit[i]->pc, pc);
    unit[i]->base = pc;
    unit[i]->mode = (uint8_t)mode;
    m->range = (struct ir_range){pc, pc + size};
    unit[i]->range = &m->range;
    unit[i]->nranges = 1;
    jit_units_add(u, unit[i]);
    alive[i] = true;
}

/* Every record that was ever made is kept in `made`, since a dead unit stays in lists. */
static void finish(struct jit_units *u)
{
    jit_units_fini(u);
    while (made) {
        struct made *next = made->next;

        x_free(made);
        made = next;
    }
}

TEST(a_unit_is_found_by_address_and_mode)
{
    struct jit_units u = {NULL};

    jit_units_init(&u);
    make(&u, 0, 0x10000, 0, 8);
    make(&u, 1, 0x10000, 1, 8);
    CHECK(jit_units_find(&u, 0x10000, 0) == unit[0]);
    CHECK(jit_units_find(&u, 0x10000, 1) == unit[1]);
    CHECK(jit_units_find(&u, 0x10002, 0) == NULL);
    CHECK(jit_units_find(&u, 0x10000, 2) == NULL);
    finish(&u);
}

TEST(killing_a_unit_returns_its_links_to_their_stubs)
{
    struct jit_units u = {NULL};
    int stub, entry;
    struct cg_link link = {.unresolved = &stub};

    jit_units_init(&u);
    make(&u, 0, 0x10000, 0, 8);
    unit[0]->entry = &entry;
    atomic_init(&link.target, &stub);
    jit_link(&link, unit[0]);
    CHECK(atomic_load(&link.target) == &entry);
    jit_units_kill_range(&u, 0x10004, 0x10005);
    CHECK(atomic_load(&link.target) == &stub);
    CHECK_EQ(atomic_load(&unit[0]->pc), (uint64_t)CG_DEAD_PC);
    CHECK(jit_units_find(&u, 0x10000, 0) == NULL);
    finish(&u);
}

TEST(a_unit_over_several_pages_dies_with_each_of_them)
{
    for (int page = 0; page < 3; page++) {
        struct jit_units u = {NULL};

        jit_units_init(&u);
        make(&u, 0, 0x10ffe, 0, 0x1004);
        jit_units_kill_range(&u, 0x10000 + (uint64_t)page * 0x1000, 0x10001 + (uint64_t)page * 0x1000);
        CHECK_EQ(u.live, (uint64_t)0);
        jit_units_kill_range(&u, 0, UINT64_MAX); /* finds nothing, and is not lost in the size of the range */
        CHECK_EQ(u.killed, (uint64_t)1);
        finish(&u);
    }
}

TEST(the_table_grows_and_loses_nothing)
{
    struct jit_units u = {NULL};

    jit_units_init(&u);
    for (int i = 0; i < UNITS; i++) {
        make(&u, i, 0x10000 + (uint64_t)i * 6, 0, 6);
        CHECK(jit_units_find(&u, unit[i]->base, 0) == unit[i]);
    }
    CHECK_EQ(atomic_load(&u.table)->bits, JIT_TABLE_BITS + 4u);
    for (int i = 0; i < UNITS; i++)
        CHECK(jit_units_find(&u, unit[i]->base, 0) == unit[i]);
    jit_units_kill_range(&u, 0x10000, 0x10000 + 6 * UNITS / 2);
    for (int i = 0; i < UNITS; i++)
        CHECK(jit_units_find(&u, unit[i]->base, 0) == (atomic_load(&unit[i]->pc) == CG_DEAD_PC ? NULL : unit[i]));
    finish(&u);
}

TEST(random_additions_and_invalidations_agree_with_a_model)
{
    struct jit_units u = {NULL};

    jit_units_init(&u);
    srandom(7);
    for (int round = 0; round < 20000; round++) {
        int i = (int)(random() % UNITS);
        uint64_t start = 0x10000 + (uint64_t)(random() % 0x10000), end = start + (uint64_t)(random() % 0x2000);

        if (!alive[i]) {
            make(&u, i, 0x10000 + (uint64_t)i * 150, (uint32_t)(i & 1), (uint64_t)(random() % 300) + 2);
        } else if (random() % 8 == 0) {
            jit_units_kill_range(&u, start, end);
            for (int k = 0; k < UNITS; k++) /* invalidation is by whole pages */
                if (end > start && unit[k] && unit[k]->range[0].start / MEM_PAGE <= (end - 1) / MEM_PAGE &&
                    (unit[k]->range[0].end - 1) / MEM_PAGE >= start / MEM_PAGE)
                    alive[k] = false;
        }
        for (int k = i; k < i + 8 && k < UNITS; k++)
            if (unit[k])
                CHECK(jit_units_find(&u, unit[k]->base, unit[k]->mode) == (alive[k] ? unit[k] : NULL));
    }
    jit_units_kill_all(&u);
    CHECK_EQ(u.live, (uint64_t)0);
    finish(&u);
}
