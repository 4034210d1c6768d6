#!/usr/bin/env bash
# bash and dash: as bare files with the root as sysroot, and inside the root: job control, traps, pipes, arrays, arithmetic.
. "$(dirname "$0")/../lib/real.sh"
real_roots base
sh_bare() { bare 20 /usr/bin/bash "$@"; }

is "$(sh_bare -c 'echo $((6 * 7)) "$@"' x a 'b  c')" "42 a b  c" "bare: arguments arrive"
is "$(sh_bare -c 'echo ${BASH_VERSION%%.*} $MACHTYPE')" "5 riscv64-unknown-linux-gnu" "bare: it is the riscv64 bash"
exits 41 "bare: exit status" sh_bare -c 'exit 41'
is "$(echo in | sh_bare -c 'read x; echo "$x" | { read y; echo "<$y>"; }')" "<in>" "bare: standard input, a pipe of two children"
is "$(sh_bare -c 'trap "echo got" USR1; kill -USR1 $$; echo after')" "$(printf 'got\nafter')" "bare: a trap"
is "$(sh_bare -c 'kill -KILL $$' 2>/dev/null; echo $?)" 137 "bare: dies of its own SIGKILL"
is "$(A=b sh_bare -c 'echo $A')" b "bare: the environment arrives"
printf '#!%s\necho script "$@"\n' "$GUEST_ROOT/usr/bin/bash" >"$TMP/script" && chmod +x "$TMP/script"
is "$(sh_bare -c "\"$TMP/script\" one")" "script one" "bare: the guest runs a script of a guest interpreter"
is "$(sh_bare -c "\"$GUEST_ROOT/usr/bin/uname\" -m; exec \"$GUEST_ROOT/usr/bin/env\" -i \"$GUEST_ROOT/usr/bin/printf\" '%s\n' done")" \
    "$(printf 'riscv64\ndone')" "bare: fork and exec of guest programs"

is "$(guest 20 uname -m)" riscv64 "inside: uname"
is "$(guest 20 pwd)" "$WORK" "inside: the root is /"
exits 127 "inside: a missing program" guest 20 bash -c 'nothing-of-this-name'
exits 126 "inside: a file that is no program" guest 20 bash -c /etc/passwd
exits 5 "inside: exit status" guest 20 dash -c 'exit 5'
twin "words, arrays, patterns" 'a=(one "two three" four); echo ${#a[@]} "${a[1]}" "${a[@]:1:2}" ${a[*]^^}
declare -A m=([x]=1 [y]=2); for k in x y; do echo $k=${m[$k]}; done; s=hello.tar.gz; echo ${s%%.*} ${s#*.} ${s/l/L} ${s:1:3} ${#s}
[[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}; case foo in foo|bar) echo yes;; esac
echo {1..5} {a..e..2} {x,y}{1,2}; printf "%q %5.2f %08x %b\n" "a b" 3.14159 48879 "t\tx"; mapfile -t l < <(seq 3); echo ${l[2]}'
twin "arithmetic of 64 bits" 'echo $((2**62 + 2**62 - 1 + 2**62)) $((-7 / 2)) $((-7 % 3)) $((7 >> 1)) $((-1 >> 1)) $((1 << 63)) $((0xff ^ 0x0f)) $((~5))
i=0; for ((n = 0; n < 3000; n++)); do i=$(((i * 31 + n) & 0xffff)); done; echo $i; echo $((9223372036854775807 + 1)) $((5 > 3 ? 1 : 0)) $((36#zz))'
twin "functions and recursion" 'fib() { (($1 < 2)) && { echo $1; return; }; echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); }; fib 9
f() { local x=$1; ((x)) && f $((x - 1)) || echo bottom; }; f 300; set -e; (false; echo no) || echo caught'
twin "here-documents, process substitution, redirection" 'cat <<X; cat <<"Y"
$((1 + 1)) $HOME
X
$HOME
Y
diff <(seq 3) <(seq 4); exec 3>o; echo to three >&3; exec 3>&-; cat o; { echo out; echo err >&2; } 2>&1 | sort; cat <<<word; echo a >|o; echo b >>o; wc -l <o
exec 5<>o; read -u 5 l; echo $l; echo ${PIPESTATUS[@]}; true | false | true; echo ${PIPESTATUS[@]}'
twin "a pipe of many, SIGPIPE" 'seq 100000 | sort -rn | head -3 | tail -1; yes | head -2; (yes; echo $? >st) | head -1; cat st; seq 1 20000 | while read x; do ((x > 3)) && break; echo $x; done'
twin "traps and signals" 'trap "echo usr1" USR1; trap "echo exit" EXIT; kill -USR1 $$; (trap - USR1; kill -USR1 $BASHPID); echo $?
for s in HUP INT TERM KILL ABRT SEGV RTMIN RTMAX; do bash -c "kill -$s \$\$"; echo $s $?; done 2>/dev/null; trap "" TERM; bash -c "kill -TERM \$\$; echo ignored"'
twin "jobs: wait, stop, continue" 'set -m; sleep 30 & kill -STOP $!; wait %1; echo $?; jobs | tr -s " "; kill -CONT $!; kill %1; while kill -0 $! 2>/dev/null; do sleep 0.05; done; wait $!; echo $?
(exit 3) & wait $!; echo $?; for i in 1 2 3 4 5 6 7 8; do (sleep 0.0$i; exit $i) & p[i]=$!; done; for i in 8 1 5; do wait ${p[i]}; echo $?; done; wait; echo all' 60
twin "limits, umask, times" 'ulimit -n 32; ulimit -n; umask 027; umask; ulimit -S -s; (ulimit -n 10; exec 9</dev/null && echo nine; exec 10</dev/null && echo ten) 2>&1 | cut -c1-4; enable | wc -l; hash -r; type -t cd if ls'
twin "200 children" 'for ((i = 0; i < 200; i++)); do (exit $((i % 7))) || ((s += $?)); done; echo $s; for ((i = 0; i < 60; i++)); do /bin/true || echo bad; done; echo done' 120
twin "coprocess, read with timeout" 'coproc cat; echo hi >&${COPROC[1]}; read -t 10 x <&${COPROC[0]}; echo $x; read -t 0.2 y < <(sleep 3); echo $?; kill $COPROC_PID' 60
twin "source, eval, aliases, printf -v, nameref" 'echo "v=7" >lib; . ./lib; echo $v; eval "w=\$((v * 2))"; echo $w; printf -v z %03d 5; echo $z; declare -n r=z; r=9; echo $z
IFS=: read -r a b c <<<"1:2:3:4"; echo $c; getopts ab: o -b x; echo $o $OPTARG; echo "${!v*}"; compgen -A builtin | head -3; select x in a b; do echo $x; break; done <<<2 2>/dev/null; echo ${v@Q}'
twin "dash" 'dash -c "$(cat <<"E"
i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; echo $i; set -- a b c; echo $# "$*"; f() { echo "f$1"; }; f 1; trap "echo t" EXIT; ( exit 3 ); echo $?
case abc in a*) echo a;; esac; echo "${x:=5}" ${x%5}; for w in 1 2; do printf "%s," $w; done; echo; cat <<X
$(echo sub)
X
E
)"; echo $?'
twin "a script by its #! line, of a script, with an argument" 'printf "#!/bin/bash -e\necho \$0 \"\$@\"; false; echo no\n" >s; chmod +x s; ./s a b || echo $?
printf "#!./s opt\n" >t; chmod +x t; ./t z | cat; printf "echo no line\n" >u; chmod +x u; ./u; env ./s q | cat; (exec -a other bash -c "echo \$0")'
done_testing
