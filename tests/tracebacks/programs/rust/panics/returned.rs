// main returns what std says.
fn main() -> Result<(), std::io::Error> {
    std::fs::read_to_string("prices.json")?;
    Ok(())
}
