/* Binary trees made and dropped, with one that lives on: malloc, free and pointers. */
#include "bench.h"

struct node {
    struct node *left, *right;
};

static struct node *grow(int depth)
{
    struct node *node = malloc(sizeof *node);
    if (!node)
        exit(1);
    node->left = depth ? grow(depth - 1) : NULL;
    node->right = depth ? grow(depth - 1) : NULL;
    return node;
}

static unsigned count(const struct node *node)
{
    return node->left ? 1 + count(node->left) + count(node->right) : 1;
}

static void fell(struct node *node)
{
    if (node->left) {
        fell(node->left);
        fell(node->right);
    }
    free(node);
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    struct node *keep = grow(14);
    uint64_t sum = 0;
    for (unsigned long i = 0; i < n; i++) {
        struct node *tree = grow(4 + (int)(i % 11));
        sum = bench_mix(sum, count(tree));
        fell(tree);
    }
    sum = bench_mix(sum, count(keep));
    fell(keep);
    return bench_result("trees", n, sum);
}
