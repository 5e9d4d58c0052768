int price(int count) { return count * rate; }
