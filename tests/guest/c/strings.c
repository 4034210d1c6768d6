/* String and memory functions at every alignment and against page ends, sorting and searching, numbers to text and back,
 * wide characters, malloc under load: mostly libc's own code, which leans on unaligned and overlapping accesses.
 */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <search.h>
#include <sys/mman.h>
#include <time.h>
#include <wchar.h>

#include "out.h"

static void alignments(void)
{
    struct sum s = SUM_INIT;
    static uint8_t a[400], b[400];
    uint64_t state = 5;
    for (unsigned from = 0; from < 17; from++)
        for (unsigned to = 0; to < 17; to++)
            for (unsigned len = 0; len < 150; len += len < 20 ? 1 : 13) {
                for (size_t i = 0; i < sizeof a; i++)
                    a[i] = b[i] = (uint8_t)next(&state);
                memcpy(b + to, a + from, len);
                memmove(a + to, a + from, len);
                CHECK(memcmp(a + to, b + to, len) == 0);
                memset(a + from, (int)len, len);
                a[from + len] = 0;
                sum_add(&s, strlen((char *)a + from));
                sum_add(&s, (uint64_t)(memchr(b + to, a[0], len) ? (uint8_t *)memchr(b + to, a[0], len) - b : -1));
                int order = memcmp(a + from, b + to, len);
                sum_add(&s, (uint64_t)((order > 0) - (order < 0) + 1));
                uint64_t v;
                memcpy(&v, b + to, 8);
                sum_add(&s, v);
            }
    out("alignments", s.h);
}

static void unaligned(void)
{
    static uint8_t raw[64];
    struct sum s = SUM_INIT;
    for (int i = 0; i < 64; i++)
        raw[i] = (uint8_t)(i * 37);
    for (int i = 0; i < 40; i++) {
        struct __attribute__((packed)) mix {
            uint8_t pad;
            uint64_t q;
            uint16_t h;
            uint32_t w;
            double d;
            float f;
        } *m = (struct mix *)(raw + i % 20);
        sum_add(&s, m->q + m->h + m->w);
        m->q += (uint64_t)i;
        m->h ^= (uint16_t)i;
        m->w *= 3;
        m->d = i * 0.5;
        m->f = (float)m->d + 1;
        sum_add(&s, (uint64_t)(m->d + (double)m->f));
    }
    for (int i = 0; i < 64; i++)
        sum_add(&s, raw[i]);
    out("unaligned", s.h);
}

static void page_ends(void)
{
    char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p + 8192, 4096, PROT_NONE);
    struct sum s = SUM_INIT;
    for (unsigned len = 0; len < 80; len++) {
        char *text = p + 8192 - len - 1;
        memset(text, 'a' + (int)(len % 26), len);
        text[len] = 0;
        char copy[100], *end = stpcpy(copy, text);
        sum_add(&s, strlen(text) + (uint64_t)(end - copy) + (uint64_t)(strcmp(copy, text) == 0));
        sum_add(&s,
            (uint64_t)(strchr(text, 'z') ? strchr(text, 'z') - text : 99) + (uint64_t)(strrchr(text, 0) - text) +
                strnlen(text, 200));
        sum_add(&s, (uint64_t)(memchr(text, 0, len + 1) != NULL) + strspn(text, "abc") + strcspn(text, "xyz"));
    }
    out("page ends", s.h);
}

