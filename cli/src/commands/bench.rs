//! `waybill bench`.

use crate::args;
use crate::failure::Failure;

pub(crate) async fn run(_: args::Bench) -> Result<(), Failure> {
    Ok(())
}
