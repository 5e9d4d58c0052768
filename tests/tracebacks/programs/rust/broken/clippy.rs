#![deny(clippy::all)]

fn main() {
    let ratio: f32 = 3.14;
    let prices = [1, 2];
    if prices.len() == 0 {
        println!("{ratio}");
    }
    for i in 0..prices.len() {
        println!("{}", prices[i]);
    }
}
