use std::fmt::Display;

#[derive(Debug)]
struct Item {
    name: String,
}

fn longest(a: &str, b: &str) -> &str {
    if a.len() > b.len() { a } else { b }
}

fn print_all<T: Display>(items: &[T]) {
    for item in items {
        println!("{item}");
    }
}

fn main() {
    let count: u32 = "three";
    print_all(&[Item { name: "milk".into() }]);
    println!("{} {}", longest("a", "b"));
    prices::missing();
}
