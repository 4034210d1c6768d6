#!/usr/bin/env bash
# Guests that misbehave, and hosts that are short of something: the signal or errno that a real kernel would give (the native
# twin says which), and never a crash of lodge's own. tests/guest/linux/bad.c says what each word does.
. "$(dirname "$0")/../lib/tap.sh"
need riscv64-linux-gnu-gcc
ulimit -c 0

guest_cc "$TMP/bad" -static -pthread -w "$LODGE_SOURCE/tests/guest/linux/bad.c"
gcc -O2 -static -pthread -w -o "$TMP/native" "$LODGE_SOURCE/tests/guest/linux/bad.c"
cd "$TMP" || exit 1

# What it printed and how it ended; bash's own words about signals left out.
end_of() { { timeout 60 "$@" >stdout 2>&1; status=$?; } 2>shell; echo "$status $(cat stdout)"; }
guest() { end_of "$LODGE" run --engine "$1" ./bad "${@:2}"; }

for what in jump_null jump_wild jump_kernel jump_noncanonical jump_stack jump_data illegal page_end write_text read_kernel \
    read_host write_null unmap_text unmap_all unmap_stack bad_stack bad_handler bus bus_code rewrite unmap_running \
    protect_running remap_running eintr_plain eintr_restart; do
    [ $what = unmap_all ] && [ -n "${LODGE_SANITIZED:-}" ] && continue # of an address space that is smaller there
    want=$(end_of ./native $what)
    is "$(guest auto $what)" "$want" "$what: as natively"
    is "$(guest interp $what)" "$want" "$what, interpreted"
done
# ---- what the host sees ----
for engine in auto interp; do
    "$LODGE" run --engine $engine ./bad waits >waits.out &
    pid=$!
    for _ in $(seq 200); do
        [ -s waits.out ] && break
        sleep 0.05
    done
    is "$(cat waits.out) $(grep -c '^[^ ]* .wx' /proc/$pid/maps)" "waits 0" "no page is writable and executable ($engine)"
    kill -KILL $pid
    { wait $pid; } 2>/dev/null
    rm waits.out
done

# A build with sanitizers has a smaller address space for guests, and needs stack and descriptors for itself.
[ -z "${LODGE_SANITIZED:-}" ] || { done_testing; }
for what in address_space descriptors; do
    is "$(guest auto $what)" "$(end_of ./native $what)" "$what: as natively"
done

# ---- limits that lodge is started under: works, or one line and 125 ----
limited() { # STATUS ULIMIT-ARGS WHAT [REGEX]
    { exits "$1" "ulimit $2: $3" bash -c "ulimit $2; timeout 60 '$LODGE' run ./bad $3; exit \$?"; } 2>shell
    err=$(grep -v "Segmentation fault" <<<"$err")
    like "$err" "^${4:-}\$" "ulimit $2: $3: what lodge says"
}
limited 7 "-s 64" seven
limited 7 "-s 64" rewrite
limited 7 "-s 64" eintr_restart
limited 139 "-s 64" small_stack
limited 7 "-s 16" seven
limited 7 "-s 16" eintr_restart
limited 125 "-n 4" seven "lodge: run: ./bad: [^:]*: Too many open files"
for n in 5 6 7 8 9 10; do
    limited 7 "-n $n" seven
done
limited 7 "-f 0" seven
limited 7 "-l 0" rewrite
if [ -z "${LODGE_SANITIZED:-}" ]; then
    limited 125 "-v 6000" seven "lodge: .*Cannot allocate memory"
    for n in 30000 100000 300000 1000000; do
        limited 7 "-v $n" seven
        limited 7 "-v $n" remap_running
    done
    limited 7 "-d 10000" seven
fi
for closed in "<&-" ">&-" "<&- >&-" "<&- >&- 2>&-"; do
    exits 7 "started with $closed" bash -c "exec timeout 60 '$LODGE' run ./bad seven $closed"
done
exits 7 "every signal blocked and ignored" env --block-signal --ignore-signal timeout 60 "$LODGE" run ./bad seven

# ---- mounts: a full disk, no /proc ----
in_mounts() { # NAME MOUNT-COMMAND WHAT
    exits 7 "$1" unshare -Urm bash -c "$2; timeout 60 '$LODGE' run ./bad $3; exit \$?"
    is "$out$err" "" "$1: says nothing"
}
if unshare -Urm mount -t tmpfs none /mnt 2>/dev/null; then
    exits 7 "a full disk" unshare -Urm bash -c "mkdir -p disk && mount -t tmpfs -o size=256k none disk && cd disk &&
        timeout 60 '$LODGE' run ../bad disk_full"
    for what in seven rewrite eintr_plain address_space; do
        in_mounts "no /proc: $what" "mount -t tmpfs none /proc" $what
    done
    exits 125 "a full disk for the trace" unshare -Urm bash -c "mkdir -p disk && mount -t tmpfs -o size=4k none disk &&
        head -c 4096 /dev/zero >disk/full; timeout 60 '$LODGE' run --trace linux:disk/new/trace ./bad seven"
    exits 7 "the disk fills up while the trace is written" unshare -Urm bash -c "mkdir -p disk &&
        mount -t tmpfs -o size=4k none disk && timeout 60 '$LODGE' run --trace linux:disk/trace ./bad eintr_restart"
else
    skip "full disks and hosts without /proc" "no user namespaces here"
fi
done_testing
