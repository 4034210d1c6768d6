#!/usr/bin/env python3
"""cases.py FOLDER - writes the instruction tables of this folder anew, without what comes after ->: insns.py fill adds that.

Needed only to add instructions or values: the tables are committed, and they are what the test runs. Every full form is
written with .option norvc, every compressed one by its own name, so that each line of rv64.decode is executed.
"""
import os
import random
import sys

M64 = (1 << 64) - 1
INT = [0, 1, 2, 3, M64, M64 - 1, 1 << 63, (1 << 63) - 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0xffffffff80000000,
       0x123456789abcdef0, 0xdeadbeefcafebabe, 0x3f, 0x40, 0x1f, 0x20, 0xff00ff0000ff00ff, 0x8040201008040201, 0xaa55]
S = [0, 1 << 31, 0x3f800000, 0xbf800000, 0x3fc00000, 0x40490fdb, 0x3dcccccd, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff,
     0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x7fa00001, 0xffc12345, 0xff812345, 0x4b7fffff, 0x33800000, 0x5f000000]
D = [0, 1 << 63, 0x3ff0000000000000, 0xbff0000000000000, 0x3ff8000000000000, 0x400921fb54442d18, 0x3fb999999999999a, 1,
     0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000,
     0x7ff8000000000000, 0x7ff4000000000001, 0xfff8123456789abc, 0xfff0000000000001, 0x433fffffffffffff, 0x3ca0000000000000,
     0x43e0000000000000, 0x36a0000000000000, 0x380fffffe0000000, 0x47efffffefffffff]
# Around the borders of each integer type, and ties.
TO_INT_D = [0x3fe0000000000000, 0xbfe0000000000000, 0x3ff8000000000000, 0xc004000000000000, 0x4004000000000000,
            0x3fefffffffffffff, 0xbfefffffffffffff, 0x41dfffffffc00000, 0x41dfffffffe00000, 0x41e0000000000000,
            0xc1e0000000000000, 0xc1e0000000100000, 0xc1e0000000300000, 0x41efffffffe00000, 0x41effffffff00000, 0x41f0000000000000,
            0x43dfffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0xc3e0000000000001, 0x43efffffffffffff,
            0x43f0000000000000, 0xbff0000000000000, 0x41f0000000100000, 0xc1f0000000100000, 0x4330000000000001, 0x7ff8000000000000]
TO_INT_S = [0x3f000000, 0xbf000000, 0x3fc00000, 0xc0200000, 0x40200000, 0x3f7fffff, 0xbf7fffff, 0x4effffff, 0x4f000000,
            0xcf000000, 0xcf000001, 0x4f7fffff, 0x4f800000, 0x5effffff, 0x5f000000, 0xdf000000, 0xdf000001, 0x5f7fffff,
            0x5f800000, 0xbf800000, 0x4b000001, 0x3f7fffff]
H = [0, 0x8000, 0x3c00, 0xbc00, 1, 0x83ff, 0x0400, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0x7d01, 0xfe12, 0xfc01, 0x3555]
TO_H_D = [0x3ff0000000000000, 0x3ff0020000000000, 0x3ff0060000000000, 0x40effc0000000000, 0x40effe0000000000, 0x40efffffffffffff,
          0x40f0000000000000, 0x3f10000000000000, 0x3f0ffc0000000000, 0x3f0ffe0000000000, 0x3e70000000000000, 0x3e60000000000000,
          0x3e60000000000001, 0x3e50000000000000, 0xbe70000000000000, 1, 0x7fefffffffffffff]
TO_H_S = [0x3f800000, 0x3f801000, 0x3f803000, 0x477fe000, 0x477ff000, 0x477fffff, 0x47800000, 0x38800000, 0x387fe000, 0x387ff000,
          0x33800000, 0x33000000, 0x33000001, 0x32800000, 0xb3800000, 1, 0x7f7fffff]
RM = ['rne', 'rtz', 'rdn', 'rup', 'rmm']


