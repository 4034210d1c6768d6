#!/usr/bin/env bash
# c_programs.sh by both compilers at every level, translated and by the reference interpreter.
. "$(dirname "$0")/../lib/c_programs.sh"
c_programs gcc-O0 gcc-O1 gcc-O2 gcc-O3 gcc-static-O1 gcc-static-O3 clang-O0 clang-O1 clang-O2 clang-O3
C_OPTIONS="--engine interp" C_SECONDS=600 c_programs gcc-static-O2 clang-O2
done_testing
