/* A system call that a signal handler can take back (host_x64.h).
 *
 * int64_t linux_host_call_raw(const _Atomic unsigned *queued, long nr, a, b, c, d, e, f)
 *                             rdi                             rsi      rdx rcx r8 r9 8(rsp) 16(rsp)
 * Kernel: nr in rax; rdi rsi rdx r10 r8 r9; clobbers rcx, r11.
 */
#if defined(__CET__) && (__CET__ & 1)
#define ENTRY endbr64
#else
#define ENTRY
#endif
        .text
        .p2align 4
        .globl  linux_host_call_raw
        .type   linux_host_call_raw, @function
linux_host_call_raw:
        .cfi_startproc
        ENTRY
        movq    %rdi, %r11
        movq    %rsi, %rax
        movq    %rdx, %rdi
        movq    %rcx, %rsi
        movq    %r8, %rdx
        movq    %r9, %r10
        movq    8(%rsp), %r8
        movq    16(%rsp), %r9
        .globl  linux_host_call_start
linux_host_call_start:
        cmpl    $0, (%r11)
        jne     linux_host_call_abort
        syscall
        .globl  linux_host_call_end
linux_host_call_end:
        ret
        .globl  linux_host_call_abort
linux_host_call_abort:
        movq    $-512, %rax             /* -LINUX_ERESTARTSYS */
        ret
        .cfi_endproc
        .size   linux_host_call_raw, . - linux_host_call_raw
        .section .note.GNU-stack, "", @progbits
