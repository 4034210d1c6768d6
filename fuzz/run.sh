#!/usr/bin/env bash
# One short libFuzzer run as a test. usage: run.sh FUZZ-PROGRAM CORPUS-FOLDER. LODGE_FUZZ_SECONDS changes the five seconds.
# New inputs go to a folder that is thrown away; a crash is kept in the build folder, and the log says where.
program=$1 corpus=$2
fresh=$(mktemp -d) && trap 'rm -rf "$fresh"' EXIT
crashes=$(dirname "$program")/crashes-$(basename "$program")/
mkdir -p "$crashes"
folders=("$fresh")
[ ! -d "$corpus" ] || folders+=("$corpus")
echo 1..1
if "$program" -max_total_time="${LODGE_FUZZ_SECONDS:-5}" -timeout=10 -rss_limit_mb=1024 -artifact_prefix="$crashes" \
    "${folders[@]}" >"$fresh.log" 2>&1; then
    echo "ok 1 - $(tail -1 "$fresh.log")"
    rm -f "$fresh.log"
else
    echo "not ok 1 - $(basename "$program")"
    tail -60 "$fresh.log" | sed 's/^/# /'
    rm -f "$fresh.log"
    exit 1
fi
