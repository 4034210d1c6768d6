#!/usr/bin/env python3
"""Fails when an #include under src/ goes up or sideways, or reaches into another room's *_int.h.

usage: check.py [SRC_DIR [TABLE]]
The table (table.txt) has one line a room: its level and what it may include. The table itself must point downwards.
"""
import os
import re
import sys

here = os.path.dirname(os.path.abspath(__file__))
src = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "../../src")
table = sys.argv[2] if len(sys.argv) > 2 else os.path.join(here, "table.txt")
problems = []


def room_of(path):
    """The room that a path below src lies in: the longest table entry that it begins with."""
    found = [room for room in levels if path.startswith(room + "/")]
    return max(found, key=len) if found else None


levels, allowed = {}, {}
for line in open(table, encoding="utf-8"):
    words = line.split("#")[0].split()
    if words:
        levels[words[1]], allowed[words[1]] = int(words[0]), words[2:]
for room, may in allowed.items():
    for other in may:
        below = other if other in levels else room_of(other)
        if below is None or levels[below] >= levels[room]:
            problems.append(f"{table}: {room} (level {levels[room]}) may not be allowed {other}")


def check_include(path, number, header):
    mine = room_of(path)
    if "/" not in header or header.startswith("."):  # relative to the file; everything else is relative to src
        header = os.path.normpath(os.path.join(os.path.dirname(path), header))
    theirs = room_of(header)
    if theirs == mine:
        return
    if theirs is None:
        problems.append(f"{path}:{number}: {header} is in no room of the table")
    elif theirs not in allowed[mine] and header not in allowed[mine]:
        problems.append(f"{path}:{number}: {mine} (level {levels[mine]}) includes {header}"
                        f" of {theirs} (level {levels[theirs]})")
    elif header.endswith("_int.h"):
        problems.append(f"{path}:{number}: {header} is private to {theirs}")


count = 0
for folder, _, names in sorted(os.walk(src)):
    for name in sorted(names):
        path = os.path.relpath(os.path.join(folder, name), src)
        if not name.endswith((".c", ".h", ".def", ".S")):
            continue
        count += 1
        if room_of(path) is None:
            problems.append(f"{path}: lies in no room of the table")
            continue
        for number, line in enumerate(open(os.path.join(folder, name), encoding="utf-8"), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if match:
                check_include(path, number, match.group(1))

for problem in problems:
    print(problem)
print(f"{count} files, {len(problems)} problems")
sys.exit(1 if problems or not count else 0)
