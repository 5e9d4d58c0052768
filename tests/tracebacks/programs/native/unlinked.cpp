namespace shop { int total(int); struct Order { int sum() const; }; }
extern "C" int price(int);
int main() { return shop::total(2) + shop::Order().sum() + price(1); }
