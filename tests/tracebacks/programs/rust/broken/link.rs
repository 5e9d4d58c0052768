extern "C" {
    fn absent() -> i32;
}

fn main() {
    println!("{}", unsafe { absent() });
}
