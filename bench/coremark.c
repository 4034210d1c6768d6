/* A mix like EEMBC CoreMark's (whose source may not be kept here): sorting and searching a linked list, integer
 * matrices, a character state machine, and a CRC-16 over all of their results. */
#include "bench.h"

#define ITEMS 120
#define SIDE 12

struct item {
    struct item *next;
    int16_t data, index;
};

static struct item items[ITEMS];

static uint16_t crc16(uint16_t word, uint16_t crc)
{
    for (int bit = 0; bit < 16; bit++) {
        int carry = (crc ^ word) & 1;
        word >>= 1;
        crc >>= 1;
        if (carry)
            crc ^= 0xa001;
    }
    return crc;
}

static int by_data(const struct item *a, const struct item *b)
{
    return a->data - b->data;
}

static int by_index(const struct item *a, const struct item *b)
{
    return a->index - b->index;
}

/* Merge sort of a list, bottom up. */
static struct item *list_sort(struct item *list, int (*compare)(const struct item *, const struct item *))
{
    for (int run = 1;; run *= 2) {
        struct item *p = list, **tail = &list;
        int merges = 0;
        while (p) {
            struct item *q = p;
            int left = 0, right = run;
            for (; left < run && q; left++)
                q = q->next;
            merges++;
            while (left > 0 || (right > 0 && q)) {
                int from_p = left > 0 && (right == 0 || !q || compare(p, q) <= 0);
                struct item **from = from_p ? &p : &q;
                *(from_p ? &left : &right) -= 1;
                *tail = *from;
                tail = &(*from)->next;
                *from = (*from)->next;
            }
            p = q;
        }
        *tail = NULL;
        if (merges <= 1)
            return list;
    }
}

static uint16_t list_part(uint16_t seed)
{
    for (int i = 0; i < ITEMS; i++)
        items[i] =
            (struct item){i + 1 < ITEMS ? &items[i + 1] : NULL, (int16_t)((i * 7919 + seed) & 0xfff), (int16_t)i};
    struct item *list = list_sort(items, by_data);
    uint16_t crc = 0, found = 0;
    for (int wanted = 0; wanted < 40; wanted++)
        for (struct item *it = list; it; it = it->next)
            if (it->index == wanted * 3) {
                found = (uint16_t)(found + it->data);
                break;
            }
    for (struct item *it = list; it; it = it->next)
        crc = crc16((uint16_t)it->data, crc);
    list = list_sort(list, by_index);
    return crc16(found, crc16((uint16_t)list->data, crc));
}

static uint16_t matrix_part(uint16_t seed)
{
    static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
    static int32_t c[SIDE][SIDE];
    uint16_t crc = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (int16_t)((i * SIDE + j + seed) & 0xff);
            b[i][j] = (int16_t)(a[i][j] ^ (seed & 0x7f));
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIDE; k++)
                sum += ((a[i][k] * b[k][j] >> 2) & 0xf) * ((a[i][k] * b[k][j] >> 5) & 0x7f);
            c[i][j] = sum;
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            crc = crc16((uint16_t)(c[i][j] > 500 ? c[i][j] : j), crc);
    return crc;
}

enum state { START, SIGN, INTEGER, POINT, EXPONENT, DIGITS, INVALID, STATES };

static enum state step(enum state state, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START: return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN: return digit ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER: return digit ? INTEGER : c == '.' ? POINT : c == 'e' ? EXPONENT : INVALID;
    case POINT: return digit ? POINT : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return digit || c == '-' || c == '+' ? DIGITS : INVALID;
    case DIGITS: return digit ? DIGITS : INVALID;
    default: return INVALID;
    }
}

static uint16_t state_part(uint16_t seed)
{
    char text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-"
                  "1F,-T.T++Tq,1T3.4e4z,34.0e-T^";
    unsigned counts[STATES] = {0}, crc = 0;
    text[seed % (sizeof text - 1)] ^= 1;
    for (const char *p = text; *p; p++) {
        enum state state = START;
        for (; *p && *p != ','; p++)
            state = step(state, *p);
        counts[state]++;
        if (!*p)
            break;
    }
    for (int i = 0; i < STATES; i++)
        crc = crc16((uint16_t)counts[i], (uint16_t)crc);
    return (uint16_t)crc;
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint16_t crc = 0;
    for (unsigned long i = 0; i < n; i++)
        crc = crc16(state_part((uint16_t)i), crc16(matrix_part(crc), crc16(list_part((uint16_t)i), crc)));
    return bench_result("coremark", n, crc);
}
