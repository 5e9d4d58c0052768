#include "prices.h"
#include <stdio.h>
int main(void) {
    int unused = 1;
    printf("%d\n", price(2) + discount);
    return undeclared
}
