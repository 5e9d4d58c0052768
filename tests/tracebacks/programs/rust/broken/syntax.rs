fn main() {
    let price = 4
    println!("{price}");
}
