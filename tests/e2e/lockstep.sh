#!/usr/bin/env bash
# Real programs' first seconds in lockstep: each unit by the reference interpreter and as host code, state and stores compared
# after each. A difference ends lodge with 125 and says which unit; a program that takes longer than its time is fine so far.
. "$(dirname "$0")/../lib/real.sh"
real_unpack GUEST_ROOT lang riscv64
cd "$TMP" || exit 1

# lockstep NAME SECONDS WANT PROGRAM ARG...: one-threaded (another thread's stores look like a difference).
lockstep() {
    local name=$1 seconds=$2 want=$3 program=$4 status=0
    shift 4
    [ -x "$GUEST_ROOT$program" ] || { tap_result 1 "$name: $program is in the root"; return; }
    timeout -k 5 "$seconds" "$LODGE" run --engine lockstep --sysroot "$GUEST_ROOT" "$GUEST_ROOT$program" "$@" \
        >stdout 2>stderr </dev/null || status=$?
    if [ $status = 124 ]; then
        is "$(cat stderr)" "" "$name: agrees for $seconds seconds"
    else
        is "$status $(cat stdout stderr)" "0 $want" "$name: agrees"
    fi
}

seq 3000 | awk '{ print $1 * 7919 % 3001, $1 / 7 }' >numbers
cat >small.c <<'EOT'
double f(double a, int n) { double s = 0; for (int i = 0; i < n; i++) s += a * i / (n + 1); return s; }
EOT
lockstep "busybox sh" 20 500 /usr/bin/busybox sh -c 'i=0; while [ $i -lt 500 ]; do i=$((i+1)); done; echo $i'
lockstep "bash" 20 "$(printf '492\nusr1')" /usr/bin/bash -c 'x=; for i in {1..200}; do x+=$i; done; echo ${#x}
    trap "echo usr1" USR1; kill -USR1 $$'
lockstep "sort" 20 "$(LC_ALL=C sort -n numbers)" /usr/bin/sort --parallel=1 -n numbers
lockstep "sha512sum" 20 "$(sha512sum numbers)" /usr/bin/sha512sum numbers
lockstep "sed" 20 "$(sed -nE 's/^(.)(.*)\.(.*)5$/\3 \1/p' numbers)" /usr/bin/sed -nE 's/^(.)(.*)\.(.*)5$/\3 \1/p' numbers
lockstep "perl" 20 444.664680 /usr/bin/perl -e 'my %h; $h{$_ % 17} += sqrt $_ for 1..500; printf "%.6f\n", $h{3}'
lockstep "lua" 20 "$(printf '667000.0\t3.14159')" /usr/bin/lua5.4 -e \
    'local s=0.0 for i=1,2000 do s = s + i/3 end print(s, string.format("%g", math.pi))'
lockstep "python" 20 "0.9059969808282428 446616" /usr/bin/python3 -S -c \
    'import math; print(sum(math.sin(i) for i in range(200)), 2**200 % 1000007)'
lockstep "gcc's cc1" 8 "" /usr/libexec/gcc/riscv64-linux-gnu/14/cc1 -quiet -O2 small.c -o small.s

# It does notice: a thread that writes what another one reads.
cat >race.c <<'EOT'
#include <pthread.h>
static volatile long n;
static void *count(void *arg) { for (;;) n++; }
int main(void) { pthread_t t; pthread_create(&t, 0, count, 0); for (long i = 0; i < 100000000; i++) n++; return 0; }
EOT
if command -v riscv64-linux-gnu-gcc >/dev/null; then
    guest_cc race -static -pthread -w race.c
    exits 125 "a difference ends the run" timeout 20 "$LODGE" run --engine lockstep ./race
    like "$err" "^lodge: lockstep: unit 0x[0-9a-f]+: (memory|.*) differs?" "and says where"
else
    skip "a difference ends the run" "no cross compiler"
fi
done_testing
