/* The map against an array, through millions of random operations over few keys (so that probe runs collide and
 * deletions move entries), and over keys chosen for the same home slot. */
#include <stdlib.h>

#include "base/hash.h"
#include "harness.h"

TEST(random_operations_agree_with_an_array)
{
    enum { KEYS = 300 };
    static char values[KEYS];
    void *model[KEYS] = {0};
    struct hash h = {0};
    size_t count = 0;

    srandom(1);
    for (int i = 0; i < 1000000; i++) {
        unsigned k = (unsigned)random() % KEYS;
        uint64_t key = k * 0x1000u;

        switch (random() % 3) {
        case 0:
            CHECK_EQ(hash_put(&h, key, &values[random() % KEYS]), model[k]);
            count += !model[k];
            model[k] = hash_get(&h, key);
            CHECK(model[k] != NULL);
            break;
        case 1:
            CHECK_EQ(hash_del(&h, key), model[k]);
            count -= model[k] != NULL;
            model[k] = NULL;
            break;
        default: CHECK_EQ(hash_get(&h, key), model[k]);
        }
        CHECK_EQ(h.count, count);
    }
    for (unsigned k = 0; k < KEYS; k++)
        CHECK_EQ(hash_get(&h, k * 0x1000u), model[k]);
    hash_fini(&h);
}

TEST(colliding_keys)
{
    struct hash h = {0};
    uint64_t keys[12];
    unsigned n = 0;

    /* 12 is all that a table of 16 holds; homes 14 and 15 make the run wrap around. */
    for (uint64_t key = 0; n < 12; key++)
        if ((hash_mix(key) & 15) >= 14)
            keys[n++] = key;
    for (unsigned skip = 0; skip < 12; skip++) {
        for (unsigned i = 0; i < 12; i++)
            CHECK(hash_put(&h, keys[i], &keys[i]) == NULL);
        CHECK_EQ(hash_del(&h, keys[skip]), (void *)&keys[skip]);
        for (unsigned i = 0; i < 12; i++)
            CHECK_EQ(hash_get(&h, keys[i]), i == skip ? NULL : (void *)&keys[i]);
        hash_clear(&h);
        CHECK_EQ(h.count, (size_t)0);
        CHECK(hash_get(&h, keys[0]) == NULL);
    }
    hash_fini(&h);
}

TEST(empty_and_walk)
{
    struct hash h = {0};
    uint64_t sum = 0;
    char v;

    CHECK(hash_get(&h, 0) == NULL);
    CHECK(hash_del(&h, 0) == NULL);
    hash_clear(&h);
    hash_foreach (p, &h)
        sum += p->key;
    for (uint64_t k = 0; k <= 100; k++)
        hash_put(&h, k, &v);
    hash_foreach (p, &h)
        sum += p->key;
    CHECK_EQ(sum, (uint64_t)5050);
    hash_fini(&h);
}
