#include <pthread.h>
int stock = 1000;
void* sell(void*) {
    for (int i = 0; i < 500; i++) stock--;
    return nullptr;
}
int main() {
    pthread_t first, second;
    pthread_create(&first, nullptr, sell, nullptr);
    pthread_create(&second, nullptr, sell, nullptr);
    pthread_join(first, nullptr);
    pthread_join(second, nullptr);
}