class Table:
    def __init__(self, name, about):
        self.name, self.out, self.rng = name, [f'# {about}'], random.Random(name)

    def add(self, code, before, after, rows):
        self.out += ['', f'= {code} : {" ".join(before)} -> {" ".join(after)}']
        rows = list(dict.fromkeys(tuple(r) for r in rows))
        self.out += [' '.join(f'{v & M64:x}' for v in r) or '.' for r in rows]

    def some(self, n, *lists):
        """n rows: each list's every value at least once, then at random."""
        longest = max(len(x) for x in lists)
        order = [self.rng.sample(x, len(x)) for x in lists]
        rows = [[x[k % len(x)] for x in order] for k in range(longest)]
        return rows + [[self.rng.choice(x) for x in lists] for _ in range(n - longest)]


def integer(t):
    for op in 'add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw mul mulh mulhsu mulhu mulw ' \
              'add.uw sh1add sh2add sh3add sh1add.uw sh2add.uw sh3add.uw andn orn xnor min minu max maxu rol ror rolw rorw ' \
              'clmul clmulr clmulh bclr bext binv bset czero.eqz czero.nez'.split():
        t.add(f'{op} a0,a1,a2', ['a1', 'a2'], ['a0'], t.some(26, INT, INT))
    div = [(1 << 63, M64), (0xffffffff80000000, M64), (0x80000000, M64), (1 << 63, 0), (7, 0), (M64, 0), (7, M64 - 1),
           (M64 - 6, 2), (0x80000000, 0x100000000), (0x17fffffff, 3), (0, 5)]
    for op in 'div divu rem remu divw divuw remw remuw'.split():
        t.add(f'{op} a0,a1,a2', ['a1', 'a2'], ['a0'], div + t.some(22, INT, INT))
    for op in 'clz ctz cpop clzw ctzw cpopw sext.b sext.h zext.h orc.b rev8'.split():
        t.add(f'{op} a0,a1', ['a1'], ['a0'], [[v] for v in INT] + [[0x8000], [0x80], [0x7f80]])
    for op in 'addi slti sltiu xori ori andi addiw'.split():
        for imm in (0, 1, -1, 2047, -2048):
            t.add(f'{op} a0,a1,{imm}', ['a1'], ['a0'], t.some(8, INT)[:8])
    for op in 'slli srli srai rori bclri bexti binvi bseti slli.uw'.split():
        for imm in (0, 1, 31, 32, 63):
            t.add(f'{op} a0,a1,{imm}', ['a1'], ['a0'], t.some(6, INT)[:6])
    for op in 'slliw srliw sraiw roriw'.split():
        for imm in (0, 1, 16, 31):
            t.add(f'{op} a0,a1,{imm}', ['a1'], ['a0'], t.some(6, INT)[:6])
    for imm in (0, 1, 0x7ffff, 0x80000, 0xfffff):
        t.add(f'lui a0,{imm}', [], ['a0'], [[]])
    # the same register twice, and x0
    for code in ('add a1,a1,a1', 'sub a1,a2,a1', 'sub a1,a1,a2', 'mulhu a2,a1,a2', 'div a1,a1,a1', 'addw a1,a1,a1', 'xor a1,a1,a1',
                 'sll a1,a1,a1', 'sub a1,x0,a2', 'sltu a1,x0,a2', 'andn a1,a1,a1', 'rol a1,a1,a1', 'sh1add a1,a1,a1',
                 'czero.eqz a1,a1,a1', 'czero.nez a1,a2,a1', 'rem a1,a2,a1', 'add a1,x0,x0', 'add.uw a1,a1,x0', 'bset a1,x0,a2',
                 'add x0,a1,a2; addi a1,x0,5', 'lui x0,5; mul x0,a1,a1; add a1,x0,a2', 'addiw x0,a1,1; mv a1,x0'):
        t.add(code, ['a1', 'a2'], ['a1', 'a2'], t.some(6, INT, INT)[:8])


