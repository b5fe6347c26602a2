//! README and the pages in `docs/`: what they tell to type works, and their links lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use mdbook_driver::MDBook;
use tempfile::TempDir;
use waybill_api::ProblemKind;
use waybill_shared::domain::kinds::{LineEvent, LotEvent, ReasonCode, RecordEvent};
use waybill_shared::domain::pipeline::Pipeline;

use crate::support::{example, run, waybill};

fn root() -> PathBuf {
    example().join("../..")
}

/// The pages that go on from README's tour, in this order. Any other page begins in an empty folder.
const AFTER_THE_TOUR: [&str; 2] = ["docs/how-to/operate.md", "docs/how-to/plan.md"];

/// The shell commands of a page, block by block.
fn blocks(page: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(root().join(page)).with_context(|| page.to_owned())?;
    let parts = text.split("```sh\n").skip(1);
    Ok(parts.filter_map(|part| part.split("```").next()).map(str::to_owned).collect())
}

/// `commands` with ports that nobody uses instead of those that the pages name.
fn with_free_ports(commands: &str) -> Result<String> {
    let mut commands = commands.to_owned();
    for (address, named) in [("127.0.0.1", "127.0.0.1:8080"), ("127.0.0.2", "127.0.0.2:9000")] {
        let free = TcpListener::bind((address, 0))?.local_addr()?;
        commands = commands.replace(named, &free.to_string());
    }
    Ok(commands)
}

