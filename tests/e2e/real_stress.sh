#!/usr/bin/env bash
# stress-ng with --verify: the same verdict as natively, one stressor at a time and then all of them together.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang
seconds=${STRESS_SECONDS:-10}

# verdict SIDE STRESSOR...: what stress-ng concludes, without its numbers.
verdict() {
    local side=$1
    shift
    "$side" $((seconds * 6 + 60)) stress-ng "$@" -t "$seconds" --verify --temp-path "$WORK" >"$TMP/$side.log" 2>&1 </dev/null
    echo "status $?"
    sed -nE 's/^stress-ng: [a-z]+: +\[[0-9]+\] //p' "$TMP/$side.log" | grep -E '^(passed|failed|skipped|metrics untrustworthy)|unsuccessful|successful run completed' |
        sed -E 's/completed.*/completed/; s/ in [0-9.]+ .*//'
}
compare() { # NAME STRESSOR...
    local name=$1 want got
    shift
    want=$(verdict native "$@")
    got=$(verdict guest "$@")
    is "$got" "$want" "$name"
    [ "$got" = "$want" ] || diag "$(grep -v dispatching "$TMP/guest.log" | head -30)"
}
short=$seconds
seconds=3
for stressor in cpu vm sigq sigsegv futex fork pipe mmap; do
    compare "$stressor" "--$stressor" 2
done
seconds=$short
compare "the line of the plan" --cpu 2 --vm 2 --sigq 2 --sigsegv 2 --futex 2 --fork 2 --pipe 2 --mmap 2
seconds=3
for stressor in signal sigfpe sigsuspend timer clone vfork switch poll epoll sem mq shm malloc mremap mprotect msync matrix qsort str \
    atomic mutex stack tree zlib crypt hash fp trig; do
    compare "$stressor" "--$stressor" 1
done
done_testing
