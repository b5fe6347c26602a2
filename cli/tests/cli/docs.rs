//! README and the pages in `docs/`: what they tell to type works, and their links lead somewhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::support::{example, waybill};

fn root() -> PathBuf {
    example().join("../..")
}

/// The shell commands of a page, block by block.
fn blocks(page: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(root().join(page)).with_context(|| page.to_owned())?;
    let parts = text.split("```sh\n").skip(1);
    Ok(parts.filter_map(|part| part.split("```").next()).map(str::to_owned).collect())
}

/// Runs `commands` in `folder`, and stops at the first that fails.
fn typed(folder: &Path, commands: &str) -> Result<()> {
    let bin = folder.join("bin");
    if !bin.exists() {
        fs::create_dir(&bin)?;
        symlink(waybill(&[]).get_program(), bin.join("waybill"))?;
        symlink(root().join("examples").canonicalize()?, folder.join("examples"))?;
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("bash");
    shell.args(["-eux", "-o", "pipefail", "-c", commands]).current_dir(folder).env("PATH", path);
    let done = shell.env("WAYBILL_DATA", folder.join("tour")).output()?;
    ensure!(done.status.success(), "{commands}\n{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

#[test]
fn what_readme_and_its_pages_tell_to_type_works() -> Result<()> {
    let folder = TempDir::new()?;
    let tour = blocks("README.md")?.into_iter().find(|block| block.contains("--until"));
    let tour = tour.context("README has no tour")?;
    // The program is built already.
    let tour: Vec<&str> = tour.lines().filter(|line| !line.starts_with("cargo build")).collect();
    typed(folder.path(), &tour.join("\n"))?;
    for page in ["docs/how-to/operate.md", "docs/how-to/plan.md"] {
        for block in blocks(page)? {
            typed(folder.path(), &block).context(page)?;
        }
    }
    Ok(())
}

/// Every Markdown page of the project.
fn pages() -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    let mut folders = vec![root().join("docs"), root().join("examples")];
    let mut add = |path: PathBuf| {
        if path.extension().is_some_and(|end| end == "md") {
            pages.push(path);
        }
    };
    for entry in fs::read_dir(root())? {
        add(entry?.path());
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                add(path);
            }
        }
    }
    Ok(pages)
}

#[test]
fn links_between_pages_lead_somewhere() -> Result<()> {
    let (mut links, mut dead) = (0, Vec::new());
    for page in pages()? {
        let text = fs::read_to_string(&page)?;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(' ') {
                continue;
            }
            links += 1;
            if !page.parent().is_some_and(|folder| folder.join(file).exists()) {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    ensure!(links > 40 && dead.is_empty(), "{links} links, dead: {dead:#?}");
    Ok(())
}

#[test]
fn readme_is_short_and_the_summary_names_every_page() -> Result<()> {
    let lines = fs::read_to_string(root().join("README.md"))?.lines().count();
    ensure!(lines <= 150, "README has {lines} lines");
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md"))?;
    for page in pages()?.into_iter().filter(|page| page.starts_with(&docs)) {
        let name = page.strip_prefix(&docs)?.display().to_string();
        ensure!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name}");
    }
    Ok(())
}