def flow(t):
    for op in 'beq bne blt bge bltu bgeu'.split():
        t.add(f'addi a0,x0,1; {op} a1,a2,1f; addi a0,x0,0; 1: nop', ['a1', 'a2'], ['a0'],
              t.some(24, INT, INT) + [(v, v) for v in INT[:6]])
        t.add(f'addi a0,x0,0; j 2f; 1: addi a0,a0,7; j 3f; 2: {op} a1,a2,1b; 3: nop', ['a1', 'a2'], ['a0'],
              t.some(6, INT, INT)[:6] + [(5, 5)])
    # a loop, a loop that ends in the middle of its body, a switch through a table of code
    t.add('addi a0,x0,0; 1: add a0,a0,a1; addi a1,a1,-1; bnez a1,1b', ['a1'], ['a0', 'a1'], [[1], [2], [1000], [30000]])
    t.add('addi a0,x0,0; 1: addi a0,a0,1; andi a2,a1,1; srli a1,a1,1; bnez a2,1b; bnez a1,1b', ['a1'], ['a0', 'a1'],
          [[0], [1], [0xffff], [0x123456789abcdef0], [M64]])
    t.add('1: auipc a0,0; slli a1,a1,3; add a0,a0,a1; jalr x0,20(a0); nop; addi a2,x0,10; j 3f; addi a2,x0,11; j 3f; '
          'addi a2,x0,12; j 3f; addi a2,x0,13; j 3f; 3: nop', ['a1'], ['a2'], [[0], [1], [2], [3]])
    # jal, jalr: link registers and targets; bit 0 of a jalr's target is dropped
    t.add('addi a4,ra,0; auipc a3,0; jal ra,1f; 1: sub a0,ra,a3; addi ra,a4,0', [], ['a0'], [[]])
    t.add('auipc a3,0; jal x0,1f; addi a3,x0,0; 1: auipc a4,0; sub a0,a4,a3', [], ['a0'], [[]])
    t.add('auipc a3,0; jalr a4,13(a3); nop; sub a0,a4,a3', [], ['a0'], [[]])
    t.add('auipc a3,0; addi a3,a3,20; jalr a3,0(a3); nop; addi a3,x0,0; auipc a4,0; sub a0,a4,a3', [], ['a0'], [[]])
    t.add('auipc a3,0; add a3,a3,a1; jalr a4,0(a3); addi a4,x0,0; auipc a0,0; sub a0,a0,a4', ['a1'], ['a0'], [[16], [17]])
    t.add('1: auipc a0,0; 2: auipc a1,1; sub a0,a1,a0; auipc a1,0x80000; lla a2,2b; sub a1,a1,a2', [], ['a0', 'a1'], [[]])
    # calls: nested, recursive, and a return to another place than the call (a coroutine)
    t.add('addi a5,ra,0; addi a0,x0,0; jal ra,1f; addi a0,a0,1; j 9f; 1: addi a4,ra,0; jal t3,2f; jal t3,2f; addi ra,a4,0; '
          'jalr x0,0(ra); 2: add a0,a0,a1; jalr x0,0(t3); 9: addi ra,a5,0', ['a1'], ['a0'], [[5], [100]])
    t.add('addi a5,ra,0; addi a0,x0,0; jal ra,1f; j 9f; 1: addi sp,sp,-16; sd ra,0(sp); beqz a1,2f; add a0,a0,a1; addi a1,a1,-1; '
          'jal ra,1b; 2: ld ra,0(sp); addi sp,sp,16; jalr x0,0(ra); 9: addi ra,a5,0', ['a1'], ['a0'], [[0], [1], [100], [600]])
    t.add('addi a5,ra,0; addi a0,x0,0; jal ra,1f; addi a0,a0,100; addi a0,a0,1; j 9f; 1: addi ra,ra,4; jalr x0,0(ra); 9: addi ra,a5,0',
          [], ['a0'], [[]])
    t.add('lla a2,1f; addi a6,t0,0; addi a0,x0,0; jalr t2,0(a2); addi a0,a0,1; jalr t2,0(t2); addi a0,a0,4; j 9f; '
          '1: addi a0,a0,2; jalr t2,0(t2); addi a0,a0,8; jalr x0,0(t2); 9: nop', [], ['a0'], [[]])
    t.add('fence; fence rw,w; fence r,rw; fence.tso; fence.i; pause; wrs.nto; wrs.sto; addi a0,x0,1', [], ['a0'], [[]])
    # hints: prefetch.i/r/w are ori to x0, ntl.* add to x0
    t.add('ori x0,s0,32; ori x0,s0,33; ori x0,s0,67; add x0,x0,x2; add x0,x0,x5; addi a0,x0,1', [], ['a0'], [[]])


