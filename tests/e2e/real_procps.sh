#!/usr/bin/env bash
# procps inside, and the host's /proc outside: a guest shows under its own name and command line, not as lodge.
. "$(dirname "$0")/../lib/real.sh"
real_roots base

# A name that no process of the machine has: the root may share its process ids.
cp "$GUEST_ROOT/usr/bin/sleep" "$GUEST_ROOT$WORK/lodge-nap"
is "$(guest 30 bash -c './lodge-nap 77 & sleep 0.3; ps -o comm=,args= -p $!; kill $!')" "lodge-nap       ./lodge-nap 77" "ps shows the guest's name and command line"
is "$(guest 30 bash -c './lodge-nap 78 & p=$!; sleep 0.3; [ "$(pgrep -f "^./lodge-nap 78$")" = $p ] && [ "$(pidof lodge-nap)" = $p ] && echo same; kill $p')" same \
    "pgrep -f and pidof find it"
is "$(guest 30 bash -c 'exec -a renamed sleep 79 & sleep 0.3; ps -o args= -p $!; cat /proc/$!/comm; kill $!')" "$(printf 'renamed 79\nsleep')" \
    "another argv[0]"
is "$(guest 30 bash -c './lodge-nap 80 & sleep 0.3; pkill -x lodge-nap; wait $! ; echo $?')" 143 "pkill by name"
is "$(guest 30 bash -c 'sleep 81 & sleep 0.3; readlink /proc/$!/exe; tr "\0" " " </proc/$!/cmdline; kill $!')" "$(printf '/usr/bin/sleep\nsleep 81 ')" \
    "another guest's /proc/PID/exe and cmdline"
is "$(guest 30 readlink /proc/self/exe)" /usr/bin/readlink "/proc/self/exe"
is "$(guest 30 cat /proc/self/comm)" cat "/proc/self/comm"
is "$(guest 30 bash -c 'printf renamed >/proc/$$/comm; read -r c </proc/$$/comm; echo $c')" renamed "/proc/PID/comm can be written"
is "$(guest 30 cat /proc/self/cmdline | tr '\0' ' ')" "cat /proc/self/cmdline " "/proc/self/cmdline"
is "$(guest 30 env -i A=1 B=2 cat /proc/self/environ | tr '\0' ' ')" "A=1 B=2 " "/proc/self/environ"
is "$(guest 30 awk '/^Name:/ { print $2 }' /proc/self/status)" awk "/proc/self/status"
is "$(guest 30 cut -d" " -f2 /proc/self/stat)" "(cut)" "/proc/self/stat"
is "$(guest 30 bash -c 'grep -c lodge /proc/self/maps')" 0 "/proc/self/maps shows no file of lodge"
like "$(guest 30 cat /proc/self/maps)" '[0-9a-f]+-[0-9a-f]+ r-xp [0-9a-f]{8} [0-9a-f:]+ [0-9]+ +/usr/bin/cat' "its program with x in /proc/self/maps"
like "$(guest 30 cat /proc/self/maps)" '\[stack\]' "its stack there"
is "$(guest 30 ls /proc/self/fd </dev/null)" "$(native 30 ls /proc/self/fd </dev/null)" "/proc/self/fd shows no descriptor of lodge"
is "$(guest 30 bash -c 'ls /proc/self/task | wc -l')" 1 "/proc/self/task"
is "$(guest 30 grep -cP '^hart\t+:' /proc/cpuinfo)" "$(nproc)" "/proc/cpuinfo has a hart a CPU"
like "$(guest 30 grep -m1 '^isa' /proc/cpuinfo)" 'rv64imafdc.*zba_zbb' "and its extensions"
like "$(guest 30 od -An -tu8 -j0 -N16 /proc/self/auxv)" '[0-9]' "/proc/self/auxv"
like "$(guest 30 free -b | head -2)" 'Mem: +[0-9]{8,}' "free"
like "$(guest 30 uptime)" 'load average' "uptime"
like "$(guest 30 top -b -n 1 | head -30)" 'top' "top finds itself"
like "$(guest 30 vmstat | tail -1)" '^ *[0-9]' "vmstat"
exits 0 "sysctl" guest 30 sysctl -n kernel.ostype
is "$out" Linux "kernel.ostype"
is "$(guest 30 bash -c 'start-stop-daemon -S -b -m -p $PWD/pid -x /bin/sleep -- 82; sleep 0.3; start-stop-daemon -T -p $PWD/pid -x /bin/sleep; echo $?
start-stop-daemon -K -p $PWD/pid -x /bin/sleep -R 5 >/dev/null; echo $?; start-stop-daemon -T -p $PWD/pid -x /bin/sleep; echo $?')" "$(printf '0\n0\n1')" \
    "start-stop-daemon finds a daemon by its program"

timeout 30 "$LODGE" run "$GUEST_ROOT" /usr/bin/sleep 83.25 &
sleep 1
pid=$(pgrep -f '^(/usr/bin/)?sleep 83\.25$' | head -1)
is "$(cat "/proc/${pid:-none}/comm" 2>/dev/null)" sleep "on the host: comm"
is "$(tr '\0' ' ' <"/proc/${pid:-none}/cmdline" 2>/dev/null)" "/usr/bin/sleep 83.25 " "on the host: cmdline"
[ -n "$pid" ] && kill "$pid"
wait 2>/dev/null
done_testing
