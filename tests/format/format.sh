#!/usr/bin/env bash
# The tree's form: clang-format, file lengths, line ends, and words that do not belong into a finished tree.
. "$(dirname "$0")/../lib/tap.sh"
cd "$LODGE_SOURCE" || exit 1
git rev-parse --git-dir >/dev/null 2>&1 || skip_all "not a git checkout"

if command -v clang-format-14 >/dev/null; then
    bad=$(tools/format/format.sh --check 2>&1 | grep -o '^[^ ]*: error' | sort -u)
    is "$bad" "" "clang-format-14 has nothing to change (tools/format/format.sh)"
else
    skip "clang-format" "clang-format-14 is not installed"
fi
mapfile -t sources < <(git ls-files -- 'src/*' 'tests/*' 'tools/*' 'fuzz/*' 'bench/*' | grep -E '\.([chS]|def|decode|py|sh)$')
is "$(wc -l "${sources[@]}" | awk '$1 > 1500 && $2 != "total"')" "" "no file has more than 1,500 lines"
is "$(git ls-files -- "*.[ch]" | xargs awk 'length > 130 { print FILENAME ":" FNR }')" "" "no C line is longer than 130 columns"
is "$(grep -lP '\r$' "${sources[@]}")" "" "line ends are LF"
is "$(grep -lP '[ \t]+$' "${sources[@]}")" "" "no blanks at line ends"
is "$(grep -nwE 'TO''DO|FIX''ME|X''XX' "${sources[@]}")" "" "nothing is left as a note to do later"
packages=$(awk '/^(build|check|all) /{print $2}' tools/packages.txt)
is "$(sed -n 's/^| `\([^ `]*\)` | \(building\|`.\/check\).*/\1/p' README.md)" "$packages" "README's table names the packages of tools/packages.txt"
bad=
for page in README.md CONTRIBUTING.md SECURITY.md docs/*.md; do
    for link in $(grep -oP '\]\(\K[^)#:]+(?=\))' "$page"); do
        [ -e "$(dirname "$page")/$link" ] || bad+="$page: $link "
    done
done
is "$bad" "" "links between pages lead somewhere"
like "$(printf 'int  f( void );' >"$TMP/bad.c" && cp .clang-format "$TMP" && clang-format-14 --dry-run -Werror "$TMP/bad.c" 2>&1)" \
    "clang-format-violations" "the format check notices a bad file"
done_testing
