// Looks up a price that is missing.
use std::collections::HashMap;

struct Shop {
    prices: HashMap<String, i32>,
}

impl Shop {
    fn price(&self, item: &str) -> i32 {
        *self.prices.get(item).unwrap()
    }
}

fn total(shop: &Shop, items: &[&str]) -> i32 {
    let mut sum = 0;
    for item in items {
        sum += shop.price(item);
    }
    sum
}

fn main() {
    let shop = Shop { prices: HashMap::new() };
    println!("{}", total(&shop, &["tea"]));
}
