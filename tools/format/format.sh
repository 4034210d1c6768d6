#!/usr/bin/env bash
# Formats the tree's C files, or with --check only says which differ. clang-format 14 exactly: others differ in details.
# usage: tools/format/format.sh [--check] [FILE...]
set -eu
cd "$(dirname "$0")/../.."
mode=(-i)
if [ "${1:-}" = --check ]; then
    mode=(--dry-run -Werror --ferror-limit=1)
    shift
fi
if [ $# -gt 0 ]; then
    files=("$@")
else
    mapfile -t files < <(git ls-files --cached --others --exclude-standard -- 'src/**.[ch]' 'tests/**.[ch]' 'fuzz/**.[ch]' 'bench/**.[ch]')
fi
bad=0
for file in "${files[@]}"; do
    [ -f "$file" ] || continue
    clang-format-14 "${mode[@]}" "$file" || bad=1
done
exit $bad
