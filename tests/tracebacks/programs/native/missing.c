#include "tax.h"
int main(void) { return 0; }
