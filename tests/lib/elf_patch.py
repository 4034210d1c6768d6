#!/usr/bin/env python3
"""Makes a lying ELF file out of a true one: elf_patch.py IN OUT FIELD=VALUE...

FIELD: a field of the 64-bit ELF header (`e_entry`), of the N-th program header of a type (`load1.p_vaddr`, `interp.p_offset`;
without N the first), `interp` (the text of the interpreter's name, which keeps its length) or `at.OFFSET.SIZE`.
VALUE: a number, or `+N`/`-N` added to what is there (modulo the field's size), or for `interp` a text with Python's escapes."""
import re
import struct
import sys

EHDR = {n: (o, s) for n, o, s in (
    ("ei_class", 4, 1), ("ei_data", 5, 1), ("e_type", 16, 2), ("e_machine", 18, 2), ("e_version", 20, 4), ("e_entry", 24, 8),
    ("e_phoff", 32, 8), ("e_shoff", 40, 8), ("e_flags", 48, 4), ("e_ehsize", 52, 2), ("e_phentsize", 54, 2), ("e_phnum", 56, 2))}
PHDR = {n: (o, s) for n, o, s in (
    ("p_type", 0, 4), ("p_flags", 4, 4), ("p_offset", 8, 8), ("p_vaddr", 16, 8), ("p_filesz", 32, 8), ("p_memsz", 40, 8),
    ("p_align", 48, 8))}
TYPES = {"load": 1, "dynamic": 2, "interp": 3, "note": 4, "phdr": 6, "stack": 0x6474e551}


def header_of(image, kind, index):
    """Where the index-th program header of that type lies in the true file."""
    phoff, = struct.unpack_from("<Q", image, 32)
    phnum, = struct.unpack_from("<H", image, 56)
    found = [phoff + 56 * i for i in range(phnum)
             if struct.unpack_from("<I", image, phoff + 56 * i)[0] == TYPES[kind]]
    return found[index]


def place(image, field):
    if field in EHDR:
        return EHDR[field]
    match = re.fullmatch(r"at\.(\d+)\.(\d+)", field)
    if match:
        return int(match[1]), int(match[2])
    kind, index, name = re.fullmatch(r"([a-z]+)(\d*)\.(p_\w+)", field).groups()
    offset, size = PHDR[name]
    return header_of(image, kind, int(index or 0)) + offset, size


def main(source, out, *patches):
    with open(source, "rb") as file:
        true = file.read()
    image = bytearray(true)
    for patch in patches:
        field, value = patch.split("=", 1)
        if field == "interp":
            at = header_of(true, "interp", 0)
            offset, = struct.unpack_from("<Q", true, at + 8)
            size, = struct.unpack_from("<Q", true, at + 32)
            text = value.encode().decode("unicode_escape").encode("latin-1")
            assert len(text) <= size
            image[offset:offset + size] = text.ljust(size, b"\0")
            continue
        offset, size = place(true, field)
        number = int(value.lstrip("+"), 0)
        if value[0] in "+-":
            number += int.from_bytes(true[offset:offset + size], "little")
        image[offset:offset + size] = (number % (1 << 8 * size)).to_bytes(size, "little")
    with open(out, "wb") as file:
        file.write(image)


main(*sys.argv[1:])
