//! A full disk: nothing is half-applied, and once there is room the same command works.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::coalition::{requisitions, row};
use crate::pair::say;
use crate::secretariat::Service;
use crate::support::{Said, finish, is_clean, lots, run, text, waybill};

/// A small file system of its own, in memory.
pub(crate) struct SmallDisk(pub(crate) PathBuf);

impl SmallDisk {
    /// Mounts it; none where that is not permitted.
    pub(crate) fn mount(at: &Path, size: &str) -> Result<Option<Self>> {
        fs::create_dir(at)?;
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at);
        let is_mounted = mount.output().is_ok_and(|done| done.status.success());
        Ok(is_mounted.then(|| Self(at.to_owned())))
    }

    /// Fills it until `left` bytes are left, about; gives the file that does.
    pub(crate) fn fill(&self, left: usize) -> Result<PathBuf> {
        let (path, room) = (self.0.join("filler"), self.0.join("room"));
        fs::write(&room, vec![0; left])?;
        let mut file = File::create(&path)?;
        for size in [64 * 1024, 1024, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        fs::remove_file(room)?;
        Ok(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

fn mounted(folder: &Path, size: &str) -> Result<Option<SmallDisk>> {
    let disk = SmallDisk::mount(&folder.join("disk"), size)?;
    if disk.is_none() {
        say("NOT TESTED: a full disk; a tmpfs cannot be mounted here")?;
    }
    Ok(disk)
}

/// It must have failed, and say that there is no room.
fn says_full(said: &Said) -> Result<()> {
    ensure!(matches!(said.code, Some(1 | 2)), "{said:?}");
    ensure!(said.out.is_empty() && said.err.contains("error: "), "{said:?}");
    let is_clear = ["full", "No space"].iter().any(|words| said.err.contains(words));
    ensure!(is_clear, "the disk is full, the error does not say so: {}", said.err);
    Ok(())
}

/// A file of one line, and one of 2,000 others.
fn files(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (few, many) = (folder.join("few.csv"), folder.join("many.csv"));
    requisitions(&few, &[row("R-0", 10)])?;
    requisitions(&many, &(1..=2000).map(|i| row(&format!("R-{i}"), 10)).collect::<Vec<_>>())?;
    Ok((few, many))
}

/// Imports onto a disk with `left` bytes, then onto the same with room.
fn import_with(left: usize) -> Result<()> {
    let folder = TempDir::new()?;
    let Some(disk) = mounted(folder.path(), "16m")? else { return Ok(()) };
    let (few, many) = files(folder.path())?;
    let data = disk.0.join("data");
    run(&["import", text(&few)?, "--data", text(&data)?])?.ok()?;
    let before = lots(&data)?;
    let filler = disk.fill(left)?;
    let said = run(&["import", text(&many)?, "--data", text(&data)?])?;
    fs::remove_file(filler)?;
    ensure!(lots(&data)? == before, "something was taken: {said:?}");
    is_clean(&data)?;
    run(&["import", text(&many)?, "--data", text(&data)?])?.ok()?;
    ensure!(lots(&data)?.len() == 2001);
    is_clean(&data)?;
    says_full(&said)
}

#[test]
fn an_import_onto_a_full_disk_takes_nothing_and_works_once_there_is_room() -> Result<()> {
    import_with(0)
}

#[test]
fn an_import_onto_a_nearly_full_disk_takes_nothing_and_works_once_there_is_room() -> Result<()> {
    // Enough to open the database, not enough for the lines.
    import_with(256 * 1024)?;
    import_with(800 * 1024)
}

#[test]
fn a_new_folder_on_a_full_disk_works_once_there_is_room() -> Result<()> {
    let folder = TempDir::new()?;
    let Some(disk) = mounted(folder.path(), "4m")? else { return Ok(()) };
    let (few, _) = files(folder.path())?;
    let data = disk.0.join("data");
    let filler = disk.fill(0)?;
    let said = run(&["import", text(&few)?, "--data", text(&data)?])?;
    fs::remove_file(filler)?;
    run(&["import", text(&few)?, "--data", text(&data)?])?.ok()?;
    ensure!(lots(&data)?.len() == 1);
    is_clean(&data)?;
    says_full(&said)
}

#[test]
fn serve_outlives_a_full_disk() -> Result<()> {
    let folder = TempDir::new()?;
    let Some(disk) = mounted(folder.path(), "24m")? else { return Ok(()) };
    let (few, many) = files(folder.path())?;
    let data = disk.0.join("data");
    run(&["import", text(&few)?, "--data", text(&data)?])?.ok()?;
    let service = Service::start(&data, None)?;
    let filler = disk.fill(256 * 1024)?;
    let said = run(&["import", text(&many)?, "--data", text(&data)?])?;
    ensure!(lots(&data)?.len() == 1, "something was taken");
    fs::remove_file(filler)?;
    let again = run(&["import", text(&many)?, "--data", text(&data)?])?;
    ensure!(again.code == Some(0), "{again:?}\n{}", service.log()?);
    ensure!(lots(&data)?.len() == 2001);
    service.stop()?;
    is_clean(&data)?;
    says_full(&said)
}

#[test]
fn output_that_could_not_be_written_is_no_success() -> Result<()> {
    let folder = TempDir::new()?;
    let (few, data) = (folder.path().join("few.csv"), folder.path().join("data"));
    requisitions(&few, &[row("R-0", 10)])?;
    run(&["import", text(&few)?, "--data", text(&data)?])?.ok()?;
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" lots --json --data \"$1\" > /dev/full"]);
    shell.arg(waybill(&[]).get_program()).arg(&data);
    let said = finish(shell)?;
    ensure!(said.code == Some(1), "stdout was full: {said:?}");
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Result<()> {
    let folder = TempDir::new()?;
    let (many, data) = (folder.path().join("many.csv"), folder.path().join("data"));
    requisitions(&many, &(1..=1000).map(|i| row(&format!("R-{i}"), 10)).collect::<Vec<_>>())?;
    run(&["import", text(&many)?, "--data", text(&data)?])?.ok()?;
    let mut shell = Command::new("bash");
    shell.args(["-c", "set -o pipefail; \"$0\" lots --limit 1000 --data \"$1\" | head -1"]);
    shell.arg(waybill(&[]).get_program()).arg(&data);
    let said = finish(shell)?.ok()?;
    ensure!(said.out.starts_with("LOT"), "{said:?}");
    Ok(())
}
