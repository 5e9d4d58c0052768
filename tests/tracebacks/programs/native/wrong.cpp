#include <algorithm>
#include <vector>
struct Item { int price; };
class Basket {
    std::vector<Item> items;
    int sum() const { return item.size(); }
    void sort() { std::sort(items.begin(), items.end()); }
};
template <typename T> T twice(T value) { return value * 2; }
int main() { twice(Item{3}); }
