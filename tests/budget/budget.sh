#!/usr/bin/env bash
# The link budget: every program in BUILDDIR/bin stands in table.txt, loads only what stands there, and is hardened.
. "$(dirname "$0")/../lib/tap.sh"
table=$LODGE_SOURCE/tests/budget/table.txt
need readelf
[ -z "${LODGE_SANITIZED:-}" ] || skip_all "a sanitizer build links its own runtime"

check_program() { # NAME KIND NEEDED...
    local name=$1 kind=$2 file=$LODGE_BUILD/bin/$1 needed
    shift 2
    needed=$(readelf -dW "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | xargs)
    is "$needed" "$(printf '%s\n' "$@" | sort | xargs)" "$name needs exactly what the table lists"
    like "$(readelf -hW "$file")" 'Type: +DYN' "$name is position independent"
    like "$(readelf -lW "$file")" 'GNU_RELRO' "$name has read-only relocations"
    like "$(readelf -lW "$file" | grep GNU_STACK)" ' RW ' "$name has no executable stack"
    like "$(readelf -dW "$file")" 'NOW' "$name binds at start"
    case $kind in
    dynamic) like "$(readelf -lW "$file")" INTERP "$name is dynamic" ;;
    static-pie)
        is "$(readelf -lW "$file" | grep INTERP)" "" "$name has no interpreter"
        like "$(readelf -dW "$file")" 'FLAGS_1.*PIE' "$name is a static PIE"
        ;;
    *) tap_result 1 "$name: unknown kind $kind in the table" ;;
    esac
}

listed=
while read -r name kind libraries; do
    [[ -z $name || $name = \#* ]] && continue
    listed+="$name "
    # shellcheck disable=SC2086 # a list of words
    check_program "$name" "$kind" $libraries
done <"$table"
is "$(cd "$LODGE_BUILD/bin" && find . -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort | xargs)" \
    "$(printf '%s\n' $listed | sort | xargs)" "the table lists every program"
done_testing