static int by_value(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;
    return (*a > *b) - (*a < *b);
}
static int by_text(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static void sorting(void)
{
    static int64_t v[5000];
    uint64_t state = 9;
    for (size_t i = 0; i < LEN(v); i++)
        v[i] = (int64_t)next(&state) % 100000;
    qsort(v, LEN(v), sizeof *v, by_value);
    struct sum s = SUM_INIT;
    for (size_t i = 0; i < LEN(v); i++) {
        CHECK(i == 0 || v[i - 1] <= v[i]);
        sum_add(&s, (uint64_t)v[i]);
    }
    int found = 0;
    for (int64_t k = -100000; k < 100000; k += 7)
        found += bsearch(&k, v, LEN(v), sizeof *v, by_value) != NULL;
    const char *words[] = {"pear", "apple", "fig", "kiwi", "date", "plum", "lime"};
    qsort(words, LEN(words), sizeof *words, by_text);
    printf("sorting: %016" PRIx64 " %d %s %s\n", s.h, found, words[0], words[6]);
    hcreate(2000);
    char *keys = malloc(1000 * 8);
    for (int i = 0; i < 1000; i++) {
        sprintf(keys + i * 8, "k%d", i * 7);
        hsearch((ENTRY){keys + i * 8, (void *)(intptr_t)i}, ENTER);
    }
    ENTRY *e = hsearch((ENTRY){"k700", NULL}, FIND);
    printf("hash: %d\n", e ? (int)(intptr_t)e->data : -1);
}

static void numbers(void)
{
    char line[300];
    errno = 0;
    printf("strtol: %ld %ld %ld %lu", strtol(" -0x1fZ", NULL, 0), strtol("777", NULL, 8),
        strtol("99999999999999999999", NULL, 10), strtoul("-1", NULL, 10));
    printf(" %d", errno == ERANGE);
    printf(" %lld %ld\n", atoll("-9223372036854775808"), strtol("zz", NULL, 36));
    int a, n;
    double d;
    char word[20];
    printf("sscanf: %d", sscanf("42 0x1p3 word tail", "%d %lf %19s %n", &a, &d, word, &n));
    printf(" %d %g %s %d\n", a, d, word, n);
    snprintf(line, sizeof line, "%5d|%-5d|%05d|%+d|% d|%x|%#X|%o|%c|%s|%.2s|%*d|%ld|%zu|%hhd|%%|%10.3s|%u", 42, 42, 42,
        42, 42, 255, 255, 8, 'c', "str", "cut", 7, 3, -1L, sizeof line, 300, "abcdef", 4294967295u);
    puts(line);
    struct sum s = SUM_INIT;
    uint64_t state = 13;
    for (int i = 0; i < 300; i++) {
        uint64_t v = next(&state) >> (i % 64);
        sprintf(line, "%" PRIu64 " %" PRId64 " %" PRIx64, v, (int64_t)v, v);
        CHECK(strtoull(line, NULL, 10) == v);
        sum_add(&s, strlen(line));
    }
    out("digits", s.h);
}

static void text(void)
{
    char copy[100] = "a,b;;c", *save = NULL, *p = copy;
    printf("tokens:");
    for (char *t = strtok_r(p, ",;", &save); t; t = strtok_r(NULL, ",;", &save))
        printf(" %s", t);
    printf(" | %s %s %s\n", strstr("the needle here", "needle"), strpbrk("hello", "lo"),
        (char *)memmem("abcabd", 6, "abd", 3));
    struct sum s = SUM_INIT;
    for (int c = 0; c < 256; c++)
        sum_add(&s, (uint64_t)(!!isalpha(c) | !!isspace(c) << 1 | !!ispunct(c) << 2 | (toupper(c) << 8)));
    out("ctype", s.h);
    wchar_t wide[50];
    setlocale(LC_ALL, "C.UTF-8");
    size_t n = mbstowcs(wide, "gr\303\274n \342\202\254", 50);
    swprintf(wide + 20, 20, L"%ls-%d", L"w", 5);
    printf("wide: %zu %x %ls\n", n, (unsigned)wide[2], wide + 20);
    time_t when = 1e9;
    struct tm tm;
    strftime(copy, sizeof copy, "%Y-%m-%d %H:%M:%S %j %a", gmtime_r(&when, &tm));
    printf("time: %s %ld\n", copy, (long)timegm(&tm));
    printf(
        "compare: %d %d %d\n", strcasecmp("HeLLo", "hello"), strncmp("abcd", "abce", 3), strverscmp("a9", "a10") < 0);
}

static void heap(void)
{
    enum { N = 500 };
    static uint8_t *block[N];
    static size_t size[N];
    struct sum s = SUM_INIT;
    uint64_t state = 17;
    for (int i = 0; i < 30000; i++) {
        unsigned k = (unsigned)(next(&state) % N);
        size_t want = next(&state) % (i % 100 == 0 ? 300000 : 600) + 1;
        if (block[k])
            CHECK(block[k][0] == (uint8_t)k && block[k][size[k] - 1] == (uint8_t)k);
        if (next(&state) % 3 == 0) {
            free(block[k]);
            block[k] = NULL;
            continue;
        }
        block[k] = realloc(block[k], want);
        CHECK(((uintptr_t)block[k] & 15) == 0);
        block[k][0] = block[k][want - 1] = (uint8_t)k;
        size[k] = want;
        sum_add(&s, want);
    }
    out("heap", s.h);
    void *aligned;
    CHECK(posix_memalign(&aligned, 65536, 100) == 0 && ((uintptr_t)aligned & 65535) == 0);
    size_t too_much = SIZE_MAX / 2;
    OPAQUE(too_much);
    void *nothing = malloc(too_much);
    OPAQUE(nothing);
    CHECK(nothing == NULL && errno == ENOMEM);
}

int main(void)
{
    alignments();
    unaligned();
    page_ends();
    sorting();
    numbers();
    text();
    heap();
    return 0;
}