def memory(t):
    V = [0x8091a2b3c4d5e6f7, 0x7f6e5d4c3b2a1908]
    for op, step in (('lb', 1), ('lbu', 1), ('lh', 2), ('lhu', 2), ('lw', 4), ('lwu', 4), ('ld', 8)):
        for off in sorted({0, step, 8 - step, 1, 3}):
            t.add(f'{op} a0,{off}(s0)', ['m0', 'm8'], ['a0'], [V, V[::-1]])
        t.add(f'addi s0,s0,16; {op} a0,-16(s0); {op} s0,-8(s0)', ['m0', 'm8'], ['a0', 's0'], [V])
        t.add(f'{op} x0,0(s0); addi a0,x0,0', ['m0'], ['a0'], [[1]])
    for op, off in (('sb', 0), ('sb', 5), ('sh', 0), ('sh', 3), ('sh', 7), ('sw', 4), ('sw', 6), ('sd', 0), ('sd', 8), ('sd', 5)):
        t.add(f'{op} a0,{off}(s0)', ['m0', 'm8', 'a0'], ['m0', 'm8'], [V + [0x1122334455667788], V[::-1] + [M64]])
        t.add(f'addi s0,s0,16; {op} a0,-16(s0); {op} x0,-8(s0)', ['m0', 'm8', 'a0'], ['m0', 'm8'], [V + [0x1122334455667788]])
    # what was stored is loaded, other sizes included
    t.add('sd a0,0(s0); lb a1,7(s0); sb a1,0(s0); ld a2,0(s0); sh a2,1(s0); lw a3,0(s0)', ['a0'], ['a1', 'a2', 'a3'], [[V[0]], [V[1]]])
    for op in ('flw', 'fld', 'flh'):
        for off in (0, 8, 3):
            t.add(f'{op} fa0,{off}(s0)', ['m0', 'm8', 'fa0'], ['fa0'], [V + [0], V[::-1] + [M64]])
    for op in ('fsw', 'fsd', 'fsh'):
        for off in (0, 8, 3):
            t.add(f'{op} fa0,{off}(s0)', ['m0', 'm8', 'fa0'], ['m0', 'm8'], [V + [0x123456789abcdef0], V[::-1] + [0x7ff4000000000001]])
    row = list(range(1, 9))
    block = [f'm{k}' for k in range(0, 64, 8)]
    for at in ('s0', 'a0'):
        t.add(f'addi a0,s0,61; cbo.zero ({at})', ['m-8', *block, 'm64'], ['m-8', *block, 'm64'], [[9, *row, 10]])


def atomic(t):
    vals = [(5, 7), (M64, 1), (1 << 63, (1 << 63) - 1), (0x80000000, 0x7fffffff), (0xdeadbeefffffffff, 1), (0, M64),
            (0x123456780fffffff, 0xfedcba98f0000000)]
    for op in 'swap add xor and or min max minu maxu'.split():
        for size, ords in (('w', ['', '.aq']), ('d', ['', '.aqrl', '.rl'])):
            for o in ords:
                t.add(f'amo{op}.{size}{o} a0,a1,(s0)', ['m0', 'a1'], ['m0', 'a0'], vals)
        t.add(f'addi a2,s0,4; amo{op}.w a1,a1,(a2)', ['m0', 'a1'], ['m0', 'a1'], vals)
        t.add(f'amo{op}.d x0,a1,(s0)', ['m0', 'a1'], ['m0'], vals[:3])
        t.add(f'addi a2,s0,0; amo{op}.d a2,a1,(a2)', ['m0', 'a1'], ['m0', 'a2'], vals[:3])
    for s in 'wd':
        t.add(f'lr.{s} a0,(s0); sc.{s} a1,a2,(s0)', ['m0', 'a2'], ['m0', 'a0', 'a1'], vals)
        t.add(f'lr.{s}.aq a0,(s0); addi a0,a0,1; sc.{s}.rl a0,a0,(s0)', ['m0'], ['m0', 'a0'], [[v[0]] for v in vals])
        t.add(f'lr.{s}.aqrl x0,(s0); sc.{s}.aqrl x0,a2,(s0)', ['m0', 'a2'], ['m0'], vals[:2])
        # without a reservation, with one of another place, and used up
        t.add(f'addi a1,s0,8; lr.{s} a0,(a1); sc.{s} a3,a2,(s0); snez a3,a3', ['m0', 'a2'], ['m0', 'a3'], vals[:3])
        t.add(f'lr.{s} a0,(s0); sc.{s} a1,a2,(s0); sc.{s} a3,a0,(s0); snez a3,a3', ['m0', 'a2'], ['m0', 'a1', 'a3'], vals[:3])
        t.add(f'lr.{s} a0,(s0); addi a4,a0,1; sd a4,0(s0); sc.{s} a3,a2,(s0); snez a3,a3', ['m0', 'a2'], ['m0', 'a3'], vals[:3])
        t.add(f'1: lr.{s} a0,(s0); add a3,a0,a2; sc.{s} a1,a3,(s0); bnez a1,1b; addi a4,a4,-1; bnez a4,1b', ['m0', 'a2', 'a4'],
              ['m0', 'a0'], [(5, 7, 1), (M64, 1, 100)])


