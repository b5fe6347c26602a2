//! A few inputs for each reader; `scripts/fuzz` gives many.

use anyhow::{Result, ensure};
use waybill_fuzz::{run, targets};

#[test]
fn whatever_is_read_is_read_or_refused() -> Result<()> {
    for target in targets()? {
        let folder = tempfile::TempDir::new()?;
        let report = run(&target, folder.path(), 1, 0..300);
        ensure!(report.faults.is_empty(), "{}: {:#?}", target.name, report.faults);
        // Whoever takes nothing is not tried.
        ensure!(report.taken > 0 && report.taken < report.inputs, "{}: {report:?}", target.name);
    }
    Ok(())
}
