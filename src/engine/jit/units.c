/* units.c - which units exist: by guest address and mode for look-ups, by guest page for invalidation.
 *
 * Readers of the address table take no lock: a unit is complete before its head or predecessor points to it, and its
 * memory stays until its code space is freed, when no reader can hold it. A unit dies in one store: its pc becomes
 * CG_DEAD_PC, and jump caches, inline caches and look-ups stop matching it; then the links that enter it return to
 * their cold stubs.
 */
#include "engine/jit/jit_int.h"

#include "base/alloc.h"

#define NODES_PER_BLOCK 255

struct node_block {
    struct node_block *next;
    struct jit_page_node node[NODES_PER_BLOCK];
};

static _Atomic(struct cg_unit *) *table_head(struct jit_table *t, uint64_t pc)
{
    return &t->head[hash_mix(pc) & ((1u << t->bits) - 1)];
}

static struct jit_table *table_new(uint32_t bits, struct jit_table *smaller)
{
    struct jit_table *t = x_calloc(1, sizeof(*t) + (sizeof(t->head[0]) << bits));

    t->bits = bits;
    t->smaller = smaller;
    return t;
}

void jit_units_init(struct jit_units *u)
{
    atomic_init(&u->table, table_new(JIT_TABLE_BITS, NULL));
}

void jit_units_fini(struct jit_units *u)
{
    struct jit_table *table = atomic_load(&u->table);
    struct node_block *block = u->node_blocks;

    while (block) {
        struct node_block *next = block->next;

        x_free(block);
        block = next;
    }
    hash_fini(&u->pages);
    while (table) {
        struct jit_table *smaller = table->smaller;

        x_free(table);
        table = smaller;
    }
}

struct cg_unit *jit_units_find(const struct jit_units *u, uint64_t pc, uint32_t mode)
{
    struct jit_table *t = atomic_load_explicit(&u->table, memory_order_acquire);
    struct cg_unit *unit = atomic_load_explicit(table_head(t, pc), memory_order_acquire);

    while (unit && (atomic_load_explicit(&unit->pc, memory_order_relaxed) != pc || unit->mode != mode))
        unit = __atomic_load_n(&unit->hash_next, __ATOMIC_ACQUIRE);
    return unit;
}

static void chain(struct jit_table *t, struct cg_unit *unit)
{
    _Atomic(struct cg_unit *) *head = table_head(t, unit->base);

    __atomic_store_n(&unit->hash_next, atomic_load_explicit(head, memory_order_relaxed), __ATOMIC_RELEASE);
    atomic_store_explicit(head, unit, memory_order_release);
}

/* A reader in the midst of a chain may be carried over into another one, and miss its unit: it looks again with the lock
 * held. It comes to an end all the same, because every chain does at any time. */
static void table_grow(struct jit_units *u)
{
    struct jit_table *old = atomic_load_explicit(&u->table, memory_order_relaxed);
    struct jit_table *fresh = table_new(old->bits + 2, old);

    for (uint32_t i = 0; i < 1u << old->bits; i++) {
        struct cg_unit *unit = atomic_load_explicit(&old->head[i], memory_order_relaxed), *next;

        for (; unit; unit = next) {
            next = unit->hash_next;
            chain(fresh, unit);
        }
    }
    atomic_store_explicit(&u->table, fresh, memory_order_release);
}

static struct jit_page_node *node_new(struct jit_units *u)
{
    struct jit_page_node *n;

    if (!u->free_nodes) {
        struct node_block *block = x_malloc(sizeof(*block));

        block->next = u->node_blocks;
        u->node_blocks = block;
        for (unsigned i = 0; i < NODES_PER_BLOCK; i++) {
            block->node[i].next = u->free_nodes;
            u->free_nodes = &block->node[i];
        }
    }
    n = u->free_nodes;
    u->free_nodes = n->next;
    return n;
}

