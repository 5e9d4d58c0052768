#include <stdexcept>
#include <string>
#include <vector>

namespace shop {
struct Item { std::string name; int price; };

class Order {
public:
    std::vector<Item> items;
    int price(int index) const { return items.at(index).price; }
    int total(const int* factor) const { return static_cast<int>(items.size()) * *factor; }
};
}

template <typename T> int bill(const T& order, const int* factor) { return order.total(factor); }

int main(int argc, char**) {
    shop::Order order;
    order.items.push_back({"tea", 3});
    if (argc == 2) return order.price(7);
    if (argc == 3) throw std::invalid_argument("no such order\nask the shop");
    return bill(order, nullptr);
}
