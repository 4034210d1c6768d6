#!/usr/bin/env bash
# perl, lua, tcl and sqlite3.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang

twin "perl: numbers, text, sorting, closures" 'perl -e "$(cat <<"E"
use strict; use warnings;
printf "%.15g %.15g %d %s %x\n", 0.1 + 0.2, sqrt(2) * 1e10, -7 / 2, 2**53 + 1, 0xdeadbeef;
print join(",", 10 % 3, -10 % 3, int(-3.7), 1e15 * 10, 9223372036854775807, 18446744073709551615, "10" + "20", "3 apples" * 1), "\n" if 1;
my %h; $h{$_ % 13} += $_ for 1 .. 20000; print join(" ", map { "$_=$h{$_}" } sort { $a <=> $b } keys %h), "\n";
my $s = join "", map { chr(97 + $_ % 26) } 0 .. 9999; my $n = () = $s =~ /[aeiou]/g; print "$n\n";
(my $t = "the cat sat") =~ s/(\w+)/\u$1/g; print "$t\n"; print scalar reverse("abc"), ucfirst lc "HELLO", "\n";
my @c = map { my $i = $_; sub { $i += shift } } 1 .. 3; print $_->(10), " " for @c; print "\n";
sub fib { my $n = shift; $n < 2 ? $n : fib($n - 1) + fib($n - 2) } print fib(18), "\n";
local $_ = "2024-05-06"; print "$3/$2/$1\n" if /(\d+)-(\d+)-(\d+)/; print "x" x 5, "-" , join("|", split(/,/, "a,b,,c")), "\n";
print pack("NnCa3", 1, 2, 3, "abc") =~ s/(.)/sprintf "%02x", ord $1/gesr, "\n"; print "\x{263a}" =~ /\p{So}/ ? "symbol\n" : "no\n"; print sprintf("%vd", "1.22.333"), "\n";
my $r = eval { die { code => 5 } }; print $@->{code}, "\n"; print join(",", sort { $b cmp $a } qw(pear apple fig)), "\n"; print tr/0-9//, "\n";
E
)" 2>/dev/null'
twin "perl: processes, signals, files, sockets" 'perl -e "$(cat <<"E"
use strict; use POSIX; use Socket; use IO::Select; $| = 1;
my $pid = fork // die; if (!$pid) { POSIX::_exit(5) } waitpid $pid, 0; print $? >> 8, "\n";
print `echo from a shell`; open my $p, "-|", "seq 5 | sort -r" or die; print <$p>; close $p;
$SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$; $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 10 }; print $@;
socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die; syswrite $a, "hello"; sysread $b, my $x, 10; print "$x\n";
open my $f, "+>", "f" or die; print $f "line $_\n" for 1 .. 1000; seek $f, 0, 0; my @l = <$f>; print scalar(@l), $l[999]; close $f; print -s "f", "\n"; unlink "f"; print -e "f" ? 1 : 0, "\n";
print strftime("%Y-%m-%d %H:%M:%S", gmtime 1e9), "\n"; print POSIX::floor(-1.5), POSIX::fmod(7, 3), DBL_MAX, "\n"; system "exit 3"; print $? >> 8, "\n"; print join(" ", (stat "/etc/passwd")[2] & 0777), "\n"; exec "echo", "by exec";
E
)"'
twin "perl: modules with C parts" 'perl -MDigest::SHA=sha256_hex -MMIME::Base64 -MList::Util=sum,shuffle -MStorable=dclone -MTime::HiRes=usleep -MData::Dumper -MCompress::Zlib -MEncode -MMath::BigInt -MJSON::PP -e "print sha256_hex(q(abc)), encode_base64(q(hello)), sum(1..100), q( ), dclone([1,[2]])->[1][0]; usleep 1000; \$Data::Dumper::Sortkeys=1; print Dumper({b=>1,a=>[1,2]}); print length(Compress::Zlib::memGunzip(Compress::Zlib::memGzip(q(x) x 1000))), q( ), encode(q(UTF-16LE), q(ab)), Math::BigInt->new(2)**150, q( ), JSON::PP->new->canonical->encode({z=>1,y=>[1.5,undef]}), qq(\n)"'
twin "perl: threads" 'perl -Mthreads -Mthreads::shared -e "my \$n :shared = 0; my @t = map { threads->create(sub { for (1..200) { lock \$n; \$n++ } \$_[0] * 2 }, \$_) } 1..4; print join(q(,), map { \$_->join } @t), qq( \$n\n)"'
twin "lua" 'lua5.4 -e "$(cat <<"E"
print(7 // 2, -7 // 2, -7 % 3, 7 / 2, 2^53, 1 << 62, 3 | 8, ~5, math.maxinteger + 1 == math.mininteger, 1e15, 10 // 0.0, -7.5 % 2, 2^0.5, math.tointeger(3.0), 5 // 0.3)
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end print(fib(22))
local t = {} for i = 1, 5000 do t[i] = (i * 7919) % 5003 end table.sort(t) print(t[1], t[2500], t[5000], #t)
local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end) print(c(), c(), c())
print(("hello world"):gsub("o", "0"), ("k=v; a=b"):match("(%w+)=(%w+)"), ("x"):rep(3, "-"), string.format("%5.2f|%q|%x", math.pi, "a\nb", 255))
print(pcall(error, { code = 1 }), select("#", 1, 2, 3), tostring(nil), #"\u{20ac}", utf8.len("h\u{e9}")) local s = 0 for i = 1, 100000 do s = s + i % 3 * 0.5 end print(s)
local m = setmetatable({}, { __index = function(_, k) return k .. "!" end, __add = function() return "sum" end }) print(m.x, m + 1) for i = 1, 200 do local g = {} for j = 1, 100 do g[j] = { j } end end collectgarbage() print(string.pack(">I4d", 1, 1.5):byte(1, -1))
goto done do print("no") end ::done:: print(os.time{ year = 2020, month = 1, day = 1, hour = 12 }, os.date("!%F", 0), load("return 1 + 1")()) print(io.popen("echo popen"):read("a"))
E
)" 2>&1 | sed "s/table: .*/table/"'
twin "tcl" 'cat >t.tcl <<"E"
proc fib n { expr {$n < 2 ? $n : [fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]} }
puts [fib 16]; puts [expr {2**100}]; puts [expr {sqrt(2) * 3 / 7}]; puts [lsort -integer {5 3 9 1}]; puts [regsub -all {o} "foo boo" 0]
set d [dict create a 1 b 2]; dict for {k v} $d { puts "$k $v" }; puts [clock format 0 -gmt 1 -format %Y-%m-%d]; puts [exec echo child]; after 50 { set done 1 }; vwait done; puts [string map {a b} banana]; puts [format %08.3f 3.14159]
set s [socket -server accept -myaddr 127.0.0.1 0]; proc accept {c a p} { puts $c hello; close $c }; set c [socket 127.0.0.1 [lindex [fconfigure $s -sockname] 2]]; fileevent $c readable { gets $c line; set got 1 }; vwait got; puts $line
E
tclsh t.tcl'
twin "sqlite3: queries" 'sqlite3 t.db "$(cat <<"E"
create table t (id integer primary key, name text, value real, part integer); create index i on t (part, value);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 20000) insert into t select x, "name" || (x % 97), x * 0.37, x % 11 from n;
select part, count(*), round(sum(value), 4), max(name) from t group by part order by part; select count(*) from t a join t b on a.id = b.id + 1 where a.part = 3;
update t set value = value * 2 where part = 5; delete from t where id % 2 = 0; select sum(value), avg(value), count(*) from t; select name, row_number() over (partition by part order by value desc) r from t order by r, name limit 3;
select json_extract(json_object("a", json_array(1, 2.5, null)), "$.a[1]"), printf("%.10f", 1 / 3.0), hex(randomblob(4)) != "", upper("abc"), substr("hello", 2, 3), julianday("2020-01-01"), 9223372036854775807 + 1, typeof(1e3), 7 / 2, -7 % 3;
create virtual table f using fts5(body); insert into f values ("the quick brown fox"), ("lazy dogs"); select body from f where f match "qui*"; pragma integrity_check; vacuum;
E
)"; sqlite3 t.db .dump | wc -l; rm t.db'
twin "sqlite3: two writers, WAL over shared memory" 'sqlite3 w.db "pragma journal_mode=wal; create table t (x)"; for p in 1 2; do (for i in 1 2 3 4 5 6 7 8; do echo "insert into t values ($i);"; done | sqlite3 -cmd ".timeout 30000" w.db) & done; wait; sqlite3 w.db "select count(*), sum(x) from t"; rm w.db*' 120
is "$(bare 20 /usr/bin/lua5.4 -e 'print(1 + 1, ...)' 2>&1)" 2 "bare: lua"
is "$(bare 20 /usr/bin/sqlite3 :memory: 'select 6 * 7')" 42 "bare: sqlite3"
is "$(bare 20 /usr/bin/perl -e 'print 6 * 7, " @ARGV"' a b)" "42 a b" "bare: perl"
done_testing
