#!/usr/bin/env python3
"""decode_test.py DECODE.PY CC: a small decode file is turned into C that works; each kind of mistake is refused, by name."""
import os
import subprocess
import sys
import tempfile

GOOD = '''
cpu    toy
arg    rd u8
arg    imm i32
field  rd 11:8
field  imm s15:12,7:5,z1
field  lo 12:8,+3
format i rd imm "%d,%i"
format n ""
add    A  00000000 00000000 ........ ...00011  i
nop    A  00000000 00000000 00000000 00000011  n
clr    A  00000000 00000001 0000.... 00000011  i imm=7
c.clr  C  000..... 00000010                    i rd=lo imm=7 -> clr
c.none C  111..... 00000010                    !
alias  zero clr rd=0 "x"
alias  same add rd=imm ""
'''

MAIN = r'''
#include "cpu/toy/toy_decode.h"
#include <assert.h>
#include <string.h>
int main(void)
{
    struct toy_insn a;
    assert(toy_decode32(0x00000003, &a) == TOY_nop);
    assert(toy_decode32(0x00008543, &a) == TOY_add && a.rd == 5 && a.imm == -124);
    assert(toy_encode(a.line, &a) == 0x8543 && !toy_alias(&a));
    assert(toy_decode32(0x00010903, &a) == TOY_clr && a.rd == 9 && a.imm == 7);
    assert(toy_decode32(0x00012903, &a) == TOY_ILLEGAL && a.rd == 0 && a.imm == 0);
    assert(toy_decode16(0x0402, &a) == TOY_clr && a.rd == 7 && toy_encode(a.line, &a) == 0x0402);
    assert(toy_decode16(0xe002, &a) == TOY_ILLEGAL);
    assert(toy_decode32(0x00010003, &a) == TOY_clr && !strcmp(toy_alias(&a)->name, "zero"));
    assert(toy_decode32(0x00000203 | 1 << 5, &a) == TOY_add && a.rd == 2 && a.imm == 2 && !strcmp(toy_alias(&a)->name, "same"));
    assert(!strcmp(toy_line[toy_main_line[TOY_clr]].name, "clr") && TOY_NLINES == 5);
    return 0;
}
'''

X = '00000000 00000000 '
BAD = [
    ('two lines alike', 'x A ' + X + '........ ...00011 i', 'overlap'),
    ('ambiguous overlap', 'x A ' + X + '1111.... .......1 !', 'neither is more specific'),
    ('bit of no field', 'x A 1....... 00000000 ........ ...00011 i', 'belong to no field'),
    ('field over a fixed bit', 'x A ' + X + '1....... ...01011 i', 'over fixed bits'),
    ('field unused', 'field other 3:0', 'field other is not used'),
    ('format unused', 'format other rd', 'format other is not used'),
    ('arg unused', 'arg other u8', 'arg other is not used'),
    ('unknown format', 'x A ' + X + '00000000 00001011 zz', 'no format zz'),
    ('unknown field', 'format other rd=nothing', 'no field nothing'),
    ('unknown arg', 'format other what=rd', 'no arg what'),
    ('picture too short', 'x A 0000000 00001011 n', '15 bits'),
    ('name taken', 'nop A ' + X + '00000000 00001011 n', 'taken'),
    ('unknown full form', 'x C 110..... 00000010 i rd=lo imm=7 -> what', 'no instruction what'),
    ('other args than the full form', 'x C 11000000 00000010 n -> clr', 'args differ'),
    ('fields that overlap', 'field twice 8,11:9\nx A 01000000 00000000 ........ ...00011 i rd=twice imm=rd',
     'overlaps another field'),
    ('field that takes a bit twice', 'field twice 8,8:7', 'a bit twice'),
    ('field upside down', 'field down 3:5', 'upside down'),
    ('alias of nothing', 'alias x y rd=0 ""', 'no such instruction'),
    ('alias by an arg that is not there', 'alias x nop rd=0 ""', 'no such instruction or arg'),
]


def run(decode, folder, text):
    spec = os.path.join(folder, 'toy.decode')
    with open(spec, 'w', encoding='utf-8') as f:
        f.write(text)
    os.makedirs(os.path.join(folder, 'cpu/toy'), exist_ok=True)
    out = [os.path.join(folder, 'cpu/toy/toy_decode.' + e) for e in 'hc']
    return subprocess.run([sys.executable, decode, spec, *out], capture_output=True, text=True, check=False)


def compiles_and_works(decode, cc, folder):
    r = run(decode, folder, GOOD)
    if r.returncode:
        return r.stderr
    with open(os.path.join(folder, 'main.c'), 'w', encoding='utf-8') as f:
        f.write(MAIN)
    exe = os.path.join(folder, 'main')
    cmd = [*cc, '-Wall', '-I', folder, '-o', exe, os.path.join(folder, 'main.c'), os.path.join(folder, 'cpu/toy/toy_decode.c')]
    r = subprocess.run(cmd, capture_output=True, text=True, check=False)
    return r.stderr if r.returncode else subprocess.run([exe], capture_output=True, text=True, check=False).stderr


def main():
    decode, cc = sys.argv[1], sys.argv[2:]
    print(f'1..{len(BAD) + 1}')
    with tempfile.TemporaryDirectory() as folder:
        trouble = compiles_and_works(decode, cc, folder)
        print('ok 1 - a decode file works' if not trouble else f'not ok 1 - a decode file works\n# {trouble}')
        for n, (what, lines, message) in enumerate(BAD, 2):
            r = run(decode, folder, GOOD + lines + '\n')
            ok = r.returncode == 1 and message in r.stderr and r.stderr.count('\n') == 1
            print(f'{"ok" if ok else "not ok"} {n} - refused: {what}')
            if not ok:
                print(f'# status {r.returncode}, {r.stderr!r}, expected {message!r}')


main()
