#!/usr/bin/env bash
# The layer check passes on the tree, and catches each kind of fault in a small tree made for it.
. "$(dirname "$0")/../lib/tap.sh"
check=$LODGE_SOURCE/tools/layers/check.py

ok "the tree keeps its levels" python3 "$check"

# A tree with rooms low (level 0), left and right (level 1, right may include left never), top (level 2).
cat >"$TMP/table.txt" <<'T'
0 low
1 left low
1 right low low/low.h
2 top low left
T
tree() { # PATH TEXT: starts again from a good tree, and puts TEXT into PATH
    rm -rf "$TMP/src"
    mkdir -p "$TMP"/src/{low,left,right,top}
    echo '#include <stdio.h>' >"$TMP/src/low/low.h"
    echo '#include "low/low.h"' >"$TMP/src/left/left.h"
    printf '#include "left_int.h"\n#include "left/left_int.h"\n' >"$TMP/src/left/left.c"
    : >"$TMP/src/left/left_int.h"
    echo '  #  include "low/low.h"' >"$TMP/src/right/right.c"
    printf '#include "left/left.h"\n#include "low/low.h"\n' >"$TMP/src/top/top.c"
    [ $# = 0 ] || printf '%s\n' "$2" >"$TMP/src/$1"
}
bad() { # PATH TEXT MESSAGE NAME
    tree "$1" "$2"
    exits 1 "$4" python3 "$check" "$TMP/src" "$TMP/table.txt"
    like "$out" "$3" "$4: said where"
}
tree
ok "a good tree passes" python3 "$check" "$TMP/src" "$TMP/table.txt"
bad low/low.h '#include "left/left.h"' 'low/low.h:1: low .level 0. includes left/left.h' "going up"
bad right/right.c '#include "left/left.h"' 'right/right.c:1: right .* includes left/left.h' "going sideways"
bad right/right.c '#include "../left/left.h"' 'right/right.c:1: right .* includes left/left.h' "sideways by a relative path"
bad top/top.c '#include "left/left_int.h"' 'top/top.c:1: left/left_int.h is private' "another room's private header"
bad top/top.c '#include "right/right.h"' 'top .level 2. includes right/right.h' "down to a room that is not listed"
bad top/top.c '#include "nowhere/x.h"' 'in no room' "an unknown room"
bad stray.c 'int x;' 'stray.c: lies in no room' "a file outside of every room"
tree
echo '1 wrong right' >>"$TMP/table.txt"
exits 1 "a table that allows sideways" python3 "$check" "$TMP/src" "$TMP/table.txt"
rm -rf "$TMP/src" && mkdir "$TMP/src"
sed -i '$d' "$TMP/table.txt"
exits 1 "an empty tree is no success" python3 "$check" "$TMP/src" "$TMP/table.txt"
done_testing
