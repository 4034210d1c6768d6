#!/usr/bin/env bash
# OpenJDK 21: javac and java with both of its compilers, which write code while other threads run it.
. "$(dirname "$0")/../lib/real.sh"
real_roots jit
put Main.java <"$LODGE_SOURCE/tests/guest/script/Main.java"
twin "javac and java" 'javac -d . Main.java 2>&1; java -cp . Main' 600
for flags in -Xint "-XX:TieredStopAtLevel=1" "-XX:-TieredCompilation" "-XX:+UseSerialGC -Xmx64m" "-XX:+UseParallelGC" "-XX:+UseZGC -Xmx256m"; do
    twin "java $flags" "[ -f Main.class ] || javac -d . Main.java; java $flags -cp . Main" 600
done
is "$(guest 120 java -XshowSettings:properties -version 2>&1 | sed -n 's/ *os.arch = //p')" riscv64 "os.arch"
twin "jar, jshell, an uncaught exception" 'mkdir -p j; javac -d j Main.java; jar cfe m.jar Main -C j .; java -jar m.jar | tail -1; printf "public class X { public static void main(String[] a) { throw new RuntimeException(\"x\"); } }" >X.java; java X.java 2>&1 | head -1; echo "System.out.println(6 * 7);" | jshell -s - 2>&1 | tail -1' 600
put Stress.java <"$LODGE_SOURCE/tests/guest/script/Stress.java"
for flags in "" -XX:TieredStopAtLevel=1 "-XX:+UseParallelGC -Xmx64m" "-XX:+UseZGC -Xmx256m"; do
    twin "threads, deoptimisation and garbage ${flags:-by default}" "[ -f Stress.class ] || javac -d . Stress.java; java $flags -cp . Stress" 300
done
done_testing