/* The list head of a page is a node without unit, so that emptying a list needs no change of the hash map. */
static struct jit_page_node *page_head(struct jit_units *u, uint64_t page)
{
    struct jit_page_node *head = hash_get(&u->pages, page);

    if (!head) {
        head = node_new(u);
        head->unit = NULL;
        head->next = NULL;
        hash_put(&u->pages, page, head);
    }
    return head;
}

static bool page_seen(const struct cg_unit *unit, uint32_t range, uint64_t page)
{
    for (uint32_t i = 0; i < range; i++)
        if (page >= unit->range[i].start / MEM_PAGE && page <= (unit->range[i].end - 1) / MEM_PAGE)
            return true;
    return false;
}

void jit_units_add(struct jit_units *u, struct cg_unit *unit)
{
    struct jit_table *t;

    for (uint32_t i = 0; i < unit->nranges; i++) {
        if (unit->range[i].end <= unit->range[i].start)
            continue;
        for (uint64_t page = unit->range[i].start / MEM_PAGE; page <= (unit->range[i].end - 1) / MEM_PAGE; page++) {
            struct jit_page_node *list, *n;

            if (page_seen(unit, i, page))
                continue;
            list = page_head(u, page);
            n = node_new(u);
            n->unit = unit;
            n->next = list->next;
            list->next = n;
        }
    }
    t = atomic_load_explicit(&u->table, memory_order_relaxed);
    if (++u->live >> t->bits >= 2) {
        table_grow(u);
        t = atomic_load_explicit(&u->table, memory_order_relaxed);
    }
    chain(t, unit);
}

static void table_remove(struct jit_units *u, struct cg_unit *unit)
{
    _Atomic(struct cg_unit *) *head = table_head(atomic_load_explicit(&u->table, memory_order_relaxed), unit->base);
    struct cg_unit *p = atomic_load_explicit(head, memory_order_relaxed);

    if (p == unit) {
        atomic_store_explicit(head, unit->hash_next, memory_order_release);
        return;
    }
    for (; p; p = p->hash_next) {
        if (p->hash_next != unit)
            continue;
        __atomic_store_n(&p->hash_next, unit->hash_next, __ATOMIC_RELEASE);
        return;
    }
}

static void unit_kill(struct jit_units *u, struct cg_unit *unit)
{
    if (atomic_load_explicit(&unit->pc, memory_order_relaxed) == CG_DEAD_PC)
        return;
    atomic_store(&unit->pc, CG_DEAD_PC);
    for (struct cg_link *l = unit->incoming; l; l = l->next)
        atomic_store(&l->target, l->unresolved);
    unit->incoming = NULL;
    table_remove(u, unit);
    u->live--;
    u->killed++;
}

static void page_kill(struct jit_units *u, struct jit_page_node *head)
{
    struct jit_page_node *n;

    while ((n = head->next)) {
        head->next = n->next;
        unit_kill(u, n->unit);
        n->next = u->free_nodes;
        u->free_nodes = n;
    }
}

void jit_units_kill_range(struct jit_units *u, uint64_t start, uint64_t end)
{
    uint64_t first = start / MEM_PAGE, last;

    if (end <= start)
        return;
    last = (end - 1) / MEM_PAGE;
    if (last - first > u->pages.count) {
        hash_foreach (slot, &u->pages)
            if (slot->key >= first && slot->key <= last)
                page_kill(u, slot->value);
        return;
    }
    for (uint64_t page = first; page <= last; page++) {
        struct jit_page_node *head = hash_get(&u->pages, page);

        if (head)
            page_kill(u, head);
    }
}

void jit_units_kill_all(struct jit_units *u)
{
    hash_foreach (slot, &u->pages)
        page_kill(u, slot->value);
}

void jit_link(struct cg_link *link, struct cg_unit *to)
{
    if (atomic_load_explicit(&link->target, memory_order_relaxed) != link->unresolved)
        return; /* another thread was faster */
    link->next = to->incoming;
    to->incoming = link;
    atomic_store_explicit(&link->target, to->entry, memory_order_release);
}
