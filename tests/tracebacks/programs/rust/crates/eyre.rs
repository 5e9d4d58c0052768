// An error with a place, from eyre.
use eyre::{Result, WrapErr};

fn price(text: &str) -> Result<i32> {
    text.parse::<i32>().wrap_err("not a price")
}

fn main() -> Result<()> {
    price("three")?;
    Ok(())
}
