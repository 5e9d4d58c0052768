// Panics where nothing may unwind.
extern "C" fn callback(count: i32) {
    if count > 2 {
        panic!("too many: {count}");
    }
}

fn main() {
    callback(3);
}
