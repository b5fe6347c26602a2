//! A report as Markdown.

use waybill_shared::import::defused;

use super::{Bars, Block, Cell, Paper, SHOWN, Table};

pub(crate) fn markdown(paper: &Paper) -> String {
    let mut text = format!("# {}: {}\n\n{}\n", escaped(&paper.title), paper.kind, paper.day);
    text.push_str(&format!("\n{}\n", escaped(&paper.summary)));
    if !paper.figures.is_empty() {
        text.push('\n');
        for (name, value) in &paper.figures {
            text.push_str(&format!("- {name}: **{}**\n", escaped(value)));
        }
    }
    for section in &paper.sections {
        text.push_str(&format!("\n## {}\n", escaped(&section.heading)));
        for block in &section.blocks {
            text.push('\n');
            match block {
                Block::Text(paragraph) => text.push_str(&format!("{}\n", escaped(paragraph))),
                Block::Table(table) => text.push_str(&listed(table)),
                Block::Bars(bars) => text.push_str(&plotted(bars)),
            }
        }
    }
    text
}

/// Escapes Markdown.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '*' | '`' | '[' | ']' | '<' | '>' | '\\' => plain.extend(['\\', letter]),
            _ if letter.is_control() => plain.push(' '),
            _ => plain.push(letter),
        }
    }
    plain
}

fn listed(table: &Table) -> String {
    if table.rows.is_empty() {
        return format!("{}\n", table.nothing);
    }
    let heads: Vec<String> = table.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let is_right: Vec<bool> = table.columns.iter().map(|(_, kind)| kind.is_number()).collect();
    let cell = |(cell, is_number): (&Cell, &bool)| {
        // A table may be pasted into a spreadsheet, which must not run text from others as a
        // formula. Amounts are formatted by this program, so they are safe.
        let text = if *is_number { cell.text.as_str().into() } else { defused(&cell.text) };
        match cell.aside.as_str() {
            "" => escaped(&text),
            aside => format!("{} ({})", escaped(&text), escaped(aside)),
        }
    };
    let cells = |row: &Vec<Cell>| row.iter().zip(&is_right).map(cell).collect();
    let rows = table.rows.iter().take(SHOWN).map(cells);
    let rows: Vec<Vec<String>> = rows.collect();
    let mut text = format!("{}\n\n{}", escaped(&table.caption), grid(&heads, &is_right, &rows));
    if table.all > rows.len() {
        text.push_str(&format!("\n… and {} more\n", table.all - rows.len()));
    }
    text
}

fn plotted(bars: &Bars) -> String {
    let heads = ["".to_owned(), "".to_owned()];
    let rows: Vec<Vec<String>> = bars
        .bars
        .iter()
        .map(|bar| vec![escaped(&defused(&bar.name)), escaped(&bar.value)])
        .collect();
    format!("{}\n\n{}", escaped(&bars.caption), grid(&heads, &[false, false], &rows))
}

/// A table with aligned columns.
fn grid(heads: &[String], is_right: &[bool], rows: &[Vec<String>]) -> String {
    let wide = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = heads.iter().map(|head| wide(head).max(3)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(wide(cell));
        }
    }
    let line = |cells: &[String]| {
        let mut text = String::from("|");
        for ((cell, width), is_right) in cells.iter().zip(&widths).zip(is_right) {
            let pad = " ".repeat(width - wide(cell));
            match is_right {
                true => text.push_str(&format!(" {pad}{cell} |")),
                false => text.push_str(&format!(" {cell}{pad} |")),
            }
        }
        text + "\n"
    };
    let mut text = line(heads);
    text.push('|');
    for (width, is_right) in widths.iter().zip(is_right) {
        let end = if *is_right { ':' } else { '-' };
        text.push_str(&format!(" {}{end} |", "-".repeat(width - 1)));
    }
    text.push('\n');
    rows.iter().for_each(|row| text.push_str(&line(row)));
    text
}
