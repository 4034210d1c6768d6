#!/usr/bin/env bash
# gdb and strace inside: there is no ptrace yet, and both must say so and go on, not hang; what needs no ptrace works.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang
run=$(guest 120 gdb -batch -nx -ex run -ex 'print 6 * 7' /usr/bin/true 2>&1 </dev/null)
like "$run" '(ptrace|trace).*(not implemented|No such process|permitted|denied)' "gdb: run says that there is no ptrace"
like "$run" '\$1 = 42' "and goes on"
twin "gdb without a process" 'gdb -batch -nx -ex "print sizeof(long)" -ex "print 1.0 / 3" -ex "python print(gdb.parameter(\"language\"))" /usr/bin/true 2>&1 </dev/null' 120
guest 60 strace /usr/bin/true >"$TMP/out" 2>&1 </dev/null
status=$?
like "$(cat "$TMP/out")" 'strace: .*(PTRACE|ptrace).*(not implemented|permitted)' "strace says so"
is "$([ $status != 0 ] && [ $status != 124 ] && echo failed)" failed "and ends"
done_testing
