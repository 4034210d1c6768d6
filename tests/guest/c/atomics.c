/* C11 atomics: every operation, width and order, alone and under contention; message passing, Dekker with fences, a ticket
 * lock, a lock-free stack with a tag, atomics on bytes inside one word.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "out.h"

enum { THREADS = 4, ROUNDS = 20000 };

#define WIDTH(TYPE, NAME)                                                                                              \
    static uint64_t NAME(uint64_t seed)                                                                                \
    {                                                                                                                  \
        _Atomic TYPE v = (TYPE)seed;                                                                                   \
        struct sum s = SUM_INIT;                                                                                       \
        static const memory_order orders[] = {memory_order_relaxed, memory_order_acquire, memory_order_release,        \
            memory_order_acq_rel, memory_order_seq_cst};                                                               \
        for (size_t i = 0; i < LEN(orders); i++) {                                                                     \
            TYPE x = (TYPE)(seed * 3 + i);                                                                             \
            sum_add(&s, (uint64_t)atomic_fetch_add_explicit(&v, x, orders[i]));                                        \
            sum_add(&s, (uint64_t)atomic_fetch_sub_explicit(&v, (TYPE)(x >> 1), orders[i]));                           \
            sum_add(&s, (uint64_t)atomic_fetch_xor_explicit(&v, (TYPE)(x * 7), orders[i]));                            \
            sum_add(&s, (uint64_t)atomic_fetch_or_explicit(&v, (TYPE)(x & 0x55), orders[i]));                          \
            sum_add(&s, (uint64_t)atomic_fetch_and_explicit(&v, (TYPE) ~(x & 0x3c), orders[i]));                       \
            sum_add(&s, (uint64_t)atomic_exchange_explicit(&v, (TYPE)(x + 9), orders[i]));                             \
            TYPE expected = (TYPE)(x + 8);                                                                             \
            sum_add(&s, atomic_compare_exchange_strong(&v, &expected, (TYPE)1));                                       \
            sum_add(&s, (uint64_t)expected);                                                                           \
            sum_add(&s, atomic_compare_exchange_strong(&v, &expected, (TYPE)(x ^ 5)));                                 \
            TYPE weak = atomic_load_explicit(&v, memory_order_relaxed);                                                \
            while (                                                                                                    \
                !atomic_compare_exchange_weak_explicit(&v, &weak, (TYPE)(weak + 2), orders[i], memory_order_relaxed))  \
                ;                                                                                                      \
            sum_add(&s, (uint64_t)atomic_load(&v));                                                                    \
        }                                                                                                              \
        atomic_store_explicit(&v, (TYPE)77, memory_order_release);                                                     \
        sum_add(&s, (uint64_t)atomic_load_explicit(&v, memory_order_acquire));                                         \
        return s.h;                                                                                                    \
    }

WIDTH(uint8_t, ops8)
WIDTH(int8_t, ops8s)
WIDTH(uint16_t, ops16)
WIDTH(int16_t, ops16s)
WIDTH(uint32_t, ops32)
WIDTH(int32_t, ops32s)
WIDTH(uint64_t, ops64)
WIDTH(int64_t, ops64s)

static _Atomic uint64_t counter64;
static _Atomic uint32_t counter32;
static _Atomic uint8_t bytes[8];
static _Atomic uint16_t halves[4];
static uint64_t plain;
static atomic_flag spin = ATOMIC_FLAG_INIT;
static _Atomic uint32_t ticket, serving;
static uint64_t ticketed;

static void *contend(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&counter64, me + 1);
        atomic_fetch_add_explicit(&counter32, 3, memory_order_relaxed);
        atomic_fetch_add_explicit(&bytes[me], 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&bytes[me + 4], 1, memory_order_acq_rel);
        atomic_fetch_xor(&halves[me], (uint16_t)i);
        while (atomic_flag_test_and_set_explicit(&spin, memory_order_acquire))
            sched_yield();
        plain += me;
        atomic_flag_clear_explicit(&spin, memory_order_release);
        if (i % 16 == 0) {
            uint32_t mine = atomic_fetch_add(&ticket, 1);
            while (atomic_load_explicit(&serving, memory_order_acquire) != mine)
                sched_yield();
            ticketed += mine;
            atomic_fetch_add_explicit(&serving, 1, memory_order_release);
        }
    }
    return NULL;
}

static uint64_t payload[64];
static _Atomic unsigned produced;
static void *consume(void *arg)
{
    struct sum *s = arg;
    for (unsigned i = 1; i <= 20000; i++) {
        while (atomic_load_explicit(&produced, memory_order_acquire) < i)
            sched_yield();
        sum_add(s, payload[i % 64]);
        if (i % 32 == 0)
            atomic_store_explicit(&counter32, i, memory_order_release);
    }
    return NULL;
}

/* Dekker: with full fences the two threads never both see 0. */
static _Atomic int flag_x, flag_y, turn;
static int saw[2];
static pthread_barrier_t barrier;
static int both;
static void *dekker(void *arg)
{
    int me = (int)(intptr_t)arg;
    for (int i = 0; i < 1500; i++) {
        pthread_barrier_wait(&barrier);
        atomic_store_explicit(me ? &flag_y : &flag_x, 1, memory_order_relaxed);
        atomic_thread_fence(memory_order_seq_cst);
        saw[me] = atomic_load_explicit(me ? &flag_x : &flag_y, memory_order_relaxed);
        pthread_barrier_wait(&barrier);
        if (me == 0) {
            both += !saw[0] && !saw[1];
            flag_x = flag_y = 0;
        }
    }
    return NULL;
}

