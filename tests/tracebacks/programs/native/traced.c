#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
static void on_signal(int number) {
    void *calls[20];
    int count = backtrace(calls, 20);
    fprintf(stderr, "Error: signal %d:\n", number);
    backtrace_symbols_fd(calls, count, 2);
    exit(1);
}
int price(int *count) { return *count; }
int main(void) {
    signal(SIGSEGV, on_signal);
    return price(NULL);
}
