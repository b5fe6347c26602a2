//! The example for the API.

use anyhow::{Result, ensure};

use super::surface::Surface;
use crate::support::{example, is_clean};

#[test]
fn the_example_goes_from_three_lines_to_their_delivery() -> Result<()> {
    let surface = Surface::of_the_example()?;
    let requester = surface.token("requester", "MINISTRY")?;
    let lines = std::fs::read_to_string(example().with_file_name("live").join("lines.json"))?;
    let handed = surface.post(&requester, "/v1/requisitions", &serde_json::from_str(&lines)?)?;
    ensure!(handed.is(200)?.json()?["new"] == 3);
    for lot in ["LOT-001", "LOT-002", "LOT-003"] {
        surface.until(lot, "delivered")?;
    }
    is_clean(&surface.secretariat.data)?;
    Ok(())
}