/* A stack of indices with a tag in one 64-bit word. */
static uint32_t link_of[64];
static _Atomic uint64_t top;
static void push(uint32_t node)
{
    uint64_t old = atomic_load(&top), new;
    do {
        link_of[node] = (uint32_t)old;
        new = ((old >> 32) + 1) << 32 | node;
    } while (!atomic_compare_exchange_weak(&top, &old, new));
}
static uint32_t pop(void)
{
    uint64_t old = atomic_load(&top), new;
    do {
        if ((uint32_t)old == 0)
            return 0;
        new = ((old >> 32) + 1) << 32 | __atomic_load_n(&link_of[(uint32_t)old], __ATOMIC_RELAXED);
    } while (!atomic_compare_exchange_weak(&top, &old, new));
    return (uint32_t)old;
}
static _Atomic uint32_t owned[64];
static void *stack(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t node = pop();
        if (node == 0)
            continue;
        CHECK(atomic_exchange(&owned[node], 1) == 0);
        atomic_store(&owned[node], 0);
        push(node);
    }
    return NULL;
}

static void run(void *(*fn)(void *), int n)
{
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < n; i++)
        CHECK(pthread_create(&threads[i], NULL, fn, (void *)i) == 0);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    for (uint64_t seed = 0; seed < 3; seed++) {
        uint64_t x = seed * 0x123456789abcdef1;
        printf("ops %" PRIu64 ": %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64
               " %016" PRIx64 " %016" PRIx64 "\n",
            seed, ops8(x), ops8s(x), ops16(x), ops16s(x), ops32(x), ops32s(x), ops64(x), ops64s(x));
    }
    run(contend, THREADS);
    printf("contention: %" PRIu64 " %u %" PRIu64 " %u %" PRIu64 "\n", counter64, counter32, plain, ticket, ticketed);
    for (int i = 0; i < 8; i++)
        printf("byte %d: %d, half: %d\n", i, bytes[i], halves[i % 4]);
    struct sum s = SUM_INIT;
    pthread_t consumer;
    counter32 = 0;
    pthread_create(&consumer, NULL, consume, &s);
    for (unsigned i = 1; i <= 20000; i++) {
        while (i > atomic_load_explicit(&counter32, memory_order_acquire) + 60)
            sched_yield();
        payload[i % 64] = i * 2654435761u;
        atomic_store_explicit(&produced, i, memory_order_release);
    }
    pthread_join(consumer, NULL);
    out("message passing", s.h);
    pthread_barrier_init(&barrier, NULL, 2);
    run(dekker, 2);
    printf("both saw nothing: %d\n", both);
    for (uint32_t i = 1; i < 64; i++)
        push(i);
    run(stack, THREADS);
    int left = 0;
    while (pop())
        left++;
    printf("stack: %d\n", left);
    return 0;
}