def both(op, kinds='sd'):
    return [(f'{op}.{k}', {'s': '.s', 'd': ''}[k], {'s': S, 'd': D}[k]) for k in kinds]


def fp(t):
    for base in 'fadd fsub fmul fdiv'.split():
        for op, b, V in both(base):
            t.add(f'{op} fa0,fa1,fa2', ['frm', 'fa1' + b, 'fa2' + b], ['fa0' + b, 'fflags'], t.some(60, range(5), V, V))
            for rm in RM:
                t.add(f'{op} fa0,fa1,fa2,{rm}', ['fa1' + b, 'fa2' + b], ['fa0' + b, 'fflags'], t.some(8, V, V)[:12])
    for base in 'fmadd fmsub fnmsub fnmadd'.split():
        for op, b, V in both(base):
            special = [(V[0], V[12], V[14]), (V[12], V[1], V[15]), (V[12], V[2], V[13]), (V[2], V[3], V[2]), (V[6], V[6], V[10])]
            t.add(f'{op} fa0,fa1,fa2,fa3', ['frm', 'fa1' + b, 'fa2' + b, 'fa3' + b], ['fa0' + b, 'fflags'],
                  [(k % 5, *s) for k, s in enumerate(special)] + t.some(60, range(5), V, V, V))
            for rm in RM:
                t.add(f'{op} fa0,fa1,fa2,fa3,{rm}', ['fa1' + b, 'fa2' + b, 'fa3' + b], ['fa0' + b, 'fflags'], t.some(8, V, V, V)[:10])
            t.add(f'{op} fa1,fa1,fa1,fa1', ['fa1' + b], ['fa1' + b, 'fflags'], [[v] for v in V[:8]])
    for base in 'fsgnj fsgnjn fsgnjx fmin fmax fminm fmaxm'.split():
        for op, b, V in both(base):
            t.add(f'{op} fa0,fa1,fa2', ['fa1' + b, 'fa2' + b], ['fa0' + b, 'fflags'],
                  [(V[0], V[1]), (V[1], V[0]), (V[14], V[15]), (V[2], V[14]), (V[15], V[2]), (V[16], V[16])] + t.some(40, V, V))
    for base in 'feq flt fle fltq fleq'.split():
        for op, b, V in both(base):
            t.add(f'{op} a0,fa1,fa2', ['fa1' + b, 'fa2' + b], ['a0', 'fflags'],
                  [(V[0], V[1]), (V[14], V[2]), (V[2], V[15]), (V[2], V[2])] + t.some(40, V, V))
            t.add(f'{op} x0,fa1,fa2', ['fa1' + b, 'fa2' + b], ['fflags'], [(V[15], V[2]), (V[14], V[2]), (V[2], V[3])])
    for base in 'fsqrt fround froundnx'.split():
        for op, b, V in both(base):
            more = TO_INT_S if b else TO_INT_D
            rows = t.some(60, range(5), V + more)
            t.add(f'{op} fa0,fa1', ['frm', 'fa1' + b], ['fa0' + b, 'fflags'], rows)
            for rm in RM:
                t.add(f'{op} fa0,fa1,{rm}', ['fa1' + b], ['fa0' + b, 'fflags'], t.some(12, V + more)[:14])
    for op, b, V in both('fclass'):
        t.add(f'{op} a0,fa1', ['fa1' + b], ['a0', 'fflags'], [[v] for v in V])
    for op, b, V in both('fli'):
        for c in 'min inf nan -1.0 1.52587890625e-05 3.0517578125e-05 0.00390625 0.0078125 0.0625 0.125 0.25 0.3125 0.375 0.4375 ' \
                 '0.5 0.625 0.75 0.875 1.0 1.25 1.5 1.75 2.0 2.5 3.0 4.0 8.0 16.0 128.0 256.0 32768.0 65536.0'.split():
            t.add(f'{op} fa0,{c}', [], ['fa0' + b], [[]])


