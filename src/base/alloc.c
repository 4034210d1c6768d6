/* The heap behind one process lock, and arenas on top of it.
 *
 * The lock is a bare futex word, not a pthread mutex: a guest's fork is a raw clone, after which libc's notion of
 * "this thread" may be stale, and the child must be able to release what its parent's thread had taken.
 * It is the room's one mutable global: there is one heap in a process, and it must be lockable from anywhere.
 */
#include "base/alloc.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* 0 free, 1 held, 2 held and somebody may wait (Drepper, "Futexes are tricky", mutex 2). */
static int heap_lock;

void alloc_fork_lock(void)
{
    int seen = 0;
    int saved_errno;

    if (__atomic_compare_exchange_n(&heap_lock, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    saved_errno = errno;
    while (__atomic_exchange_n(&heap_lock, 2, __ATOMIC_ACQUIRE) != 0)
        syscall(SYS_futex, &heap_lock, FUTEX_WAIT_PRIVATE, 2, NULL);
    errno = saved_errno;
}

void alloc_fork_unlock(void)
{
    if (__atomic_exchange_n(&heap_lock, 0, __ATOMIC_RELEASE) == 2)
        syscall(SYS_futex, &heap_lock, FUTEX_WAKE_PRIVATE, 1);
}

static void __attribute__((noreturn)) out_of_memory(size_t size)
{
    log_line("lodge: out of memory: %zu bytes", size);
    _exit(125);
}

void *x_malloc(size_t size)
{
    void *p;

    alloc_fork_lock();
    p = malloc(size ? size : 1);
    alloc_fork_unlock();
    if (!p)
        out_of_memory(size);
    return p;
}

void *x_calloc(size_t count, size_t size)
{
    void *p;

    alloc_fork_lock();
    p = calloc(count ? count : 1, size ? size : 1);
    alloc_fork_unlock();
    if (!p)
        out_of_memory(count * size);
    return p;
}

void *x_realloc(void *old, size_t size)
{
    void *p;

    alloc_fork_lock();
    p = realloc(old, size ? size : 1);
    alloc_fork_unlock();
    if (!p)
        out_of_memory(size);
    return p;
}

void *x_reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory(SIZE_MAX);
    return x_realloc(old, bytes);
}

void x_free(void *p)
{
    if (!p)
        return;
    alloc_fork_lock();
    free(p);
    alloc_fork_unlock();
}

void *x_memdup(const void *data, size_t size)
{
    void *p = x_malloc(size);

    if (size)
        memcpy(p, data, size);
    return p;
}

char *x_strdup(const char *text)
{
    return x_memdup(text, strlen(text) + 1);
}

char *x_strndup(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    char *p = x_malloc(len + 1);

    memcpy(p, text, len);
    p[len] = 0;
    return p;
}

char *x_asprintf(const char *fmt, ...)
{
    va_list args;
    char *p;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        out_of_memory(SIZE_MAX);
    p = x_malloc((size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(p, (size_t)len + 1, fmt, args);
    va_end(args);
    return p;
}

#define ARENA_CHUNK_MAX ((size_t)1 << 20)

void arena_init(struct arena *a, size_t first_chunk_size)
{
    memset(a, 0, sizeof(*a));
    a->chunk_size = (first_chunk_size ? first_chunk_size : 4096) + 15;
    a->chunk_size &= ~(size_t)15;
}

void arena_fini(struct arena *a)
{
    struct arena_chunk *next;

    for (struct arena_chunk *c = a->first; c; c = next) {
        next = c->next;
        x_free(c);
    }
    a->first = a->chunk = NULL;
    a->at = a->end = NULL;
}

static void arena_enter(struct arena *a, struct arena_chunk *c)
{
    a->chunk = c;
    a->at = c->data;
    a->end = c->data + c->size;
}

void arena_reset(struct arena *a)
{
    if (a->first)
        arena_enter(a, a->first);
}

size_t arena_footprint(const struct arena *a)
{
    size_t total = 0;

    for (const struct arena_chunk *c = a->first; c; c = c->next)
        total += sizeof(*c) + c->size;
    return total;
}

/* After a reset the chunks that follow the current one are free: take the first that is big enough, else make one right
 * behind the current chunk. What is left of the current chunk is lost until the next reset. */
void *arena_alloc_slow(struct arena *a, size_t size)
{
    struct arena_chunk *c;
    size_t bytes = a->chunk_size;

    if (size > SIZE_MAX / 2)
        out_of_memory(size);
    size = size ? (size + 15) & ~(size_t)15 : 16;
    if (size <= (size_t)(a->end - a->at))
        return arena_alloc(a, size);
    while (a->chunk && a->chunk->next) {
        arena_enter(a, a->chunk->next);
        if (size <= a->chunk->size)
            return arena_alloc(a, size);
    }
    if (bytes < size)
        bytes = size;
    if (a->chunk_size < ARENA_CHUNK_MAX)
        a->chunk_size *= 2;
    c = x_malloc(sizeof(*c) + bytes);
    c->size = bytes;
    c->next = NULL;
    if (a->chunk)
        a->chunk->next = c;
    else
        a->first = c;
    arena_enter(a, c);
    return arena_alloc(a, size);
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory(SIZE_MAX);
    p = arena_alloc(a, bytes);
    memset(p, 0, bytes);
    return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(arena_alloc(a, size), text, size);
}
