/* u64 -> pointer map. Invariant: from a key's home slot to its slot no slot is free; hash_del moves later entries back
 * to keep it (Knuth 6.4 algorithm R). At most 3/4 full.
 */
#include "base/hash.h"

#include <string.h>

#include "base/alloc.h"

static size_t slot_of(const struct hash *h, uint64_t key)
{
    size_t i = hash_mix(key) & (h->size - 1);

    while (h->slots[i].value && h->slots[i].key != key)
        i = (i + 1) & (h->size - 1);
    return i;
}

void *hash_get(const struct hash *h, uint64_t key)
{
    return h->size ? h->slots[slot_of(h, key)].value : NULL;
}

static void grow(struct hash *h)
{
    struct hash bigger = {.size = h->size ? h->size * 2 : 16, .count = h->count};

    bigger.slots = x_new_array(struct hash_slot, bigger.size);
    for (size_t i = 0; i < h->size; i++)
        if (h->slots[i].value)
            bigger.slots[slot_of(&bigger, h->slots[i].key)] = h->slots[i];
    x_free(h->slots);
    *h = bigger;
}

void *hash_put(struct hash *h, uint64_t key, void *value)
{
    struct hash_slot *s;
    void *old;

    if ((h->count + 1) * 4 > h->size * 3)
        grow(h);
    s = &h->slots[slot_of(h, key)];
    old = s->value;
    h->count += !old;
    s->key = key;
    s->value = value;
    return old;
}

void *hash_del(struct hash *h, uint64_t key)
{
    size_t hole, mask = h->size - 1;
    void *old;

    if (!h->size)
        return NULL;
    hole = slot_of(h, key);
    old = h->slots[hole].value;
    if (!old)
        return NULL;
    for (size_t i = (hole + 1) & mask; h->slots[i].value; i = (i + 1) & mask) {
        size_t home = hash_mix(h->slots[i].key) & mask;

        /* Move i into the hole unless its home lies cyclically in (hole, i]. */
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        h->slots[hole] = h->slots[i];
        hole = i;
    }
    h->slots[hole].value = NULL;
    h->count--;
    return old;
}

void hash_clear(struct hash *h)
{
    if (h->slots)
        memset(h->slots, 0, h->size * sizeof(*h->slots));
    h->count = 0;
}

void hash_fini(struct hash *h)
{
    x_free(h->slots);
    memset(h, 0, sizeof(*h));
}
