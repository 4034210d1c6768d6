#!/usr/bin/env python3
"""Counts TAP subtests over meson test logs and prints the last line of ./check.

usage: count.py LOG.json...     (meson-logs/testlog*.json)
Lists failed subtests and the reasons of skips before the line `N passed, N failed, N skipped`. A test program that fails
without saying which subtest did, or ends before its plan is through, counts as one failed. Exit status 1 when anything
failed, or when nothing was executed at all.
"""
import json
import re
import sys

passed, failures, skips = 0, [], []


def count(name, test):
    global passed
    failed_here = planned = seen = detail = 0
    for line in test.get("stdout", "").splitlines():
        plan = re.match(r"1\.\.(\d+)(?:\s*# SKIP\s*(.*))?", line)
        result = re.match(r"(not )?ok\b\s*\d*\s*-?\s*([^#]*)(?:#\s*(SKIP)\S*\s*(.*))?", line)
        if plan:
            planned = int(plan.group(1))
            if planned == 0:
                skips.append((name, plan.group(2) or "no reason given"))
        elif line.startswith("#") and detail:
            failures[-1] += "\n      " + line  # what the test said about its failure
            detail -= 1
        elif result:
            seen += 1
            detail = 0
            if result.group(3):
                skips.append((f"{name}: {result.group(2).strip()}", result.group(4)))
            elif result.group(1):
                failed_here += 1
                failures.append(f"{name}: {result.group(2).strip()}")
                detail = 12
            else:
                passed += 1
    if not failed_here and (test["result"] not in ("OK", "SKIP") or seen != planned):
        failures.append(f"{name}: {test['result']}, {seen} of {planned} subtests reported")


for path in sys.argv[1:]:
    build = path.split("/")[0]
    for line in open(path, encoding="utf-8"):
        entry = json.loads(line)
        count(f"{build}/{entry['name'].split(' / ')[-1]}", entry)
for failure in failures:
    print(f"  failed: {failure}")
for where, reason in skips:
    print(f"  skipped: {where}: {reason}")
print(f"{passed} passed, {len(failures)} failed, {len(skips)} skipped")
sys.exit(1 if failures or not passed else 0)