def convert(t):
    for k, b, V, more in (('s', '.s', S, TO_INT_S), ('d', '', D, TO_INT_D)):
        for i in ('w', 'wu', 'l', 'lu'):
            op = f'fcvt.{i}.{k}'
            t.add(f'{op} a0,fa1', ['frm', 'fa1' + b], ['a0', 'fflags'], t.some(70, range(5), V + more))
            for rm in RM:
                t.add(f'{op} a0,fa1,{rm}', ['fa1' + b], ['a0', 'fflags'], [[v] for v in more])
            t.add(f'{op} x0,fa1,rtz', ['fa1' + b], ['fflags'], [[more[0]], [V[12]]])
            op = f'fcvt.{k}.{i}'
            ints = INT + [0x1000001, 0x1000003, 0x20000000000001, 0x20000000000003, 0x7fffffbf, 0x7ffffffffffffdff, 0xfffffffffffffc00]
            exact = k == 'd' and i in ('w', 'wu')
            if not exact:
                t.add(f'{op} fa0,a1', ['frm', 'a1'], ['fa0' + b, 'fflags'], t.some(50, range(5), ints))
            for rm in (RM if not exact else ['']):
                t.add(f'{op} fa0,a1{"," if rm else ""}{rm}', ['a1'], ['fa0' + b, 'fflags'], [[v] for v in ints])
    t.add('fcvt.d.s fa0,fa1', ['fa1.s'], ['fa0', 'fflags'], [[v] for v in S])
    t.add('fcvt.s.d fa0,fa1', ['frm', 'fa1'], ['fa0.s', 'fflags'], t.some(80, range(5), D + TO_INT_D))
    for rm in RM:
        t.add(f'fcvt.s.d fa0,fa1,{rm}', ['fa1'], ['fa0.s', 'fflags'], [[v] for v in D])
        t.add(f'fcvt.h.s fa0,fa1,{rm}', ['fa1.s'], ['fa0.h', 'fflags'], [[v] for v in TO_H_S])
        t.add(f'fcvt.h.d fa0,fa1,{rm}', ['fa1'], ['fa0.h', 'fflags'], [[v] for v in TO_H_D])
    t.add('fcvt.h.s fa0,fa1', ['frm', 'fa1.s'], ['fa0.h', 'fflags'], t.some(60, range(5), TO_H_S + S))
    t.add('fcvt.h.d fa0,fa1', ['frm', 'fa1'], ['fa0.h', 'fflags'], t.some(60, range(5), TO_H_D + D))
    t.add('fcvt.s.h fa0,fa1', ['fa1.h'], ['fa0.s', 'fflags'], [[v] for v in H])
    t.add('fcvt.d.h fa0,fa1', ['fa1.h'], ['fa0', 'fflags'], [[v] for v in H])
    t.add('fcvtmod.w.d a0,fa1,rtz', ['fa1'], ['a0', 'fflags'], [[v] for v in D + TO_INT_D])
    raw = [0, M64, 0x123456789abcdef0, 0xffffffff80000001, 0x7fffffff, 0xffffffff7fa00001, 0xffffffffffff7d01]
    for op in ('fmv.x.w', 'fmv.x.d', 'fmv.x.h'):
        t.add(f'{op} a0,fa1', ['fa1'], ['a0', 'fflags'], [[v] for v in raw])
    for op in ('fmv.w.x', 'fmv.d.x', 'fmv.h.x'):
        t.add(f'{op} fa0,a1', ['a1', 'fa0'], ['fa0', 'fflags'], [[v, k] for k, v in enumerate(raw)])
    # a value that is not boxed is the canonical NaN
    bad = [0x3f800000, 0x7fffffff3f800000, 0xfffffffe3f800000, 0xffffffff3f800000, 0x3c00, 0xffffffff00003c00, 0xffffffffffff3c00]
    for code in ('fadd.s fa0,fa1,fa2', 'fsgnj.s fa0,fa1,fa1', 'fsgnjn.s fa0,fa1,fa1', 'fmin.s fa0,fa1,fa2', 'fmadd.s fa0,fa1,fa2,fa2',
                 'fsqrt.s fa0,fa1', 'fcvt.d.s fa0,fa1', 'fcvt.h.s fa0,fa1', 'fcvt.s.h fa0,fa1', 'fcvt.d.h fa0,fa1', 'fround.s fa0,fa1'):
        t.add(code, ['fa1', 'fa2'], ['fa0', 'fflags'], [[v, 0xffffffff40000000] for v in bad])
    for code in ('feq.s a0,fa1,fa1', 'flt.s a0,fa1,fa2', 'fclass.s a0,fa1', 'fcvt.w.s a0,fa1', 'fcvt.lu.s a0,fa1', 'fleq.s a0,fa1,fa2'):
        t.add(code, ['fa1', 'fa2'], ['a0', 'fflags'], [[v, 0xffffffff40000000] for v in bad])


