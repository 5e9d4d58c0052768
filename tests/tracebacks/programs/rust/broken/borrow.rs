use std::collections::HashSet;

fn show(item: String) {
    println!("{item}");
}

fn main() {
    let item = String::from("tea");
    show(item);
    println!("{item}");
    let mut list = vec![1];
    let first = &list[0];
    list.push(2);
    println!("{first}");
}
