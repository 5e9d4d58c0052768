macro_rules! price {
    ($name:ident) => {
        let $name: i32 = "four";
    };
}

fn main() {
    price!(tea);
    println!("{tea}");
    missing!();
}