def csr(t):
    vals = [0, 1, 0x1f, 0x20, 0xff, 0x7fffffffffffff1f, 0x60]
    for reg in ('fflags', 'frm', 'fcsr'):
        for op in ('csrrw', 'csrrs', 'csrrc'):
            after = ['a0', 'fflags', 'frm'] + (['a2'] if reg == 'fcsr' else [])
            tail = '; csrr a2,fcsr' if reg == 'fcsr' else ''
            good = [v for v in vals if reg != 'frm' or v & 7 < 5]
            t.add(f'{op} a0,{reg},a1{tail}; csrr a3,frm', ['frm', 'a1'], after, [(r, v) for r in (0, 3) for v in good])
            t.add(f'{op}i a0,{reg},{5 if reg != "frm" else 3}', ['frm'], ['a0', 'fflags', 'frm'], [[0], [1], [4]])
            t.add(f'{op} x0,{reg},a1', ['frm', 'a1'], ['fflags', 'frm'], [(1, v) for v in good[:3]])
            t.add(f'{op} a1,{reg},a1', ['frm', 'a1'], ['a1', 'fflags', 'frm'], [(2, v) for v in good[:3]])
        t.add(f'csrrs a0,{reg},x0; csrrci a1,{reg},0', ['frm'], ['a0', 'a1', 'fflags', 'frm'], [[0], [4]])
    one, third = 0x3ff0000000000000, 0x4008000000000000
    t.add('fdiv.d fa0,fa1,fa2; csrr a0,fflags; csrwi frm,3; fdiv.d fa3,fa1,fa2; csrwi frm,2; fdiv.d fa4,fa1,fa2; csrwi frm,4; '
          'fdiv.d fa5,fa1,fa2; csrr a1,fcsr', ['frm', 'fa1', 'fa2'], ['fa0', 'fa3', 'fa4', 'fa5', 'a0', 'a1'],
          [(r, one, third) for r in range(5)] + [(0, one, 0), (1, 0, 0), (0, one, one)])
    t.add('csrr a0,cycle; csrr a1,cycle; sltu a0,a1,a0; csrr a2,time; csrr a3,time; sltu a2,a3,a2; csrr a4,instret; csrr a5,instret; '
          'sltu a4,a5,a4', [], ['a0', 'a2', 'a4'], [[]])


