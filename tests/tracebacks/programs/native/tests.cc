#include <gtest/gtest.h>
#include <stdexcept>
int total(int a, int b) { return a - b; }
TEST(Basket, AddsPrices) {
    EXPECT_EQ(total(2, 3), 5) << "tea and cake";
    ASSERT_TRUE(total(1, 1) > 0);
}
TEST(Basket, IsEmpty) { EXPECT_EQ(total(2, 2), 0); }
TEST(Basket, Throws) { throw std::runtime_error("no basket"); }
