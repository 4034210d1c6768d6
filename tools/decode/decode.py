#!/usr/bin/env python3
"""decode.py SPEC OUT.h OUT.c - turns a guest CPU's decode file into C.

The decode file is made of lines (# begins a comment, a trailing backslash continues):

    cpu    rv64                            prefix of everything generated
    arg    rd u8                           a member of struct PREFIX_insn
    field  imm_b s31,7,30:25,11:8,z1       a value in the word, most significant piece first; s: signed, zN: N zero
                                           bits that are not stored, a last piece +N is added to the value
    format b rs1=rs1 rs2=rs2 imm=imm_b "syntax"   arg=FIELD, arg=NUMBER; `rd` alone is rd=rd; the syntax is for the
                                           disassembler of the CPU, not looked at here
    NAME   EXT PICTURE FORMAT [arg=...] ["syntax"]         an instruction; PICTURE is 16 or 32 of 0 1 . with spaces
    NAME   EXT PICTURE FORMAT [arg=...] -> OTHER           another encoding of instruction OTHER (same args)
    NAME   EXT PICTURE !                   reserved: decodes as ILLEGAL; all its dots are "don't care"
    alias  NAME OTHER cond ... "syntax"    how a disassembler shows OTHER when all conds (arg=N, arg=arg) hold

Where two pictures overlap, the more specific one wins; a pair of which neither is more specific is refused unless a third
line has exactly their intersection. Every dot must belong to exactly one field of the format and no field to a fixed bit;
declared things must be used.

Generated: enum PREFIX_id, struct PREFIX_insn, PREFIX_decode16/32 (nested switches: constant, nothing built at start-up),
PREFIX_encode, PREFIX_line[] (names, pictures: disassembler, random instructions, coverage), PREFIX_alias.
"""
import re
import shlex
import sys


class Bad(Exception):
    pass


class Field:
    def __init__(self, spec):
        self.signed = spec.startswith('s')
        self.pieces, self.add, width = [], 0, 0  # pieces: (hi, lo, shift), low ones last
        for p in reversed(spec.lstrip('s').split(',')):
            if p.startswith('+'):
                self.add = int(p)
            elif p.startswith('z'):
                width += int(p[1:])
            else:
                hi, lo = (int(x) for x in (p.split(':') if ':' in p else (p, p)))
                if hi < lo:
                    raise Bad(f'field piece {p} is upside down')
                self.pieces.append((hi, lo, width))
                width += hi - lo + 1
        self.width, self.mask = width, 0
        for hi, lo, _ in self.pieces:
            m = ((1 << (hi - lo + 1)) - 1) << lo
            if self.mask & m:
                raise Bad(f'field {spec} takes a bit twice')
            self.mask |= m

    def get(self):
        terms = []
        for hi, lo, shift in self.pieces:
            t = f'(w >> {lo} & {(1 << (hi - lo + 1)) - 1:#x}u)'
            terms.append(f'{t} << {shift}' if shift else t)
        e = ' | '.join(f'({t})' if '<<' in t and len(terms) > 1 else t for t in terms)
        if self.signed:
            e = f'(int32_t)(({e}) << {32 - self.width}) >> {32 - self.width}' if self.width < 32 else f'(int32_t)({e})'
        return f'({e}) + {self.add}' if self.add else e

    def put(self, value):
        v = f'((uint32_t){value} - {self.add})' if self.add else f'(uint32_t){value}'
        return ' | '.join(f'({v} >> {s} & {(1 << (hi - lo + 1)) - 1:#x}u) << {lo}' for hi, lo, s in self.pieces)


class Line:
    def __init__(self, name, ext, picture):
        self.name, self.ext, self.bits = name, ext, len(picture)
        self.mask = int(re.sub('[01]', '1', picture).replace('.', '0'), 2)
        self.value = int(picture.replace('.', '0'), 2)
        self.target = self.syntax = None
        self.args, self.fmt = {}, ''

    def meets(self, o):
        return self.bits == o.bits and not (self.value ^ o.value) & self.mask & o.mask

    def within(self, o):
        return self.mask & o.mask == o.mask and self.mask != o.mask


