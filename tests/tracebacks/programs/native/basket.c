#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct basket { int *prices; int count; };

static int total(const struct basket *basket) {
    int sum = 0;
    for (int i = 0; i < basket->count; i++)
        sum += basket->prices[i];
    return sum;
}

static int after_free(struct basket *basket) {
    free(basket->prices);
    return total(basket);
}

static int *discounts(int count) {
    return malloc(count * sizeof(int));
}

static int overflow(int a, int b) { return a + b; }

int main(int argc, char **argv) {
    struct basket basket = { malloc(2 * sizeof(int)), 2 };
    basket.prices[0] = basket.prices[1] = argc;
    const char *mode = argc > 1 ? argv[1] : "";
    if (!strcmp(mode, "freed")) return after_free(&basket);
    if (!strcmp(mode, "null")) return total(NULL);
    if (!strcmp(mode, "twice")) { free(basket.prices); free(basket.prices); }
    if (!strcmp(mode, "leak")) { int *lost = discounts(10); lost = NULL; return lost != NULL; }
    if (!strcmp(mode, "ints")) return overflow(INT_MAX, argc);
    assert(basket.count > argc);
    return 0;
}
