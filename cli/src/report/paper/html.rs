//! A report as a self-contained web page that prints well.

use maud::{Markup, html as page};

use super::{Bars, Block, Cell, Paper, SHOWN, Table};
use crate::report::html::chart;
use crate::report::html::{Kind, document, none, section, table};

pub(crate) fn html(paper: &Paper) -> String {
    let body = page! {
        (chart::patterns())
        header {
            p.kind { (paper.kind) }
            h1 { (paper.title) }
            p.day { (paper.day) }
        }
        main {
            p.summary { (paper.summary) }
            @if !paper.figures.is_empty() {
                dl.figures {
                    @for (name, value) in &paper.figures {
                        div { dt { (name) } dd .sum[value.chars().count() > 9] { (value) } }
                    }
                }
            }
            @for part in &paper.sections {
                (section(&part.id, &part.heading, &page! {
                    @for block in &part.blocks { (written(block)) }
                }))
            }
        }
        footer { p { "Made by Waybill from the coalition’s event log." } }
    };
    document(&page! { (paper.title) ": " (paper.kind) ", " (paper.day) }, &body)
}

fn written(block: &Block) -> Markup {
    match block {
        Block::Text(text) => page! { p { (text) } },
        Block::Table(table) if table.rows.is_empty() => none(table.nothing),
        Block::Table(table) => listed(table),
        Block::Bars(bars) => plotted(bars),
    }
}

fn listed(of: &Table) -> Markup {
    let cell = |(cell, (_, kind)): (&Cell, &(&str, Kind))| {
        page! {
            @if kind.is_number() { span.digits { (cell.text) } } @else { (cell.text) }
            @if !cell.aside.is_empty() { " " span.aside { (cell.aside) } }
        }
    };
    let row = |row: &Vec<Cell>| row.iter().zip(&of.columns).map(cell).collect();
    let rows: Vec<Vec<Markup>> = of.rows.iter().take(SHOWN).map(row).collect();
    page! {
        (table(&of.caption, &of.columns, &rows, &[]))
        @if of.all > rows.len() { p.note { "… and " (of.all - rows.len()) " more" } }
    }
}

fn plotted(bars: &Bars) -> Markup {
    page! {
        figure {
            figcaption { (bars.caption) }
            ul.legend {
                @for (class, name, meaning) in &bars.legend {
                    li { (chart::swatch(class)) span { b { (name) } " " (meaning) } }
                }
            }
            ol.donors {
                @for bar in &bars.bars {
                    @let title = format!("{}: {}", bar.name, bar.value);
                    li {
                        p.label { b { (bar.name) } span { (bar.value) } }
                        (chart::bar(&bar.parts, bar.whole, bar.limit, &title))
                    }
                }
            }
        }
    }
}
