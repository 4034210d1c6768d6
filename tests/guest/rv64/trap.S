# Instructions that end in a signal: which one, its code and address, the pc it shows, and that no register has changed.
# Exits with 0, or with the number of the first case that is wrong.
#
# A case sets s5 to the si_addr that it expects (pc: that of the instruction). The handler notes what it was told and goes on
# at s4. Numbers: asm-generic; ucontext: pc of mcontext is at 176, x[n] at 176 + 8n.

.macro sys n
    li a7,\n
    ecall
.endm
.macro expect sig, code
    lla a3,1b
    li a4,\sig
    li a5,\code
    jal t2,check
.endm
# An instruction that traps at its own address.
.macro trap n, sig, code, insn:vararg
    li s1,\n
    lla s4,2f
    lla s5,1f
    j 1f
    .balign 8
1:  \insn
    j wrong
2:  expect \sig,\code
.endm
# One that faults at the address in s5.
.macro fault n, sig, code, insn:vararg
    li s1,\n
    lla s4,2f
1:  \insn
    j wrong
2:  expect \sig,\code
.endm

.globl _start
.option norvc
_start:
    li s2,4              # SIGILL, SIGTRAP, SIGBUS, SIGSEGV
    jal s3,handle
    li s2,5
    jal s3,handle
    li s2,7
    jal s3,handle
    li s2,11
    jal s3,handle
    li s1,90
    li a0,0              # two pages, both ours
    li a1,0x2000
    li a2,7
    li a3,0x22
    li a4,-1
    li a5,0
    sys 222
    bltz a0,wrong
    mv s6,a0
    li t3,0x1000
    add s7,s6,t3         # the second one is taken away
    mv a0,s7
    li a1,0x1000
    li a2,0
    sys 226
    bnez a0,wrong

    trap 1, 5, 1, ebreak
.option rvc
    trap 2, 5, 1, c.ebreak
    trap 3, 4, 1, c.unimp
.option norvc
    trap 4, 4, 1, .word 0xffffffff
    trap 5, 4, 1, .word 0x00c5d553 | 5 << 12 | 1 << 25  # a rounding mode that does not exist
    trap 6, 4, 1, .word 0x00c57553 & ~(7 << 12) | 5 << 12
    trap 7, 4, 1, csrw cycle, x0
    trap 8, 4, 1, csrrs a0, time, a1
    trap 9, 4, 1, csrr a0, 0x300
    trap 10, 4, 1, .word 0x30200073                     # mret
    # an invalid dynamic rounding mode: illegal where it is used, and only there
    li s1,11
    csrwi frm,5
    fadd.s fa0,fa1,fa2,rne
    csrr a0,frm
    li a1,5
    bne a0,a1,wrong
    trap 12, 4, 1, fadd.s fa0,fa1,fa2
    trap 13, 4, 1, fcvt.w.d a0,fa1
    csrwi frm,7
    trap 14, 4, 1, fsqrt.d fa0,fa1
    csrwi frm,0
    fsqrt.d fa0,fa1

    # loads and stores that fault leave everything as it was
    li s5,8
    li a0,0
    fault 20, 11, 1, ld a0,8(a0)
    bnez a0,wrong
    mv s5,s7
    mv a0,s7
    li a1,5
    fault 21, 11, 2, lb a0,0(a0)
    bne a0,s7,wrong
    fault 22, 11, 2, sd a1,0(a0)
    lla s5,_start
    fault 23, 11, 2, sw a1,0(s5)
    mv s5,s7
    fault 24, 11, 2, fld fa0,0(s7)
    fault 25, 11, 2, fsw fa0,0(s7)
    fault 26, 11, 2, amoadd.w a0,a1,(s7)
    bne a0,s7,wrong
    fault 27, 11, 2, lr.d a0,(s7)
    bne a0,s7,wrong
    fault 28, 11, 2, cbo.zero (s7)
    # across the border of the two pages: the first byte that is missing is told, nothing is written
    addi a2,s7,-4
    li a3,0x55
    sw a3,0(a2)
    li a1,-1
    fault 29, 11, 2, sd a1,0(a2)
    lw a3,-4(s7)
    li a4,0x55
    bne a3,a4,wrong
    # atomics must be aligned
    addi s5,s6,2
    fault 30, 7, 1, amoadd.w a0,a1,(s5)
    fault 31, 7, 1, lr.w a0,(s5)
    fault 32, 7, 1, sc.w a0,a1,(s5)
    addi s5,s6,4
    fault 33, 7, 1, amoswap.d a0,a1,(s5)
    bne a0,s7,wrong

    # jumps to where nothing is, or nothing to execute
    li s1,40
    lla s4,2f
    mv s5,s7
    jr s7
2:  mv a3,s7
    li a4,11
    li a5,2
    jal t2,check
    li s1,41
    lla s4,2f
    lla s5,got
    jr s5
2:  mv a3,s5
    li a4,11
    li a5,2
    jal t2,check
    # an instruction of four bytes of which two are there: the pc is its own, the address that of the missing page
    li s1,42
    li a0,0x0513         # addi a0,zero,...
    sh a0,-2(s7)
    addi a3,s7,-2
    mv s5,s7
    lla s4,2f
    fence.i
    jr a3
2:  addi a3,s7,-2
    li a4,11
    li a5,2
    jal t2,check

    # code that is written is executed after fence.i
    li s1,50
    li s8,100
1:  slli a0,s8,20
    li a1,0x00000513     # addi a0,zero,N
    or a0,a0,a1
    sw a0,0(s6)
    li a1,0x00028067     # jr t0
    sw a1,4(s6)
    fence.i
    jalr t0,0(s6)
    bne a0,s8,wrong
    addi s8,s8,-1
    bnez s8,1b

    # a reservation whose page has become read-only: fails or faults, and a fault does not touch rd
    li s1,51
    sd x0,0(s6)
    li s9,77
    lla s4,2f
    lr.d a0,(s6)
    mv a0,s6
    li a1,0x1000
    li a2,1
    sys 226
    sd x0,got,t3
    li s10,5
    sc.d s9,s10,(s6)
    beqz s9,wrong
    j 3f
2:  li a0,77
    bne s9,a0,wrong
3:  ld a0,0(s6)
    bnez a0,wrong

    li a0,0
    sys 93
wrong:
    mv a0,s1
    sys 93

check: # signal a4, code a5, pc a3, address s5
    lla t3,got
    ld t4,0(t3)
    bne t4,a4,wrong
    ld t4,8(t3)
    bne t4,a5,wrong
    ld t4,16(t3)
    bne t4,s5,wrong
    ld t4,24(t3)
    bne t4,a3,wrong
    sd x0,0(t3)
    jr t2

handle: # s2: signal
    mv a0,s2
    lla a1,action
    li a2,0
    li a3,8
    sys 134
    bnez a0,wrong
    jr s3

handler: # a0: signal, a1: siginfo, a2: ucontext
    lla t0,got
    ld t1,0(t0)
    bnez t1,wrong        # a second one
    sd a0,0(t0)
    lw t1,8(a1)
    sd t1,8(t0)
    ld t1,16(a1)
    sd t1,16(t0)
    ld t1,176(a2)
    sd t1,24(t0)
    ld t1,176+8*20(a2)
    sd t1,176(a2)
    ret
.data
.balign 8
action: .dword handler, 4, 0   # SA_SIGINFO
got: .dword 0, 0, 0, 0
