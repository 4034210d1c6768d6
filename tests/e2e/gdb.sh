#!/usr/bin/env bash
# gdb-multiarch against `lodge run --gdb`: what a person types, and what must come back.
. "$(dirname "$0")/../lib/tap.sh"
need riscv64-linux-gnu-gcc gdb-multiarch
cd "$TMP" || exit 1
cp "$LODGE_SOURCE/tests/guest/linux/debugged.c" .
riscv64-linux-gnu-gcc -O0 -g -static -pthread -w -o debugged debugged.c

# Starts the guest; $port is where it waits, $guest its process.
start() { # ENGINE ARG...
    : >guest.err
    timeout 40 "$LODGE" run --engine "$1" --gdb=127.0.0.1:0 ./debugged "${@:2}" >guest.out 2>guest.err &
    guest=$!
    for _ in $(seq 200); do
        port=$(grep -o '127.0.0.1:[0-9]*' guest.err) && break
        sleep 0.05
    done
}
# What gdb says to the commands on standard input.
gdb_says() {
    { printf 'set pagination off\nset confirm off\nset width 0\nfile ./debugged\ntarget remote %s\n' "$port" && cat; } >commands
    { timeout 30 gdb-multiarch -nx -batch -x commands >gdb.out 2>&1; } 2>/dev/null
    out=$(cat gdb.out)
}
# Ends the wait for the guest; $status. What bash says of a signal is not wanted.
finish() { { wait "$guest"; status=$?; } 2>/dev/null; }
has() { # NAME TEXT: a line of gdb's output
    if grep -qE -- "$2" <<<"$out"; then tap_result 0 "$1"; else
        tap_result 1 "$1"
        diag "no line matches $2:" "$(tail -n 12 <<<"$out")"
    fi
}

for engine in auto interp; do
    start $engine
    gdb_says <<'EOT'
info registers pc
break square
continue
backtrace
print n
next
print result
step
info locals
finish
stepi
x/3i $pc
info registers sp a0 fa0
print $fa0 = 2.5
print $fa0
set variable origin.x = 3
print origin
print {int}&origin.y = 7
delete
print square(12)
print counter
tbreak sum_of_squares if n == 99
break all_here
continue
info threads
thread apply all backtrace
handle SIGUSR1 stop print pass
continue
print usr1s
continue
EOT
    finish
    has "$engine: stands at its entry" "^pc +0x[0-9a-f]+.*<_start>"
    has "$engine: a breakpoint" "^Breakpoint 1, square \(n=1\) at debugged.c:"
    has "$engine: backtrace" "^#2 .* in main \(argc=1,"
    has "$engine: print" "^\\\$1 = 1$"
    has "$engine: next" "counter\+\+;"
    has "$engine: print after next" "^\\\$2 = 1$"
    has "$engine: step, info locals" "^result = 1$"
    has "$engine: finish" "^Value returned is \\\$3 = 1$"
    has "$engine: x/i" "^=> 0x[0-9a-f]+ <sum_of_squares\+[0-9]+>:"
    has "$engine: a register" "^a0 +0x1"
    has "$engine: a float register is set" "^\\\$5 = .*double = 2.5"
    has "$engine: memory is written" "^\\\$6 = \{x = 3, y = 2, z = 3.5\}$"
    has "$engine: a call by gdb" "^\\\$8 = 144$"
    has "$engine: a breakpoint in a thread" "hit Breakpoint [0-9]+, all_here \(\) at debugged.c:"
    is "$(grep -cE '^\*? +[123] +Thread ' gdb.out)" 3 "$engine: info threads shows three"
    has "$engine: backtrace of a thread that spins" "^#[01] .*spinner \(arg=0x0\) at debugged.c:"
    has "$engine: backtrace of a thread that sleeps" "^#[0-9] .*nanosleep"
    has "$engine: a signal" "received signal SIGUSR1, User defined signal 1"
    has "$engine: exit status" "exited with code 053"
    is "$status $(paste -sd'|' guest.out)" "43 sum 30|point 3 7, usr1 1" "$engine: the guest's own exit status and output"
done

start auto children
gdb_says <<'EOT'
break square if n == 1000
break square
delete 1
continue
continue
continue
continue
continue
EOT
finish
is "$status $(paste -sd'|' guest.out)" "50 sum 30|children 50" "children go through breakpoints that are their parent's"
has "and gdb follows the parent" "exited with code 062"

start auto loop 1000000000000
gdb_says <<'EOT'
python import threading, os, signal; threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
continue
backtrace
set variable stop = 1
continue
EOT
finish
has "^C of a guest that runs" "received signal SIGINT"
has "where it was" "^#[0-9] .* main "
is "$status" 9 "it goes on"

start auto sleep
gdb_says <<'EOT'
python import threading, os, signal; threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
continue
backtrace
continue
EOT
finish
has "^C of a guest that sleeps" "received signal SIGINT"
has "where it was" "^#[0-9] .*nanosleep"
is "$status $(paste -sd'|' guest.out)" "9 sum 30|slept, 0 left|done" "it sleeps on"

start auto term
gdb_says <<'EOT'
continue
continue
EOT
finish
has "a signal that would end it stops first" "received signal SIGTERM, Terminated"
has "and then ends it" "Program terminated with signal SIGTERM"
is "$status" 143 "as its parent sees"

start auto term
gdb_says <<'EOT'
continue
signal 0
EOT
finish
is "$status" 9 "a signal that gdb keeps is not delivered"

start auto sleep
gdb_says <<'EOT'
break square
continue
delete
signal SIGUSR1
EOT
finish
is "$(grep -c 'received signal' gdb.out) $status" "0 9" "a signal that gdb sends is delivered without another stop"

start auto crash
gdb_says <<'EOT'
continue
backtrace
continue
EOT
finish
has "a crash stops where it happened" "received signal SIGSEGV"
has "in its function" "^#0 .*main \(argc=2"
is "$status" 139 "and ends the guest"

start auto loop 3000000
gdb_says <<'EOT'
break square
continue
detach
EOT
finish
has "detach" "^\[Inferior 1 \(.*\) detached\]"
is "$status $(paste -sd'|' guest.out)" "9 sum 30|done" "the guest runs on after detach"

start auto loop 3000000
gdb_says <<'EOT'
break square
continue
kill
EOT
finish
has "kill" "^\[Inferior 1 \(.*\) killed\]"
is "$status" 137 "the guest is killed"

start auto loop 3000000
gdb_says <<'EOT'
break square
continue
python import os, signal; os.kill(os.getpid(), signal.SIGKILL)
EOT
finish
is "$status $(paste -sd'|' guest.out)" "9 sum 30|done" "the guest runs on when its debugger is gone"

# Something else connects: it is hung up on, and the guest runs.
start auto term
printf 'GET / HTTP/1.0\r\n\r\n$#$x#zz+-+$m0,ffffffffffffffff#aa$vCont;s:zz;c#00' >"/dev/tcp/${port/:/\/}"
finish
is "$status" 143 "noise instead of a debugger"
done_testing