def compressed(t):
    t.add('c.addi a5,-32', ['a5'], ['a5'], [[v] for v in INT[:8]])
    t.add('c.addi a5,31', ['a5'], ['a5'], [[v] for v in INT[:8]])
    t.add('c.addiw a5,-1', ['a5'], ['a5'], [[v] for v in INT])
    t.add('c.addiw a5,0', ['a5'], ['a5'], [[v] for v in INT])
    for code in ('c.li a5,-32', 'c.li a5,31', 'c.lui a5,1', 'c.lui a5,0xfffe0', 'c.lui a5,31'):
        t.add(code, ['a5'], ['a5'], [[M64]])
    t.add('addi a4,sp,0; c.addi16sp sp,-512; sub a5,sp,a4; c.addi16sp sp,496; c.addi16sp sp,16; sub a4,sp,a4', [], ['a5', 'a4'], [[]])
    t.add('c.addi4spn a5,sp,4; sub a5,a5,sp; c.addi4spn a4,sp,1020; sub a4,a4,sp; c.addi4spn a3,sp,600; sub a3,a3,sp', [],
          ['a5', 'a4', 'a3'], [[]])
    for code in ('c.srli a5,1', 'c.srli a5,63', 'c.srai a5,1', 'c.srai a5,40', 'c.andi a5,-32', 'c.andi a5,31', 'c.slli a5,1',
                 'c.slli a5,63'):
        t.add(code, ['a5'], ['a5'], [[v] for v in INT])
    for op in 'sub xor or and subw addw add mv'.split():
        t.add(f'c.{op} a5,a4', ['a5', 'a4'], ['a5', 'a4'], t.some(22, INT, INT))
    for c in ('c.beqz', 'c.bnez'):
        t.add(f'c.li a0,1; {c} a1,1f; c.li a0,0; 1: c.nop', ['a1'], ['a0'], [[v] for v in INT[:10]])
        t.add(f'c.li a0,0; c.j 2f; 1: c.addi a0,7; c.j 3f; 2: {c} a1,1b; 3: c.nop', ['a1'], ['a0'], [[v] for v in INT[:4]])
    t.add('lla a2,1f; c.mv a5,ra; c.jalr a2; c.li a0,5; 1: lla a3,1b; sub a3,a3,ra; lla a4,2f; c.jr a4; c.li a3,0; 2: c.mv ra,a5', [],
          ['a3'], [[]])
    t.add('c.mv a2,s0; c.lw a0,4(a2); c.ld a1,8(a2)', ['m0', 'm8'], ['a0', 'a1'], [(0x8091a2b3c4d5e6f7, 0x7f6e5d4c3b2a1908)])
    t.add('c.mv a2,s0; addi a2,a2,-64; c.lw a0,68(a2); c.ld a1,72(a2); c.fld fa0,64(a2)', ['m0', 'm8'], ['a0', 'a1', 'fa0'],
          [(0x8091a2b3c4d5e6f7, 0x7f6e5d4c3b2a1908)])
    t.add('c.mv a2,s0; c.sw a0,4(a2); c.sd a1,8(a2); c.fsd fa1,56(a2)', ['m0', 'm8', 'm56', 'a0', 'a1', 'fa1'], ['m0', 'm8', 'm56'],
          [(1, 2, 3, 0x8091a2b3c4d5e6f7, 0x7f6e5d4c3b2a1908, 0x123456789abcdef0)])
    t.add('c.addi16sp sp,-512; c.swsp a0,252(sp); c.sdsp a1,504(sp); c.fsdsp fa1,8(sp); c.lwsp a2,252(sp); c.ldsp a3,504(sp); '
          'c.fldsp fa3,8(sp); lw a4,252(sp); c.addi16sp sp,496; c.addi16sp sp,16', ['a0', 'a1', 'fa1'], ['a2', 'a3', 'a4', 'fa3'],
          [(0x8091a2b3c4d5e6f7, 0x7f6e5d4c3b2a1908, 0x123456789abcdef0)])


def main(folder):
    for name, fill, about in (
            ('int', integer, 'Integer arithmetic: RV64I, M, Zba, Zbb, Zbc, Zbs, Zicond.'),
            ('flow', flow, 'Branches, jumps, calls, fences and hints.'),
            ('mem', memory, 'Loads and stores, misaligned ones included; Zicboz.'),
            ('atomic', atomic, 'A.'),
            ('fp', fp, 'F, D and Zfa arithmetic: values, flags, all rounding modes, NaNs.'),
            ('convert', convert, 'F, D, Zfhmin and Zfa conversions, moves, NaN boxing.'),
            ('csr', csr, 'Zicsr: fflags, frm, fcsr, counters.'),
            ('compressed', compressed, 'C.')):
        t = Table(name, about + ' Form: insns.py. Values before by cases.py, after by qemu-riscv64 10.')
        fill(t)
        with open(os.path.join(folder, name + '.txt'), 'w', encoding='utf-8') as f:
            f.write('\n'.join(t.out) + '\n')


main(sys.argv[1])
