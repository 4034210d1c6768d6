#!/usr/bin/env python3
"""insns.py asm FILE.txt > FILE.S - makes a riscv64 program, without libc, that checks a table of instructions.

The table is made of groups; a group is code, the names of its columns, and rows of values before -> after:

    = fadd.s fa0,fa1,fa2 : frm fa1.s fa2.s -> fa0.s fflags
    3 3f800000 33800000 -> 3f800001 1

Columns, all in hexadecimal: x registers; f registers raw (fa0), boxed single (fa0.s), boxed half (fa0.h); fflags; frm; mN, the
8 bytes at s0+N, where s0 points into 192 bytes of scratch memory. fflags is 0 before each row. Code is one or more
instructions with ; between; it may use every register that the table can name but s0-s3, t0, t1, sp, tp, gp.

A row without values before begins with a dot. The program exits with 0 if every row holds, else prints each that does not and exits with 1.

    insns.py build FILE EXE          the same, assembled (a table, or a program FILE.S that is one already)
    insns.py fill FILE.txt QEMU...   runs the rows under an emulator and writes what comes after -> into the table
    insns.py missing DECODE FILE...  which lines of the decode file no FILE executes; exits with 1 if there are any
"""
import os
import re
import subprocess
import sys
import tempfile

MARCH = 'rv64gc_zba_zbb_zbc_zbs_zicond_zicboz_zfhmin_zfa_zawrs_zihintpause'
BOX = {'.s': (0xffffffff00000000, 8), '.h': (0xffffffffffff0000, 4), '': (0, 1)}


class Group:
    def __init__(self, head, line):
        code, _, columns = head.rpartition(' : ')
        before, _, after = columns.partition('->')
        self.code, self.before, self.after = code.strip(), before.split(), after.split()
        self.rows, self.line = [], line  # rows: (line, values before, values after or None)


def parse(path):
    groups = []
    with open(path, encoding='utf-8') as f:
        for nr, line in enumerate(f, 1):
            line = line.split('#')[0].strip()
            if line.startswith('= '):
                groups.append(Group(line[2:], nr))
            elif line:
                before, arrow, after = line.partition('->')
                row = (nr, [v for v in before.split() if v != '.'], after.split() if arrow else None)
                assert len(row[1]) == len(groups[-1].before), f'{path}:{nr}'
                groups[-1].rows.append(row)
    return groups


def split(column):
    m = re.fullmatch(r'(\w[\w-]*)(\.s|\.h|)', column)
    return m[1], m[2]


def load(column, off):
    name, _ = split(column)
    if name == 'frm':
        return [f'ld t0,{off}(s1)', 'fsrm t0']
    if re.fullmatch(r'm-?\d+', name):
        return [f'ld t0,{off}(s1)', f'sd t0,{name[1:]}(s0)']
    return [f'{"fld" if name[0] == "f" else "ld"} {name},{off}(s1)']


def result(column):
    """The column's value to t0."""
    name, _ = split(column)
    if name in ('fflags', 'frm'):
        return [f'csrr t0,{name}']
    if re.fullmatch(r'm-?\d+', name):
        return ['lla t0,scratch', f'ld t0,{name[1:]}(t0)']
    return [f'fmv.x.d t0,{name}' if name[0] == 'f' else f'mv t0,{name}']


START = '''
.option norvc
.globl _start
_start:
    li s3,0
'''
END = '''
    mv a0,s3
    li a7,93
    ecall
fail: # t0 = got, t1 = want, line at 0(s1)
    li s3,1
    lla t2,text
    ld a3,0(s1)
    li a4,1000000
1:  divu a5,a3,a4
    remu a3,a3,a4
    addi a5,a5,48
    sb a5,12(t2)
    addi t2,t2,1
    li a5,10
    divu a4,a4,a5
    bnez a4,1b
    lla t2,text+24
    mv a3,t0
    jal t3,hex
    lla t2,text+46
    mv a3,t1
    jal t3,hex
    li a0,1
    lla a1,text
    li a2,63
    li a7,64
    ecall
    ret
hex:
    li a4,60
1:  srl a5,a3,a4
    andi a5,a5,15
    li a6,10
    blt a5,a6,2f
    addi a5,a5,39
2:  addi a5,a5,48
    sb a5,0(t2)
    addi t2,t2,1
    addi a4,a4,-4
    bgez a4,1b
    jr t3
dump: # t0 to standard output
    addi sp,sp,-16
    sd t0,0(sp)
    li a0,1
    mv a1,sp
    li a2,8
    li a7,64
    ecall
    addi sp,sp,16
    ret
.data
text: .ascii "wrong: line         got 0123456789abcdef want 0123456789abcdef \\n"
.balign 64
.skip 64
scratch: .skip 128
'''


