#!/usr/bin/env python3
"""random_insns.py SEED OUT.S [BLOCKS] - a riscv64 program of random instructions, to compare two ways of running it.

Each block sets all registers from a table of awkward values, runs 48 random words of rv64.decode (any line that computes;
loads, stores and atomics of scratch memory included; branches forward over one instruction), and writes registers, fcsr and
scratch to standard output. Whoever runs it right writes the same bytes: compare with qemu-riscv64 10, or tier with tier.

Kept out: what leaves the line (jumps, ecall...), what does not repeat (cycle, time), what may end a reservation (wrs), froundnx
(qemu 10.0.13 loses its inexact flag when another operation follows at once), and writes to x2 and x8, which hold the
stack and the scratch memory.
"""
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, '../../..')
sys.path.insert(0, os.path.join(SOURCE, 'tools/decode'))
from decode import Spec  # noqa: E402

OUT = {'jal', 'jalr', 'ecall', 'ebreak', 'csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci', 'auipc', 'beq', 'bne', 'blt',
       'bge', 'bltu', 'bgeu', 'wrs.nto', 'wrs.sto', 'froundnx.s', 'froundnx.d'}
LOADS = {'lb', 'lbu', 'lh', 'lhu', 'lw', 'lwu', 'ld', 'flw', 'fld', 'flh', 'sb', 'sh', 'sw', 'sd', 'fsw', 'fsd', 'fsh'}
INTS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 63, (1 << 63) - 1, (1 << 64) - 1,
        (1 << 64) - 2, 0xffffffff80000000, 63, 64]
SINGLES = [0, 1, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc00001, 0x007fffff,
           0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x5f000000, 0x3f000000, 0x4b000001]
DOUBLES = [0, 1, 1 << 63, 0x3ff0000000000000, 0xbff8000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
           0x7ff0000000000001, 0xfff8000000000001, 0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
           0x41e0000000000000, 0xc3e0000000000000, 0x3fe0000000000000, 0x36a0000000000000, 0x380fffffe0000000]


def extract(field, word):
    v = sum((word >> lo & ((1 << (hi - lo + 1)) - 1)) << shift for hi, lo, shift in field.pieces)
    if field.signed and v >> (field.width - 1):
        v -= 1 << field.width
    return v + field.add


class Maker:
    def __init__(self, seed):
        with open(os.path.join(SOURCE, 'src/cpu/rv64/rv64.decode'), encoding='utf-8') as f:
            self.spec = Spec(f.read())
        self.rng = random.Random(seed)
        self.lines = [ln for ln in self.spec.lines if ln.target and ln.target not in OUT]

    def set(self, word, field, value):
        for hi, lo, shift in self.spec.fields[field].pieces:
            m = (1 << (hi - lo + 1)) - 1
            word = word & ~(m << lo) | (value >> shift & m) << lo
        return word

    def word(self):
        """A random word of a random line that keeps to the rules, and how many bytes it has."""
        while True:
            ln = self.rng.choice(self.lines)
            w = ln.value | self.rng.getrandbits(ln.bits) & ~ln.mask
            if ln.target in LOADS:
                if ln.args['rs1'] in self.spec.fields: # base s0, offset within scratch
                    w = self.set(w, ln.args['rs1'], 8 - self.spec.fields[ln.args['rs1']].add)
                if ln.bits == 32:
                    w = self.set(w, ln.args['imm'], self.rng.randrange(-64, 120))
            elif ln.ext in ('A', 'Zicboz'):
                w = self.set(w, 'rs1', 8)
            args = {a: extract(self.spec.fields[v], w) if v in self.spec.fields else int(v) for a, v in ln.args.items()}
            first = max((o for o in self.spec.lines if o.bits == ln.bits and not (w ^ o.value) & o.mask),
                        key=lambda o: bin(o.mask).count('1'))
            stack = ln.target in LOADS and args['rs1'] == 2
            if first is ln and args.get('rd', 0) not in (2, 8) and args.get('rm', 0) not in (5, 6) and not stack:
                return w, ln.bits

    def value(self, lists):
        pick = self.rng.random()
        return self.rng.choice(lists) if pick < 0.6 else self.rng.getrandbits(64) if pick < 0.9 else self.rng.getrandbits(16)

    def f_value(self):
        if self.rng.random() < 0.5:
            return self.value(DOUBLES)
        return 0xffffffff00000000 | self.value(SINGLES) & 0xffffffff

    def code(self):
        out = []
        for _ in range(48):
            w, bits = self.word()
            if self.rng.random() < 0.05:
                skip, rs1, rs2 = 4 + bits // 8, self.rng.randrange(32), self.rng.randrange(32)
                funct = self.rng.choice([0, 1, 4, 5, 6, 7])
                out.append(f'.4byte {0x63 | rs2 << 20 | rs1 << 15 | funct << 12 | skip << 7:#x}')
            out.append(f'.{bits // 8}byte {w:#x}')
        return out

    def program(self, blocks):
        text, data = ['.globl _start', '.option norvc', '_start:', 'lla sp,scratch'], ['.section .rodata', '.balign 8']
        for n in range(blocks):
            text += ['lla x9,scratch', 'sc.w x0,x0,(x9)', f'lla x8,block{n}', 'lla x9,scratch-64', 'li x10,24', f'1: ld x11,{64 * 8}(x8)', 'sd x11,0(x9)', 'addi x8,x8,8',
                     'addi x9,x9,8', 'addi x10,x10,-1', 'bnez x10,1b', f'lla x8,block{n}']
            text += [f'csrwi fcsr,{self.rng.randrange(5)}', 'csrr x9,fflags', f'csrwi frm,{self.rng.randrange(5)}', 'csrwi fflags,0']
            text += [f'fld f{r},{8 * (32 + r)}(x8)' for r in range(32)]
            text += [f'ld x{r},{8 * r}(x8)' for r in range(1, 32) if r not in (2, 8)] + ['lla x8,scratch']
            text += self.code()
            text += ['sd x9,136(x8)', 'lla x9,state'] + [f'sd x{r},{8 * r}(x9)' for r in range(32) if r not in (2, 8, 9)]
            text += ['csrr x10,fcsr', 'sd x10,0(x9)'] + [f'fsd f{r},{8 * (32 + r)}(x9)' for r in range(32)]
            text += ['li a7,64', 'li a0,1', 'lla a1,state-208', 'li a2,720', 'ecall']
            values = [self.value(INTS) for _ in range(32)] + [self.f_value() for _ in range(32)]
            values += [self.value(INTS) for _ in range(24)]
            data += [f'block{n}: .dword ' + ','.join(hex(v) for v in values)]
        text += ['li a7,93', 'li a0,0', 'ecall', '.bss', '.balign 64', '.skip 64', 'scratch: .skip 144', 'state: .skip 512']
        return '\n'.join(text + data) + '\n'


def main(argv):
    with open(argv[2], 'w', encoding='utf-8') as f:
        f.write(Maker(int(argv[1])).program(int(argv[3]) if len(argv) > 3 else 200))


main(sys.argv)
