/* Heap wrappers, arenas, the lock across a fork, and the end when memory is out. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "harness.h"

TEST(heap_basics)
{
    _cleanup_free_ char *s = x_strdup("hello");
    _cleanup_free_ char *n = x_strndup("hello", 3);
    _cleanup_free_ char *f = x_asprintf("%s-%d", "a", 42);
    _cleanup_free_ int *zeroed = x_new_array(int, 100);

    CHECK_STR(s, "hello");
    CHECK_STR(n, "hel");
    CHECK_STR(f, "a-42");
    for (int i = 0; i < 100; i++)
        CHECK_EQ(zeroed[i], 0);
    s = x_realloc(s, 1000);
    CHECK_STR(s, "hello");
}

static char *hand_over(void)
{
    _cleanup_free_ char *p = x_strdup("kept");

    return steal(&p);
}

TEST(steal_hands_over)
{
    _cleanup_free_ char *p = hand_over();

    CHECK_STR(p, "kept");
}

/* Runs f in a child and returns its wait status. */
static int status_of(void (*f)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        close(2);
        f();
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

static void *volatile sink;

static void overflow_count(void)
{
    sink = x_reallocarray(NULL, SIZE_MAX / 2, 3);
}

static void exhaust(void)
{
    struct rlimit r = {256 << 20, 256 << 20};

    setrlimit(RLIMIT_AS, &r);
    for (;;)
        sink = x_malloc(16 << 20);
}

TEST(out_of_memory_ends_with_125)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("the sanitizer's allocator ends the process by its own rules");
#endif
    int status = status_of(overflow_count);

    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 125);
    status = status_of(exhaust);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 125);
}

TEST(arena_alignment_and_content)
{
    struct arena a;
    unsigned char *p[500];

    arena_init(&a, 0);
    for (unsigned i = 0; i < 500; i++) {
        p[i] = arena_alloc(&a, i);
        CHECK_EQ((uintptr_t)p[i] & 15, (uintptr_t)0);
        memset(p[i], (int)i, i);
    }
    for (unsigned i = 0; i < 500; i++)
        for (unsigned k = 0; k < i; k++)
            CHECK_EQ(p[i][k], (unsigned char)i);
    CHECK_STR(arena_strdup(&a, "text"), "text");
    arena_fini(&a);
}

TEST(arena_reuses_chunks_after_reset)
{
    size_t footprint = 0;
    struct arena a;

    arena_init(&a, 100);
    CHECK_EQ(arena_footprint(&a), (size_t)0);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < 2000; i++)
            memset(arena_alloc(&a, i), 1, i);
        if (round)
            CHECK_EQ(arena_footprint(&a), footprint);
        footprint = arena_footprint(&a);
        arena_reset(&a);
    }
    arena_fini(&a);
    CHECK_EQ(arena_footprint(&a), (size_t)0);
}

TEST(arena_takes_pieces_larger_than_a_chunk)
{
    struct arena a;

    arena_init(&a, 64);
    for (size_t size = 1; size < 8 << 20; size = size * 3 + 1) {
        unsigned char *p = arena_calloc(&a, size, 1);

        CHECK_EQ(p[0] | p[size - 1], 0);
        memset(p, 0xff, size);
    }
    arena_reset(&a);
    CHECK_EQ(*(unsigned char *)arena_calloc(&a, 8, 1), 0);
    arena_fini(&a);
}

static void *churn(void *stop)
{
    while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED))
        x_free(x_malloc(100));
    return NULL;
}

/* Without the lock across the fork, a child soon inherits a heap that one of the threads had in its hands. */
TEST_TIMEOUT(fork_by_clone_out_of_allocating_threads, 60)
{
    enum { THREADS = 4, FORKS = 200 };
    pthread_t thread[THREADS];
    int stop = 0;

#ifdef __SANITIZE_ADDRESS__
    SKIP("a raw clone leaves the sanitizer's own allocator locked");
#endif
#ifdef __SANITIZE_THREAD__
    SKIP("the thread sanitizer does not know raw clone");
#endif
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, churn, &stop), 0);
    for (int i = 0; i < FORKS; i++) {
        int status = -1;
        long pid;

        alloc_fork_lock();
        pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        alloc_fork_unlock();
        CHECK(pid >= 0);
        if (pid == 0) {
            alarm(10);
            for (int k = 0; k < 100; k++)
                x_free(x_malloc(100));
            _exit(7);
        }
        CHECK_EQ(waitpid((pid_t)pid, &status, 0), (pid_t)pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}
