/* sanitize.h - what a sanitizer must be told that it cannot see: a child of vfork runs on another stack with the same thread.
 * Nothing in other builds.
 */
#ifndef LODGE_LINUX_SANITIZE_H
#define LODGE_LINUX_SANITIZE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LINUX_SANITIZED 1
#else
#define LINUX_SANITIZED 0
#endif

struct sanitize_stack {
    void *fake;
    const void *bottom;
    size_t size;
};

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>

/* By the thread, before it goes on on the new stack; by it there; and when it is back. */
static inline void sanitize_leave(struct sanitize_stack *s, const void *bottom, size_t size)
{
    __sanitizer_start_switch_fiber(&s->fake, bottom, size);
}
static inline void sanitize_arrive(struct sanitize_stack *s)
{
    __sanitizer_finish_switch_fiber(NULL, &s->bottom, &s->size);
}
static inline void sanitize_back(struct sanitize_stack *s)
{
    void *none;

    if (s->bottom)
        __sanitizer_start_switch_fiber(&none, s->bottom, s->size);
    __sanitizer_finish_switch_fiber(s->fake, NULL, NULL);
}
#else
static inline void sanitize_leave(struct sanitize_stack *s, const void *bottom, size_t size)
{
    (void)s, (void)bottom, (void)size;
}
static inline void sanitize_arrive(struct sanitize_stack *s)
{
    (void)s;
}
static inline void sanitize_back(struct sanitize_stack *s)
{
    (void)s;
}
#endif

#endif
