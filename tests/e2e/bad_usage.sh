#!/usr/bin/env bash
# The command line used wrongly: 125 and one line that says what is wrong, then a hint where a person can act (126 and 127 as a
# shell has them). Nothing on standard output.
. "$(dirname "$0")/../lib/tap.sh"
need riscv64-linux-gnu-gcc
cd "$TMP" || exit 1
cat >hello.c <<'EOT'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) { printf("hello %s\n", getenv("A") ? getenv("A") : "nobody"); return argc > 1 ? 7 : 0; }
EOT
guest_cc hello -static hello.c
guest_cc dynamic hello.c
mkdir folder

# says STATUS LINES ARG...: lodge ARG... exits so, with these lines (joined by |) and nothing else.
says() {
    local want=$1 lines=$2 status=0
    shift 2
    out=$(timeout 20 "$LODGE" "$@" 2>stderr </dev/null) || status=$?
    is "$status|$out|$(paste -sd'|' stderr)" "$want||$lines" "lodge $*"
}

says 125 "lodge: no verb given|hint: \`lodge --help\` lists the verbs"
says 125 "lodge: --bogus: no such verb|hint: \`lodge --help\` lists the verbs" --bogus
says 125 "lodge: frob: no such verb|hint: \`lodge --help\` lists the verbs" frob
says 125 "lodge: : no such verb|hint: \`lodge --help\` lists the verbs" ""
says 125 "lodge: version: x: takes no arguments" version x
says 125 "lodge: version: --x: no such option|hint: \`lodge version --help\` lists the options" version --x

guest="hint: lodge run GUEST [COMMAND] [ARG...]" options="hint: \`lodge run --help\` lists the options"
says 125 "lodge: run: a guest is missing|$guest" run
says 125 "lodge: run: a guest is missing|$guest" run --sv48
says 125 "lodge: run: a guest is missing|$guest" run -e ./hello
says 125 "lodge: run: --bogus: no such option|$options" run --bogus ./hello
says 125 "lodge: run: -z: no such option|$options" run -z ./hello
says 125 "lodge: run: --sysroot: a value is missing|$options" run --sysroot
says 125 "lodge: run: -e: a value is missing|$options" run -e
says 125 "lodge: run: --sv48=1: takes no value|$options" run --sv48=1 ./hello
says 125 "lodge: run: --engine: best: no such engine" run --engine best ./hello
says 125 "lodge: run: --sysroot: /nonexistent: No such file or directory" run --sysroot /nonexistent ./hello
says 125 "lodge: run: --sysroot: ./hello: Not a directory" run --sysroot ./hello ./hello
says 125 "lodge: run: --trace: board: unknown|hint: lodge traces: linux, linux:FILE" run --trace board ./hello
says 125 "lodge: run: --trace: linux:: unknown|hint: lodge traces: linux, linux:FILE" run --trace linux: ./hello
says 125 "lodge: run: --trace: /nonexistent/x: No such file or directory" run --trace linux:/nonexistent/x ./hello
says 125 "lodge: run: working directory /nonexistent: No such file or directory" run -w /nonexistent ./hello
says 125 "lodge: run: ./hello: --gdb: foo: not a port number" run --gdb=foo ./hello
says 125 "lodge: run: ./hello: --gdb: 99999: not a port number" run --gdb=127.0.0.1:99999 ./hello
says 127 "lodge: run: hello: not a path, and lodge has no images yet|hint: a path begins with /, ./ or ../" run hello
says 127 "lodge: run: : not a path, and lodge has no images yet|hint: a path begins with /, ./ or ../" run ""
says 127 "lodge: run: ./nothing: No such file or directory" run ./nothing
says 127 "lodge: run: ./hello/nothing: Not a directory" run ./hello/nothing
says 126 "lodge: run: ./hello.c: execute: Permission denied" run ./hello.c
says 126 "lodge: run: /dev/null: execute: Permission denied" run /dev/null
says 125 "lodge: run: ./folder: a directory needs a command to run in it|hint: lodge run DIR COMMAND [ARG...]" run ./folder
says 127 "lodge: run: ./folder: nothing: not found in the guest's PATH" run ./folder nothing
says 126 "lodge: run: ./dynamic: its interpreter /lib/ld-linux-riscv64-lp64d.so.1: No such file or directory|hint: \
\`lodge run --sysroot DIR\` looks for interpreters and libraries in DIR first" run ./dynamic

binfmt="hint: lodge system binfmt [--register|--unregister|--status]"
says 125 "lodge: system: a topic is missing|$binfmt" system
says 125 "lodge: system: frob: no such topic|$binfmt" system frob
says 125 "lodge: system: binfmt: x: takes no arguments|$binfmt" system binfmt x
says 125 "lodge: system: binfmt: one of --register, --unregister and --status at a time|$binfmt" system binfmt --register --status

# ---- spellings that are right ----
for words in "-e A=1" "-eA=1" "-e=A=1" "--env A=1" "--env=A=1"; do
    exits 7 "$words" timeout 20 "$LODGE" run $words ./hello x
    is "$out" "hello 1" "$words arrives"
done
exits 0 "-- ends the options" timeout 20 "$LODGE" run -- ./hello
exits 7 "options behind the guest are the guest's" timeout 20 "$LODGE" run ./hello --sv48
for words in --help -h help "run --help" "system --help" "version --help" version --version; do
    exits 0 "lodge $words" timeout 20 "$LODGE" $words
    like "$out" "lodge" "lodge $words: on standard output"
    is "$err" "" "lodge $words: nothing on standard error"
done
exits 125 "lodge-guest by hand" timeout 20 "$LODGE_BUILD/bin/lodge-guest"
like "$err" "^lodge-guest: this program is started by lodge" "says who starts it"
cp "$LODGE" lodge-alone
exits 125 "lodge without lodge-guest next to it" timeout 20 ./lodge-alone run ./hello
like "$err" "^lodge: .*lodge-guest: not in $TMP/ and not in .*: No such file or directory$" "says where it looked"
done_testing