/// Types `commands` into one shell in `folder`, up to the first that fails, and ends what they leave running.
fn typed(folder: &Path, commands: &str) -> Result<()> {
    let bin = folder.join("bin");
    if !bin.exists() {
        fs::create_dir(&bin)?;
        symlink(waybill(&[]).get_program(), bin.join("waybill"))?;
        symlink(root().join("examples").canonicalize()?, folder.join("examples"))?;
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let clean_up = "trap 'kill $(jobs -p) 2>/dev/null || true; wait || true' EXIT";
    let script = format!("{clean_up}\n{}", with_free_ports(commands)?);
    let mut shell = Command::new("timeout");
    shell.args(["300", "bash", "-eux", "-o", "pipefail", "-c", &script]).current_dir(folder);
    let done = shell.env("PATH", path).env("WAYBILL_DATA", folder.join("tour")).output()?;
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
    for page in AFTER_THE_TOUR {
        typed(folder.path(), &blocks(page)?.concat()).context(page)?;
    }
    let own = blocks("README.md")?.into_iter().find(|block| block.contains("waybill init"));
    typed(TempDir::new()?.path(), &own.context("README has no own coalition")?)?;
    Ok(())
}

#[test]
fn what_other_pages_tell_to_type_works_in_an_empty_folder() -> Result<()> {
    let mut typed_pages = 0;
    for page in pages()? {
        let Ok(name) = page.strip_prefix(root()) else { continue };
        let name = name.display().to_string();
        let commands = blocks(&name)?.concat();
        if !name.starts_with("docs/") || AFTER_THE_TOUR.contains(&&*name) || commands.is_empty() {
            continue;
        }
        typed(TempDir::new()?.path(), &commands).context(name)?;
        typed_pages += 1;
    }
    ensure!(typed_pages >= 4, "only {typed_pages} pages have commands");
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

/// The anchors of a page's headings, as forges and mdBook make them.
fn anchors(page: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(page)?;
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let titles = headings.filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor = |title: &str| title.chars().filter(kept).collect::<String>();
    Ok(titles.map(|title| anchor(title).to_lowercase().replace(' ', "-")).collect())
}

#[test]
fn links_between_pages_lead_somewhere() -> Result<()> {
    let (mut links, mut dead) = (0, Vec::new());
    let docs = root().join("docs").canonicalize()?;
    for page in pages()? {
        let text = fs::read_to_string(&page)?;
        let folder = page.parent().context("a page is in a folder")?;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.is_empty() || link.contains("://") || link.contains(' ') {
                continue;
            }
            links += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            let is_there = target.exists()
                && (anchor.is_empty() || anchors(&target)?.iter().any(|known| known == anchor));
            // The book has nothing but its own pages.
            let leaves_the_book = page.canonicalize()?.starts_with(&docs)
                && !target.canonicalize().is_ok_and(|target| target.starts_with(&docs));
            if !is_there || leaves_the_book {
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

#[test]
fn the_reference_names_every_command_event_reason_and_problem() -> Result<()> {
    let page = |name: &str| fs::read_to_string(root().join("docs/reference").join(name));
    let help = String::from_utf8(waybill(&["--help"]).output()?.stdout)?;
    let entries = help.lines().filter_map(|line| line.strip_prefix("  "));
    let entries = entries.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let commands: Vec<&str> = entries.filter_map(|line| line.split_whitespace().next()).collect();
    ensure!(commands.len() > 50, "{commands:?}");
    let listed = page("commands.md")?;
    let unlisted = commands.into_iter().filter(|name| !listed.contains(&format!("`{name}`")));
    let mut missing: Vec<String> = unlisted.map(str::to_owned).collect();
    let listed = page("events.md")?;
    let lots = LotEvent::ALL.iter().map(|event| event.name());
    let lines = LineEvent::ALL.iter().map(|event| event.name());
    let events = lots.chain(lines).chain(RecordEvent::ALL.iter().map(|event| event.name()));
    let unlisted = events.filter(|name| !listed.contains(&format!("| `{name}` |")));
    missing.extend(unlisted.map(str::to_owned));
    let listed = page("reasons.md")?;
    let reasons = ReasonCode::ALL.iter().map(|code| code.name());
    let names = reasons.chain(ProblemKind::ALL.iter().map(|kind| kind.name()));
    let unlisted = names.filter(|name| !listed.contains(&format!("| `{name}` |")));
    missing.extend(unlisted.map(str::to_owned));
    let listed = page("pipeline.md")?;
    let pipeline = serde_json::to_value(Pipeline::default())?;
    let unlisted = keys(&pipeline).into_iter();
    missing.extend(unlisted.filter(|key| {
        !["`{}`", "{} =", "[{}]"].iter().any(|way| listed.contains(&way.replace("{}", key)))
    }));
    ensure!(missing.is_empty(), "not in the reference: {missing:?}");
    Ok(())
}

/// The keys of a pipeline's settings, at any depth.
fn keys(value: &serde_json::Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                found.insert(key.clone());
                found.extend(keys(value));
            }
        }
        serde_json::Value::Array(values) => found.extend(values.iter().flat_map(keys)),
        _ => {}
    }
    found
}

#[test]
fn the_book_is_built_with_every_page() -> Result<()> {
    let folder = TempDir::new()?;
    let mut book = MDBook::load(root().join("docs"))?;
    book.config.build.build_dir = folder.path().to_owned();
    book.build()?;
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md"))?;
    let pages = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut built = 0;
    for page in pages {
        let name = if page == "README.md" {
            "index.html".to_owned()
        } else {
            page.replace(".md", ".html")
        };
        let html = fs::read_to_string(folder.path().join(&name)).with_context(|| name.clone())?;
        ensure!(html.contains("<h1"), "{name}");
        built += 1;
    }
    ensure!(built > 25, "{built} pages");
    Ok(())
}

#[test]
fn a_term_is_explained_from_the_reference() -> Result<()> {
    let explained = |term: &str| -> Result<String> { Ok(run(&["explain", term])?.ok()?.out) };
    ensure!(explained("money_exhausted")?.contains("too little left"));
    ensure!(explained("smallest_lot")?.contains("requisitions"));
    for term in
        ["lot.ordered", "not_found", "I2", "round_delay_ms", "waybill_trouble", "--csv", "envelope"]
    {
        explained(term)?;
    }
    run(&["explain", "money_exausted"])?
        .failed(1, &["no entry", "did you mean `money_exhausted`?"])?;
    Ok(())
}

/// Every Rust file of the project, as `/folder/of/it.rs`, with and without the `src/` in between.
fn sources(folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = format!("/{}", path.display());
            found.push(name.replace("/src/", "/"));
            found.push(name);
        }
    }
    Ok(())
}

#[test]
fn architecture_and_contributing_name_files_that_are_there() -> Result<()> {
    let (mut files, mut named, mut missing) = (Vec::new(), 0, Vec::new());
    sources(&root().canonicalize()?, &mut files)?;
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(page))?;
        for name in text.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs")) {
            named += 1;
            if !files.iter().any(|file| file.ends_with(&format!("/{name}"))) {
                missing.push(format!("{page}: {name}"));
            }
        }
    }
    ensure!(named > 20 && missing.is_empty(), "{named} named, missing: {missing:?}");
    Ok(())
}