class Spec:
    def __init__(self, text):
        self.prefix, self.argtypes, self.fields, self.formats = None, {}, {}, {}
        self.lines, self.aliases, self.used = [], [], set()
        for nr, line in enumerate(text.replace('\\\n', ' ').split('\n'), 1):
            words = shlex.split(line, comments=True)
            try:
                if words:
                    self.parse(words)
            except (Bad, ValueError, KeyError, IndexError) as e:
                raise Bad(f'line {nr}: {line.strip()}: {e}') from e
        self.check()

    def parse(self, w):
        if w[0] == 'cpu':
            self.prefix = w[1]
        elif w[0] in ('arg', 'field', 'format'):
            table = {'arg': self.argtypes, 'field': self.fields, 'format': self.formats}[w[0]]
            if w[1] in table:
                raise Bad(f'{w[0]} {w[1]} is declared twice')
            if w[0] == 'format':
                eq = [x for x in w[2:] if re.fullmatch(r'\w+(=-?\w+)?', x)]
                table[w[1]] = (self.assign(eq), next((x for x in w[2:] if x not in eq), ''))
            else:
                table[w[1]] = Field(w[2]) if w[0] == 'field' else w[2]
        elif w[0] == 'alias':
            conds = [x.split('=') for x in w[3:] if re.fullmatch(r'\w+=-?\w+', x)]
            self.aliases.append((w[1], w[2], conds, w[-1] if len(w) > 3 + len(conds) else ''))
        else:
            self.instruction(w)

    def assign(self, words):
        out = {}
        for word in words:
            arg, _, val = word.partition('=')
            if arg not in self.argtypes:
                raise Bad(f'no arg {arg}')
            val = val or arg
            if not re.fullmatch(r'-?\d\w*', val):
                if val not in self.fields:
                    raise Bad(f'no field {val}')
                self.used.add(('field', val))
            self.used.add(('arg', arg))
            out[arg] = val
        return out

    def instruction(self, w):
        n = next((k for k in range(2, len(w)) if not re.fullmatch('[01.]+', w[k])), len(w))
        ln = Line(w[0], w[1], ''.join(w[2:n]))
        if ln.bits not in (16, 32):
            raise Bad(f'{ln.bits} bits in the picture')
        if any(o.name == ln.name for o in self.lines):
            raise Bad('the name is taken')
        self.lines.append(ln)
        if w[n:] == ['!']:
            return
        ln.fmt, rest = w[n], w[n + 1:]
        if ln.fmt not in self.formats:
            raise Bad(f'no format {ln.fmt}')
        self.used.add(('format', ln.fmt))
        ln.target = ln.name
        if '->' in rest:
            ln.target = rest[rest.index('->') + 1]
            rest = rest[:rest.index('->')]
        eq = [x for x in rest if re.fullmatch(r'\w+=-?\w+', x)]
        ln.args = {**self.formats[ln.fmt][0], **self.assign(eq)}
        ln.syntax = next((x for x in rest if x not in eq), self.formats[ln.fmt][1])
        covered = 0
        for f in {v for v in ln.args.values() if v in self.fields}:
            m = self.fields[f].mask
            if m & covered:
                raise Bad(f'field {f} overlaps another field')
            if m & ln.mask:
                raise Bad(f'field {f} lies over fixed bits {m & ln.mask:#x}')
            covered |= m
        if covered | ln.mask != (1 << ln.bits) - 1:
            raise Bad(f'bits {((1 << ln.bits) - 1) & ~(covered | ln.mask):#x} belong to no field')

    def check(self):
        byname = {ln.name: ln for ln in self.lines}
        for kind, table in (('arg', self.argtypes), ('field', self.fields), ('format', self.formats)):
            for name in (n for n in table if (kind, n) not in self.used):
                raise Bad(f'{kind} {name} is not used')
        for ln in self.lines:
            t = byname.get(ln.target)
            if ln.target and (not t or t.target != t.name):
                raise Bad(f'{ln.name}: no instruction {ln.target}')
            if t and set(t.args) != set(ln.args):
                raise Bad(f'{ln.name}: args differ from those of {t.name}')
        pictures = {(ln.bits, ln.mask, ln.value) for ln in self.lines}
        for i, a in enumerate(self.lines):
            for b in self.lines[:i]:
                if a.meets(b) and not a.within(b) and not b.within(a) and \
                        (a.mask == b.mask or (a.bits, a.mask | b.mask, a.value | b.value) not in pictures):
                    raise Bad(f'{a.name} and {b.name} overlap and neither is more specific')
        for name, other, conds, _ in self.aliases:
            if other not in byname or any(c[0] not in byname[other].args for c in conds):
                raise Bad(f'alias {name}: no such instruction or arg')


