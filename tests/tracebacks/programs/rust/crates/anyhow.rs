// An error with two contexts, from anyhow.
use anyhow::{Context, Result};

fn read(name: &str) -> Result<String> {
    std::fs::read_to_string(name).with_context(|| format!("reading {name}"))
}

fn open() -> Result<String> {
    read("prices.json").context("opening the shop")
}

fn main() -> Result<()> {
    open()?;
    Ok(())
}
