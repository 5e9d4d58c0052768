//! Sums prices.

/// Adds.
///
/// ```
/// assert_eq!(shop::add(1, 1), 3);
/// ```
pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_adds() {
        println!("adding");
        assert_eq!(add(2, 2), 5, "the sum of {}", 2);
    }

    #[test]
    fn it_passes() {}

    #[test]
    fn it_reads() -> Result<(), std::num::ParseIntError> {
        "three".parse::<i32>()?;
        Ok(())
    }

    #[test]
    #[should_panic(expected = "overflow")]
    fn it_stops() {
        add(1, 1);
    }
}
