#!/usr/bin/env bash
# man-db: its programs sandbox themselves with a seccomp filter of the guest's own call numbers, and form long pipelines.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang
twin "man formats a page" 'mkdir -p man/man1; printf ".TH LODGE 1 2020-01-01 x y\n.SH NAME\nlodge-test \\- a page\n.SH DESCRIPTION\nSome \\fBbold\\fP text that is long enough to be filled over more than one line of the terminal, as a paragraph.\n.TP\n.B \\-x\nAn option.\n" >man/man1/lodge-test.1; MANWIDTH=60 man -P cat ./man/man1/lodge-test.1; MANPATH=$PWD/man MANWIDTH=70 man lodge-test | col -b | head -5' 120
twin "mandb and whatis" 'mkdir -p m/man1; printf ".TH A 1\n.SH NAME\nlodge-a \\- the first\n" | gzip -c >m/man1/lodge-a.1.gz; mandb -qc m 2>&1 | tail -1; whatis -M $PWD/m lodge-a; apropos -M $PWD/m first; man -M $PWD/m -w lodge-a' 120
twin "groff by hand" 'printf ".TH X 1\n.SH A\nx\n.TS\nl l.\n1\t2\n.TE\n" | tbl | nroff -man -Tutf8 -c; echo 1 | man --recode UTF-8 -l /dev/null >/dev/null 2>&1; lexgrog -h >/dev/null 2>&1; echo $?' 60
done_testing
