#include <glog/logging.h>
int price(int count) {
    CHECK_GT(count, 0) << "price must be positive";
    return count;
}
int main(int, char** argv) {
    google::InitGoogleLogging(argv[0]);
    return price(0);
}
