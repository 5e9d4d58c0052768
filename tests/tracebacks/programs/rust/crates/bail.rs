// An error with one cause, from anyhow.
use anyhow::{anyhow, Result};

fn main() -> Result<()> {
    Err(anyhow!("card declined").context("checkout failed"))
}
