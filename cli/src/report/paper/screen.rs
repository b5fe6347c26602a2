//! A report for a terminal, fitted to its width, with lines broken at spaces.

use super::{Block, Cell, Paper, SHOWN, Table};
use crate::output::{self, wrap};

/// Words up to this length are not broken.
const WORD: usize = 18;

/// The narrowest column.
const NARROWEST: usize = 8;

pub(crate) fn screen(paper: &Paper) -> String {
    let mut text = paragraph(&format!("{}: {}", paper.title, paper.kind));
    text.push_str(&paragraph(&paper.day));
    text.push_str(&format!("\n{}", paragraph(&paper.summary)));
    if !paper.figures.is_empty() {
        let figures = paper.figures.iter().map(|(name, value)| format!("{name}: {value}"));
        let figures: Vec<String> = figures.collect();
        text.push_str(&format!("\n{}", paragraph(&figures.join("   "))));
    }
    for section in &paper.sections {
        text.push_str(&format!("\n{}", paragraph(&section.heading.to_uppercase())));
        for block in &section.blocks {
            match block {
                Block::Text(words) => text.push_str(&paragraph(words)),
                Block::Table(table) => text.push_str(&listed(table)),
                Block::Bars(bars) => {
                    text.push_str(&paragraph(&bars.caption));
                    let row = |bar: &super::Bar| vec![bar.name.clone(), bar.value.clone()];
                    let rows: Vec<Vec<String>> = bars.bars.iter().map(row).collect();
                    text.push_str(&grid(&["", ""], &[false, false], &rows));
                }
            }
        }
    }
    text
}

fn paragraph(text: &str) -> String {
    wrap(text, output::width()).join("\n") + "\n"
}

fn listed(table: &Table) -> String {
    if table.rows.is_empty() {
        return paragraph(table.nothing);
    }
    let heads: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let is_number: Vec<bool> = table.columns.iter().map(|(_, kind)| kind.is_number()).collect();
    let cell = |cell: &Cell| match cell.aside.as_str() {
        "" => cell.text.clone(),
        aside => format!("{} ({aside})", cell.text),
    };
    let rows = table.rows.iter().take(SHOWN).map(|row| row.iter().map(cell).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    let mut text = paragraph(&table.caption) + "\n" + &grid(&heads, &is_number, &rows);
    if table.all > rows.len() {
        text.push_str(&format!("… and {} more\n", table.all - rows.len()));
    }
    text
}

/// A table that fits. The widest text columns shrink first, and columns of numbers last.
fn grid(heads: &[&str], is_number: &[bool], rows: &[Vec<String>]) -> String {
    let wide = |text: &str| text.chars().count();
    let widest = |i: usize| {
        let cells = rows.iter().map(|row| wide(&row[i]));
        cells.max().unwrap_or(0).max(wide(heads[i]))
    };
    let mut widths: Vec<usize> = (0..heads.len()).map(widest).collect();
    let longest = |text: &str| text.split(' ').map(wide).max().unwrap_or(0).min(WORD);
    let narrowest = |i: usize| {
        let words = rows.iter().map(|row| longest(&row[i]));
        words.max().unwrap_or(0).max(wide(heads[i]))
    };
    let narrowest: Vec<usize> = (0..heads.len()).map(narrowest).collect();
    let gaps = 2 * heads.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > output::width() {
        let give = |i: &usize| (!is_number[*i], widths[*i]);
        let above = |least: &dyn Fn(usize) -> usize| {
            (0..widths.len()).filter(|i| widths[*i] > least(*i)).max_by_key(give)
        };
        // Words are only broken if the columns cannot shrink otherwise.
        let Some(i) = above(&|i| narrowest[i]).or_else(|| above(&|_| NARROWEST)) else { break };
        widths[i] -= 1;
    }
    let head: Vec<String> = heads.iter().map(|head| head.to_uppercase()).collect();
    let is_headed = heads.iter().any(|head| !head.is_empty());
    let mut text = String::new();
    for row in std::iter::once(&head).filter(|_| is_headed).chain(rows) {
        let parts: Vec<Vec<String>> =
            row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
        for line in 0..parts.iter().map(Vec::len).max().unwrap_or(1) {
            let mut said = String::new();
            for ((part, width), is_number) in parts.iter().zip(&widths).zip(is_number) {
                let part = part.get(line).map_or("", String::as_str);
                let pad = " ".repeat(width.saturating_sub(wide(part)));
                match is_number {
                    true => said.push_str(&format!("{pad}{part}  ")),
                    false => said.push_str(&format!("{part}{pad}  ")),
                }
            }
            text.push_str(said.trim_end());
            text.push('\n');
        }
    }
    text
}
