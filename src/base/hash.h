/* Map from a 64-bit key to a pointer: open addressing, linear probing, deletion without tombstones. Any key is allowed;
 * a NULL value means "absent", so it cannot be stored. Zero is a valid empty map. One thread at a time.
 */
#ifndef LODGE_BASE_HASH_H
#define LODGE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_slot {
    uint64_t key;
    void *value; /* NULL: free slot; else borrowed */
};

struct hash {
    struct hash_slot *slots; /* owned */
    size_t count, size;      /* size: a power of two, or 0 */
};

void *hash_get(const struct hash *h, uint64_t key);
void *hash_put(struct hash *h, uint64_t key, void *value); /* value not NULL; returns what was there before, or NULL */
void *hash_del(struct hash *h, uint64_t key);              /* returns what was there, or NULL */
void hash_clear(struct hash *h);                           /* keeps the table */
void hash_fini(struct hash *h);

/* Spreads a key over 64 bits (the finaliser of splitmix64); low bits are good for a table index. */
static inline uint64_t hash_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Walks the used slots in no order; do not change the map meanwhile. */
#define hash_foreach(p, h)                                                                                             \
    for (struct hash_slot *p = (h)->slots; (h)->slots && p < (h)->slots + (h)->size; p++)                              \
        if (p->value)

#endif
