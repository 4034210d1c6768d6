/* Memory of lodge's own.
 *
 * Everything in lodge-guest allocates here and frees here, never by malloc/free: a guest's fork is a raw clone
 * of a process with many threads, and the child must find the heap in one piece. So every call holds one process
 * lock, and whoever forks holds that lock across the fork:
 *
 *     alloc_fork_lock();
 *     pid = clone(...);
 *     alloc_fork_unlock();        // in the parent, and in the child
 *
 * What makes libc allocate behind our back (pthread_create, opendir, fopen) counts too: bracket it the same way if it
 * can run while another thread forks. Nothing here may be called from a signal handler.
 *
 * Running out of memory is not an error that callers handle: lodge says so in one line and exits with status 125.
 */
#ifndef LODGE_BASE_ALLOC_H
#define LODGE_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* ---- heap: never NULL, x_free(NULL) does nothing ---- */
void *x_malloc(size_t size);
void *x_calloc(size_t count, size_t size); /* zeroed; count * size overflowing counts as out of memory */
void *x_realloc(void *old, size_t size);
void *x_reallocarray(void *old, size_t count, size_t size);
void *x_memdup(const void *data, size_t size);
char *x_strdup(const char *text);
char *x_strndup(const char *text, size_t max);
char *x_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void x_free(void *p);

#define x_new(T) ((T *)x_calloc(1, sizeof(T)))
#define x_new_array(T, count) ((T *)x_calloc((count), sizeof(T)))

void alloc_fork_lock(void);
void alloc_fork_unlock(void);

/* ---- ownership ---- */

/* _cleanup_(fn) T x: calls fn(&x) when x goes out of scope. _cleanup_free_: x_free of a pointer. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(alloc_cleanup_free)

static inline void alloc_cleanup_free(void *pp)
{
    x_free(*(void **)pp);
}

/* Hands over what a _cleanup_ pointer owns: `return steal(&buf);` */
#define steal(pp)                                                                                                      \
    ({                                                                                                                 \
        __typeof__(*(pp)) stolen_ = *(pp);                                                                             \
        *(pp) = NULL;                                                                                                  \
        stolen_;                                                                                                       \
    })

/* ---- arenas: many small pieces freed at once ----
 * A translation unit builds everything in one arena and resets it. Pieces are 16-byte aligned. One thread at a time.
 * arena_reset keeps the chunks, so a reused arena soon stops asking for memory.
 */
struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* bytes of data[] */
    _Alignas(16) unsigned char data[];
};

struct arena {
    unsigned char *at, *end;           /* free part of the current chunk */
    struct arena_chunk *first, *chunk; /* owned; `chunk` is the current one */
    size_t chunk_size;                 /* of the next new chunk; doubles up to 1 MiB */
};

void arena_init(struct arena *a, size_t first_chunk_size); /* allocates nothing yet; 0: 4 KiB */
void arena_fini(struct arena *a);
void arena_reset(struct arena *a);
size_t arena_footprint(const struct arena *a); /* bytes taken from the heap */

void *arena_alloc_slow(struct arena *a, size_t size);
void *arena_calloc(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *text);

/* Uninitialised memory. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
    unsigned char *p = a->at;

    if (size - 1 >= (size_t)(a->end - p)) /* size 0, which gets a piece of its own, goes the slow way too */
        return arena_alloc_slow(a, size);
    size = (size + 15) & ~(size_t)15; /* `end - at` is a multiple of 16, so this still fits */
    a->at = p + size;
    return p;
}

#define arena_new(a, T) ((T *)arena_calloc((a), 1, sizeof(T)))
#define arena_new_array(a, T, count) ((T *)arena_calloc((a), (count), sizeof(T)))

#endif