def ident(name):
    return name.replace('.', '_')


class Emit:
    def __init__(self, spec):
        self.s, self.p, self.out = spec, spec.prefix, []
        self.getters = {}

    def leaf(self, ln, ind):
        if not ln.target:
            return [f'{ind}return {self.p.upper()}_ILLEGAL;']
        key = tuple(sorted(ln.args.items()))
        if key not in self.getters:
            self.getters[key] = f'get_{len(self.getters)}_{ln.fmt}'
        return [f'{ind}{self.getters[key]}(w, a);', f'{ind}a->line = {self.s.lines.index(ln)};',
                f'{ind}return {self.p.upper()}_{ident(ln.target)};']

    def tree(self, lines, tested, ind):
        common = ~tested
        for ln in lines:
            common &= ln.mask
        if common <= 0:
            first = max(lines, key=lambda ln: bin(ln.mask).count('1'))
            rest = [ln for ln in lines if ln is not first]
            if not first.mask & ~tested:
                return self.leaf(first, ind)
            test = [f'{ind}if ((w & {first.mask:#x}u) == {first.value:#x}u) {{', *self.leaf(first, ind + '    '), ind + '}']
            return test + (self.tree(rest, tested, ind) if rest else [f'{ind}return {self.p.upper()}_ILLEGAL;'])
        runs = [(len(m.group()), m.start()) for m in re.finditer('1+', bin(common)[:1:-1])]
        width, lo = max(runs)
        mask = (1 << width) - 1
        out = [f'{ind}switch (w >> {lo} & {mask:#x}u) {{']
        for v in sorted({ln.value >> lo & mask for ln in lines}):
            out += [f'{ind}case {v:#x}:'] + self.tree([ln for ln in lines if ln.value >> lo & mask == v],
                                                      tested | mask << lo, ind + '    ')
        return out + [ind + '}', f'{ind}return {self.p.upper()}_ILLEGAL;']

    def header(self):
        s, p, P = self.s, self.p, self.p.upper()
        ids = [ident(ln.name) for ln in s.lines if ln.target == ln.name]
        return '\n'.join([
            f'/* Generated by decode.py from {p}.decode. */', f'#ifndef LODGE_{P}_DECODE_H', f'#define LODGE_{P}_DECODE_H',
            '', '#include <stdint.h>', '', f'enum {p}_id {{', f'    {P}_ILLEGAL,', *(f'    {P}_{i},' for i in ids),
            f'    {P}_NIDS', '};', f'enum {{ {P}_NLINES = {len(s.lines)} }};', '',
            f'struct {p}_insn {{', f'    uint16_t id;   /* enum {p}_id */', f'    uint16_t line; /* of {p}_line: which encoding it was */',
            *(f'    {"int32_t" if t == "i32" else "uint8_t"} {a};' for a, t in s.argtypes.items()), '};', '',
            '/* One line of the decode file. target: enum id; ILLEGAL for a reserved encoding. */',
            f'struct {p}_line {{', '    const char *name, *ext, *syntax;', '    uint16_t target;', '    uint8_t bits;',
            '    uint32_t value, mask;', '};', f'extern const struct {p}_line {p}_line[{P}_NLINES];',
            f'extern const uint16_t {p}_main_line[{P}_NIDS]; /* the line that defines an id */',
            f'struct {p}_alias {{\n    const char *name, *syntax;\n}};\n',
            '/* Args of an illegal word are 0. The word\'s upper half is ignored by decode16. */',
            f'enum {p}_id {p}_decode16(uint32_t w, struct {p}_insn *a);',
            f'enum {p}_id {p}_decode32(uint32_t w, struct {p}_insn *a);',
            f'uint32_t {p}_encode(unsigned line, const struct {p}_insn *a); /* the word of that line with these args */',
            f'const struct {p}_alias *{p}_alias(const struct {p}_insn *a);   /* NULL: shown under its own name */',
            '', '#endif', ''])

    def source(self):
        s, p, P = self.s, self.p, self.p.upper()
        body = []
        for bits in (16, 32):
            lines = [ln for ln in s.lines if ln.bits == bits]
            body += [f'static enum {p}_id find{bits}(uint32_t w, struct {p}_insn *a)', '{',
                     *(self.tree(lines, 0, '    ') if lines else [f'    return {P}_ILLEGAL;']), '}', '',
                     f'enum {p}_id {p}_decode{bits}(uint32_t w, struct {p}_insn *a)',
                     f'{{\n    *a = (struct {p}_insn){{0}};\n    return a->id = find{bits}(w, a);\n}}\n']
        gets = []
        for key, name in self.getters.items():
            gets += [f'static inline void {name}(uint32_t w, struct {p}_insn *a)', '{',
                     *(f'    a->{a} = {s.fields[v].get() if v in s.fields else v};' for a, v in key), '}', '']
        enc = [f'uint32_t {p}_encode(unsigned line, const struct {p}_insn *a)\n{{',
               f'    uint32_t w = {p}_line[line].value;\n\n    switch (line) {{']
        groups = {}
        for i, ln in enumerate(s.lines):
            puts = {v: s.fields[v].put('a->' + a) for a, v in ln.args.items() if v in s.fields}  # a field once
            groups.setdefault(' | '.join(puts.values()), []).append(i)
        for expr, nrs in groups.items():
            enc += [*(f'    case {n}:' for n in nrs), f'        return w | {expr};' if expr else '        return w;']
        tab = ['    }\n    return w;\n}\n',
               f'const struct {p}_line {p}_line[{P}_NLINES] = {{']
        for ln in s.lines:
            tid = ident(ln.target) if ln.target else 'ILLEGAL'
            tab.append(f'    {{"{ln.name}", "{ln.ext}", "{ln.syntax or ""}", {P}_{tid}, {ln.bits}, {ln.value:#x}u, {ln.mask:#x}u}},')
        tab += ['};', '', f'const uint16_t {p}_main_line[{P}_NIDS] = {{',
                *(f'    [{P}_{ident(ln.name)}] = {i},' for i, ln in enumerate(s.lines) if ln.target == ln.name), '};', '']
        al = [f'const struct {p}_alias *{p}_alias(const struct {p}_insn *a)', '{', f'    static const struct {p}_alias alias[] = {{',
              *(f'        {{"{n}", "{syn}"}},' for n, _, _, syn in s.aliases), '        {0, 0}', '    };', '', '    switch (a->id) {']
        for other in dict.fromkeys(x[1] for x in s.aliases):
            al.append(f'    case {P}_{ident(other)}:')
            for i, (_, o, conds, _) in enumerate(s.aliases):
                if o == other:
                    test = ' && '.join(f'a->{c[0]} == {"a->" + c[1] if c[1] in s.argtypes else c[1]}' for c in conds) or '1'
                    al += [f'        if ({test})', f'            return &alias[{i}];']
            al.append('        break;')
        al.append('    }\n    return 0;\n}\n')
        head = [f'/* Generated by decode.py from {p}.decode. */\n#include "cpu/{p}/{p}_decode.h"\n']
        return '\n'.join(head + gets + body + enc + tab + al)


def main(argv):
    try:
        with open(argv[1], encoding='utf-8') as f:
            emit = Emit(Spec(f.read()))
    except Bad as e:
        print(f'{argv[1]}: {e}', file=sys.stderr)
        return 1
    for path, text in ((argv[2], emit.header()), (argv[3], emit.source())):
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
