// Asks for more memory than there is.
fn main() {
    let list: Vec<u8> = Vec::with_capacity(1 << 46);
    println!("{}", list.capacity());
}
