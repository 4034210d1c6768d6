/* A mix like Dhrystone's: records copied through pointers, strings copied and compared, small functions that the
 * compiler may not inline, global variables and branches on them. */
#include "bench.h"

#define NOINLINE __attribute__((noinline))

enum ident { ONE, TWO, THREE, FOUR, FIVE };

struct record {
    struct record *link;
    enum ident discriminant, choice;
    int number;
    char text[32];
};

static struct record *global, *other;
static int int_global, bool_global, numbers[50], table[50][50];
static char char_1, char_2;

NOINLINE static enum ident character(char a, char b)
{
    if (a != b)
        return ONE;
    char_1 = a;
    return TWO;
}

NOINLINE static int strings_differ(const char *a, const char *b)
{
    int at = 2;
    while (at <= 2)
        if (character(a[at], b[at + 1]) == ONE)
            at++;
    return strcmp(a, b) > 0 ? (int_global = at + 7, 1) : 0;
}

NOINLINE static int is_three(enum ident id)
{
    return id == THREE;
}

NOINLINE static void choose(enum ident id, enum ident *out)
{
    *out = is_three(id) ? id : FOUR;
    switch (id) {
    case ONE: *out = ONE; break;
    case TWO: *out = int_global > 100 ? ONE : FOUR; break;
    case THREE: *out = TWO; break;
    case FOUR: break;
    case FIVE: *out = THREE; break;
    }
}

NOINLINE static void add(int a, int b, int *out)
{
    *out = b + a + 2;
}

NOINLINE static void arrays(int *one, int (*two)[50], int a, int b)
{
    int at = a + 5;
    one[at] = b;
    one[at + 1] = one[at];
    one[at + 30] = at;
    for (int i = at; i <= at + 1; i++)
        two[at][i] = at;
    two[at][at - 1] += 1;
    two[at + 20][at] = one[at];
    int_global = 5;
}

NOINLINE static void follow(struct record **record)
{
    if (global) {
        *record = global->link;
        add(10, int_global, &global->number);
    }
}

NOINLINE static void records(struct record *record)
{
    struct record *next = record->link;
    *record->link = *global;
    record->number = 5;
    next->number = record->number;
    next->link = record->link;
    follow(&next->link);
    if (next->discriminant == ONE) {
        next->number = 6;
        choose(record->choice, &next->choice);
        next->link = global->link;
        add(next->number, 10, &next->number);
    } else
        *record = *record->link;
}

int main(int argc, char **argv)
{
    static char some[32] = "DHRYSTONE PROGRAM, SOME STRING", first[32] = "DHRYSTONE PROGRAM, 1'ST STRING";
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    global = malloc(sizeof *global);
    other = malloc(sizeof *other);
    if (!global || !other)
        return 1;
    *other = (struct record){.discriminant = TWO};
    *global = (struct record){other, ONE, THREE, 40, ""};
    memcpy(global->text, some, sizeof some);
    for (unsigned long i = 1; i <= n; i++) {
        char second[32];
        enum ident id = TWO;
        int a = 2, b = 3, c = 0;
        bool_global = char_1 == 'A';
        char_2 = 'B';
        strcpy(second, i & 1 ? "DHRYSTONE PROGRAM, 2'ND STRING" : first);
        bool_global |= !strings_differ(first, second);
        while (a < b) {
            c = 5 * a - b;
            add(a, b, &c);
            a++;
        }
        arrays(numbers, table, a, c);
        records(global);
        for (char ch = 'A'; ch <= char_2; ch++)
            if (id == character(ch, 'C'))
                choose(ONE, &id);
        b = b * a;
        a = b / (c | 1);
        b = 7 * (b - c) - a + (int)i;
        sum = bench_mix(sum, (uint64_t)(unsigned)(a + b + int_global + global->number + (int)id + second[20]));
    }
    return bench_result("dhrystone", n, sum);
}