def asm(groups, dump):
    out, data = [START], []
    for n, g in enumerate(groups):
        width = 8 * (1 + len(g.before) + len(g.after))
        out += [f'# {g.code}', f'    lla s1,data{n}', f'    li s2,{len(g.rows)}', f'.Lgroup{n}:', '    lla s0,scratch']
        for k, c in enumerate(g.before):
            out += ['    ' + i for i in load(c, 8 + 8 * k)]
        out += ['    csrwi fflags,0', '.option rvc' if 'c.' in g.code else '']
        out += ['    ' + i.strip() for i in g.code.split(';')] + ['.option norvc']
        if 'fflags' in g.after: # before anything else can raise one
            out += ['    csrr t0,fflags', '    lla t1,flags', '    sd t0,0(t1)']
        for k, c in enumerate(g.after):
            out += ['    ' + i for i in (['lla t0,flags', 'ld t0,0(t0)'] if c == 'fflags' else result(c))]
            if dump:
                out += ['    addi sp,sp,-512', '    sd ra,504(sp)'] + [f'    sd a{r},{8 * r}(sp)' for r in range(8)]
                out += ['    call dump'] + [f'    ld a{r},{8 * r}(sp)' for r in range(8)]
                out += ['    ld ra,504(sp)', '    addi sp,sp,512']
            else:
                out += [f'    ld t1,{8 + 8 * len(g.before) + 8 * k}(s1)', f'    beq t0,t1,.Lok{n}_{k}']
                out += ['    addi sp,sp,-512', '    sd ra,504(sp)'] + [f'    sd a{r},{8 * r}(sp)' for r in range(8)]
                out += ['    call fail'] + [f'    ld a{r},{8 * r}(sp)' for r in range(8)]
                out += ['    ld ra,504(sp)', '    addi sp,sp,512', f'.Lok{n}_{k}:']
        out += [f'    addi s1,s1,{width}', '    addi s2,s2,-1', f'    beqz s2,.Lend{n}', f'    j .Lgroup{n}', f'.Lend{n}:',
                '    csrwi fcsr,0']
        data += [f'data{n}:'] + [f'.dword {", ".join(words(g, r))}' for r in g.rows]
    return '\n'.join(out + [END, 'flags: .dword 0', '.section .rodata', '.balign 8'] + data) + '\n'


def words(g, row):
    nr, before, after = row
    values = before + (after or ['0'] * len(g.after))
    return [str(nr)] + [hex(int(v, 16) | BOX[split(c)[1]][0]) for c, v in zip(g.before + g.after, values)]


def show(column, value):
    mask, digits = BOX[split(column)[1]]
    assert value & mask == mask, f'{column} is not boxed: {value:#x}'
    return f'{value & ~mask:0{digits}x}'


def build(text, exe):
    subprocess.run(['clang-19', '--target=riscv64-linux-gnu', '-march=' + MARCH, '-nostdlib', '-static', '-fuse-ld=lld',
                    '-Wl,--no-relax', '-x', 'assembler', '-', '-o', exe], input=text, text=True, check=True)


def fill(path, emulator):
    groups = parse(path)
    with tempfile.TemporaryDirectory() as folder:
        exe = os.path.join(folder, 'a')
        build(asm(groups, True), exe)
        got = subprocess.run(emulator + [exe], stdout=subprocess.PIPE, check=True).stdout
    assert len(got) == 8 * sum(len(g.rows) * len(g.after) for g in groups), 'the emulator stopped early'
    values = iter(int.from_bytes(got[k:k + 8], 'little') for k in range(0, len(got), 8))
    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')
    for g in groups:
        for nr, before, _ in g.rows:
            lines[nr - 1] = ' '.join((before or ['.']) + ['->'] + [show(c, next(values)) for c in g.after])
    with open(path, 'w', encoding='utf-8') as f:
        f.write('\n'.join(lines))


def missing(decode, paths):
    with open(decode, encoding='utf-8') as f:
        lines = re.findall(r'^(\S+)\s+[A-Z]\w*\s+[01.][01. ]*([^01.\s])', f.read(), re.M)
    code = ''
    for path in paths:
        with open(path, encoding='utf-8') as f:
            code += f.read() if path.endswith('.S') else ''.join(f'{g.code}\n' for g in parse(path))
    used = set(re.findall(r'(?:^|[;:,])\s*([a-z][\w.]*)', code, re.M))
    used |= {re.sub(r'\.(aq|rl|aqrl)$', '', u) for u in used}
    return [name for name, kind in lines if kind != '!' and name not in used], len(lines)


def main(argv):
    if argv[1] == 'asm':
        sys.stdout.write(asm(parse(argv[2]), False))
    elif argv[1] == 'fill':
        fill(argv[2], argv[3:])
    elif argv[1] == 'build' and argv[2].endswith('.S'):
        with open(argv[2], encoding='utf-8') as f:
            build(f.read(), argv[3])
    elif argv[1] == 'build':
        build(asm(parse(argv[2]), False), argv[3])
    elif argv[1] == 'missing':
        names, lines = missing(argv[2], argv[3:])
        print(f'{lines} lines, {len(names)} not executed: {" ".join(names)}')
        sys.exit(bool(names))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(sys.argv)
