/* Growing arrays. A vector is a struct of its element type; zero is a valid empty one.
 *
 *     VEC(struct map) maps = {0};
 *     vec_push(&maps, m);
 *     vec_foreach(p, &maps)
 *         use(p);                      // p is a pointer into the vector: pushing invalidates it
 *     vec_fini(&maps);
 */
#ifndef LODGE_BASE_VEC_H
#define LODGE_BASE_VEC_H

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"

#define VEC(T)                                                                                                         \
    struct {                                                                                                           \
        T *data; /* owned */                                                                                           \
        size_t len, cap;                                                                                               \
    }

static inline void *vec_grow_(void *data, size_t *cap, size_t need, size_t size)
{
    size_t new_cap = *cap ? *cap : 8;

    while (new_cap < need)
        new_cap *= 2;
    *cap = new_cap;
    return x_reallocarray(data, new_cap, size);
}

/* Room for `need` elements in all. */
#define vec_reserve(v, need)                                                                                           \
    do {                                                                                                               \
        if ((need) > (v)->cap)                                                                                         \
            (v)->data = vec_grow_((v)->data, &(v)->cap, (need), sizeof(*(v)->data));                                   \
    } while (0)

#define vec_push(v, value)                                                                                             \
    do {                                                                                                               \
        vec_reserve((v), (v)->len + 1);                                                                                \
        (v)->data[(v)->len++] = (value);                                                                               \
    } while (0)

/* The last element, removed. The vector must not be empty. */
#define vec_pop(v) ((v)->data[--(v)->len])
#define vec_last(v) ((v)->data[(v)->len - 1])

/* Opens a gap at `index` (<= len) and puts value there. */
#define vec_insert(v, index, value)                                                                                    \
    do {                                                                                                               \
        size_t vec_i_ = (index);                                                                                       \
        vec_reserve((v), (v)->len + 1);                                                                                \
        memmove(&(v)->data[vec_i_ + 1], &(v)->data[vec_i_], ((v)->len - vec_i_) * sizeof(*(v)->data));                 \
        (v)->data[vec_i_] = (value);                                                                                   \
        (v)->len++;                                                                                                    \
    } while (0)

/* Removes elements [index, index + count), keeping the order of the others. */
#define vec_remove(v, index, count)                                                                                    \
    do {                                                                                                               \
        size_t vec_i_ = (index), vec_n_ = (count);                                                                     \
        memmove(&(v)->data[vec_i_], &(v)->data[vec_i_ + vec_n_], ((v)->len - vec_i_ - vec_n_) * sizeof(*(v)->data));   \
        (v)->len -= vec_n_;                                                                                            \
    } while (0)

#define vec_clear(v) ((void)((v)->len = 0))

#define vec_fini(v)                                                                                                    \
    do {                                                                                                               \
        x_free((v)->data);                                                                                             \
        (v)->data = NULL;                                                                                              \
        (v)->len = (v)->cap = 0;                                                                                       \
    } while (0)

#define vec_foreach(p, v) for (__typeof__((v)->data) p = (v)->data, p##_end_ = p ? p + (v)->len : p; p < p##_end_; p++)

#endif
