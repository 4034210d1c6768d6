#!/usr/bin/env bash
# C programs by gcc at -O0 (dynamic) and -O2 (static), and by clang with every newer extension, against their native builds.
. "$(dirname "$0")/../lib/c_programs.sh"
c_programs gcc-O0 gcc-static-O2 clang-O2
done_testing
