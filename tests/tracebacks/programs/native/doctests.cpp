#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <stdexcept>
int total(int a, int b) { return a - b; }
TEST_CASE("a basket adds prices") {
    CHECK(total(2, 3) == 5);
    REQUIRE(total(2, 2) == 0);
}
TEST_CASE("a basket throws") { throw std::runtime_error("no basket"); }
