#!/bin/bash
# System calls: the programs of tests/guest/linux say what they see; natively and under lodge they must say the same.
. "$(dirname "$0")/../lib/tap.sh"

here=$LODGE_SOURCE/tests/guest/linux
cross=riscv64-linux-gnu-gcc
command -v $cross >/dev/null || { echo "1..0 # SKIP no $cross"; exit 0; }

build() { # NAME
    cc -static -D_GNU_SOURCE -O1 -w -pthread -o "$TMP/native/$1" "$here/$1.c" -lrt &&
        $cross -static -D_GNU_SOURCE -O1 -w -pthread -o "$TMP/guest/$1" "$here/$1.c" -lrt
}
# Both from a folder of the same name, so that paths agree.
same() { # NAME ARG...
    local name=$1 want got
    shift
    build "$name" || { tap_result 1 "$name: builds"; return; }
    want=$(cd "$TMP/native" && timeout 60 "./$name" "$@" 2>&1)
    got=$(cd "$TMP/guest" && timeout 60 "$LODGE" run "./$name" "$@" 2>&1)
    is "$got" "$want" "$name: as natively"
}

mkdir "$TMP/native" "$TMP/guest"
same files
same sockets
same ipc
same seccomp
same proc argument

# The trace, against strace's own lines of the same calls.
build traced || exit 1
mkdir -p "$TMP/t"
(cd "$TMP/t" && timeout 60 "$LODGE" run --trace linux "$TMP/guest/traced" >/dev/null 2>"$TMP/trace")
line() { # NAME TEXT
    if grep -qF -- "$2" "$TMP/trace"; then tap_result 0 "$1"; else
        tap_result 1 "$1"
        diag "not in the trace: $2" && diag "$(tail -n 40 "$TMP/trace")"
    fi
}
line "openat" 'openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3'
line "an error" 'openat(AT_FDCWD, "/nowhere", O_RDONLY) = -1 ENOENT (No such file or directory)'
line "a buffer" 'write(1, "a \"line\"\n", 9) = 9'
line "a pipe" 'pipe2([4, 5], 0) = 0'
line "vectors" 'writev(5, [{iov_base="one", iov_len=3}, {iov_base="two", iov_len=3}], 2) = 6'
line "the end" 'exit_group(3) = ?'
line "an unknown call" ') = -1 ENOSYS (Function not implemented)'

if command -v strace >/dev/null; then
    # strace pads results to a column and a native libc opens with other calls: the program's own lines are compared.
    (cd "$TMP/t" && timeout 60 strace -o "$TMP/strace" "$TMP/native/traced" >/dev/null 2>&1)
    own() { sed -n '/passwd/,/exit_group/p' "$1" | sed -e 's/) *= /) = /' -e '/ENOSYS/d' -e 's/^+++.*//'; }
    is "$(own "$TMP/trace")" "$(own "$TMP/strace")" "the whole trace as strace prints it"
fi
done_testing
