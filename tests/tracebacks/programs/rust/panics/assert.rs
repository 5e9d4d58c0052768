// A worker's assertion fails, and the main thread with it.
fn check(count: usize) {
    assert_eq!(count, 3, "items in\n{}", "the cart");
}

fn main() {
    let worker = std::thread::Builder::new().name("worker".into());
    worker.spawn(|| check(2)).unwrap().join().unwrap();
}
