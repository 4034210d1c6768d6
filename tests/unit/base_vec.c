/* Vectors: growth, insertion, removal, walking. */
#include "base/vec.h"
#include "harness.h"

TEST(push_and_pop)
{
    VEC(int) v = {0};

    for (int i = 0; i < 1000; i++)
        vec_push(&v, i * i);
    CHECK_EQ(v.len, (size_t)1000);
    CHECK_EQ(v.data[500], 250000);
    CHECK_EQ(vec_last(&v), 999 * 999);
    for (int i = 999; i >= 0; i--)
        CHECK_EQ(vec_pop(&v), i * i);
    CHECK_EQ(v.len, (size_t)0);
    vec_fini(&v);
    CHECK(v.data == NULL);
}

TEST(insert_and_remove_keep_order)
{
    VEC(char) v = {0};

    for (const char *c = "acdf"; *c; c++)
        vec_push(&v, *c);
    vec_insert(&v, 1, 'b');
    vec_insert(&v, 4, 'e');
    vec_insert(&v, 6, 'g');
    CHECK_EQ(v.len, (size_t)7);
    CHECK_MEM(v.data, "abcdefg", 7);
    vec_remove(&v, 2, 3);
    CHECK_EQ(v.len, (size_t)4);
    CHECK_MEM(v.data, "abfg", 4);
    vec_remove(&v, 3, 1);
    CHECK_MEM(v.data, "abf", 3);
    vec_clear(&v);
    CHECK_EQ(v.len, (size_t)0);
    vec_fini(&v);
}

TEST(foreach_walks_all_and_nothing)
{
    VEC(int) v = {0};
    int sum = 0;

    vec_foreach (p, &v)
        sum += *p;
    CHECK_EQ(sum, 0);
    for (int i = 1; i <= 10; i++)
        vec_push(&v, i);
    vec_foreach (p, &v)
        sum += *p;
    CHECK_EQ(sum, 55);
    vec_fini(&v);
}
