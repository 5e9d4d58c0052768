// Three panics in a row in unnamed threads; the program goes on.
fn main() {
    for index in 0..3 {
        let prices = vec![4, 5];
        let _ = std::thread::spawn(move || println!("{}", prices[index + 1])).join();
        println!("order {index} done");
    }
}
