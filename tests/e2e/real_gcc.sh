#!/usr/bin/env bash
# gcc and make inside the root: compile, link, run C and C++ (exceptions, threads, templates), make -j of many files.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang

put t.c <<'E'
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static _Thread_local int mine;
static void *work(void *arg)
{
    for (int i = 0; i < 1000; i++)
        mine += (int)(long)arg;
    return (void *)(long)mine;
}
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv)
{
    pthread_t threads[4];
    long sum = 0;
    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    int v[1000];
    for (int i = 0; i < 1000; i++)
        v[i] = i * 7919 % 1009;
    qsort(v, 1000, sizeof *v, compare);
    printf("%d %s %ld %d %d %.12f %.17g\n", argc, argv[1], sum, v[0], v[999], sin(1) * exp(2), 0.1 + 0.2);
    return (int)strlen(argv[1]);
}
E
put t.cc <<'E'
#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
struct base { virtual ~base() { std::cout << "gone\n"; } virtual int f() const = 0; };
struct derived : base { int n; derived(int n) : n(n) {} int f() const override { return n * 2; } };
struct trace { const char *s; ~trace() { std::cout << "unwound " << s << "\n"; } };
static int thrower(int n) { trace t{"frame"}; if (n == 0) throw std::runtime_error("thrown"); return thrower(n - 1) + 1; }
int main()
{
    std::unique_ptr<base> p = std::make_unique<derived>(21);
    std::cout << p->f() << "\n";
    try { thrower(3); } catch (const std::exception &e) { std::cout << "caught " << e.what() << "\n"; }
    try { std::vector<int>().at(3); } catch (const std::out_of_range &) { std::cout << "range\n"; }
    std::map<std::string, int> m; std::istringstream in("a b a c b a"); for (std::string w; in >> w;) m[w]++;
    for (auto &[k, v] : m) std::cout << k << v << " ";
    std::vector<long> v(100000); std::iota(v.begin(), v.end(), 0); std::cout << std::accumulate(v.begin(), v.end(), 0L) << "\n";
    std::atomic<int> n{0}; std::vector<std::thread> ts; for (int i = 0; i < 4; i++) ts.emplace_back([&] { for (int j = 0; j < 1000; j++) n++; }); for (auto &t : ts) t.join();
    auto f = std::async(std::launch::async, [](double x) -> double { if (x < 0) throw 5; return x / 3; }, -1.0);
    try { f.get(); } catch (int i) { std::cout << n << " " << i << "\n"; }
    std::cout << std::regex_replace("x12y345", std::regex("[0-9]+"), "#") << " " << dynamic_cast<derived *>(p.get())->n << " " << 1e100 << " " << 1.0 / 3 << std::endl;
}
E
put m.c <<'E'
#include <dlfcn.h>
#include <stdio.h>
int f(int);
int main(void)
{
    void *plug_in = dlopen("./libl.so", RTLD_NOW);
    int (*g)(int) = plug_in ? dlsym(plug_in, "f") : f;
    printf("%d %d\n", f(4), g(5));
    return 0;
}
E
for level in -O0 -O2 "-O3 -flto" "-Og -g -fsanitize=undefined"; do
    twin "C at $level" "gcc $level -Wall -o t t.c -lm -pthread 2>&1; ./t word; echo \$?" 240
done
twin "C++ at -O2" 'g++ -std=c++20 -O2 -o tt t.cc -pthread 2>&1; ./tt; echo $?' 400
twin "static, shared, plug-in" 'printf "int f(int x) { return x * 2; }\n" >l.c
gcc -shared -fPIC -o libl.so l.c; gcc -o d m.c -L. -ll -Wl,-rpath,. && ./d; gcc -c l.c; ar rcs libs.a l.o; gcc -static -o s -DX m.c libs.a 2>/dev/null && ./s; nm libs.a | grep -c " T f"; strip d && ./d; objdump -h l.o | grep -c CONTENTS >/dev/null; gcc -O2 -pie -fPIE -o e m.c -L. -ll -Wl,-rpath,$PWD && ./e; printf "void f(void) { undeclared(; }" >bad.c; gcc -c bad.c 2>&1 | grep -c error; readelf -h d | grep Type' 240
twin "make -j of 40 files, a failing one, recursion" 'mkdir -p mk/sub; cd mk; for i in $(seq 40); do echo "int f$i(void) { return $i; }" >f$i.c; done; { for i in $(seq 40); do echo "int f$i(void);"; done; echo "#include <stdio.h>"; echo "int main(void) { int s = 0;"; for i in $(seq 40); do echo "s += f$i();"; done; echo "printf(\"%d\\n\", s); return 0; }"; } >main.c
printf "O := \$(patsubst %%.c,%%.o,\$(wildcard *.c))\nall: p sub\np: \$(O)\n\t@\$(CC) -o \$@ \$^\n%%.o: %%.c\n\t@\$(CC) -O1 -c -o \$@ \$<\nsub:\n\t@\$(MAKE) --no-print-directory -C sub\nbad:\n\t@false\n.PHONY: all sub bad\n" >Makefile; printf "all: a b c\n\t@echo joined\na b c:\n\t@sleep 0.0\$(words \$@)\n" >sub/Makefile; make -j4 && ./p; make -j4 p | grep -c "up to date"; touch f3.c; make -n p | wc -l; make -k bad 2>/dev/null; echo $?' 400
done_testing
