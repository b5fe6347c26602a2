//! The template as a workbook: a sheet for each table, with lists to choose from, and notes on the headings.

use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, ExcelDateTime, Format,
    FormatAlign, Formula, Note, Workbook, Worksheet, XlsxError,
};

use super::words::{self, Words};
use super::{Template, plain};
use crate::domain::quantity::Unit;
use crate::import::columns::{
    CODES, CONSIGNEES, CONTRIBUTIONS, Cell, Field, GUIDE, LINES, OFFERS, PARTIES, SECTIONS,
    SETTINGS, Section,
};

/// The sheets, in the order in which a person fills them in. Other sheets that a workbook may have can be added.
const SHEETS: [Section<'static>; 7] =
    [SETTINGS, PARTIES, CONTRIBUTIONS, OFFERS, LINES, CONSIGNEES, CODES];

/// The last row, from 0, that has lists to choose from.
const LAST: u32 = 2000;

/// Currencies to choose from: those with a rate of the European Central Bank, and UAH.
const CURRENCIES: [&str; 31] = [
    "EUR", "UAH", "USD", "GBP", "DKK", "SEK", "NOK", "ISK", "PLN", "CZK", "HUF", "RON", "CHF",
    "CAD", "AUD", "NZD", "JPY", "KRW", "TRY", "BRL", "CNY", "HKD", "IDR", "ILS", "INR", "MXN",
    "MYR", "PHP", "SGD", "THB", "ZAR",
];

const DAY: &str = "yyyy-mm-dd";

/// The most units that a note lists.
const UNITS_IN_NOTE: usize = 40;

pub(super) fn bytes(template: &Template) -> Result<Vec<u8>, XlsxError> {
    let words = words::of(template.language);
    let mut book = Workbook::new();
    guide(&mut book, template, words)?;
    for section in SHEETS {
        let sheet = book.add_worksheet().set_name(section.title(template.language))?;
        head(sheet, section, template, words)?;
        for (row, cells) in (1..).zip(template.rows(section)) {
            for ((column, field), text) in (0..).zip(section.fields).zip(cells) {
                fill(sheet, (row, column), field, &text)?;
            }
        }
        if section.name == SETTINGS.name {
            sheet.set_active(true);
        }
    }
    book.save_to_buffer()
}

fn guide(book: &mut Workbook, template: &Template, words: &Words) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet().set_name(template.language.of(GUIDE))?;
    sheet.set_column_width(0, 120)?;
    let (title, text) = (Format::new().set_bold(), Format::new().set_text_wrap());
    sheet.write_with_format(0, 0, &template.name, &title)?;
    let sheets = SHEETS.into_iter().filter_map(|section| {
        let about = words.files.iter().find(|(name, _)| *name == section.name)?;
        Some(format!("{}: {}", section.title(template.language), about.1))
    });
    let lines = words.about_book.iter().map(|line| (*line).to_owned()).chain(sheets);
    for (row, line) in (1..).zip(lines) {
        sheet.write_with_format(row, 0, line, &text)?;
    }
    Ok(())
}

/// Writes the header of a sheet, and sets the format and the allowed values of the cells below.
fn head(
    sheet: &mut Worksheet,
    section: Section<'_>,
    template: &Template,
    words: &Words,
) -> Result<(), XlsxError> {
    let heading = Format::new().set_bold().set_align(FormatAlign::Top).set_text_wrap();
    let needed = heading.clone().set_background_color(0x1F_3864).set_font_color(0xFF_FFFF);
    let other = heading.set_background_color(0xD9_E2F3);
    for (column, field) in (0_u16..).zip(section.fields) {
        let title = field.title(template.language);
        let format = if field.required { &needed } else { &other };
        sheet.write_with_format(0, column, title, format)?;
        let width = title.chars().count().clamp(10, 24) + 4;
        sheet.set_column_width(column, u16::try_from(width).unwrap_or(20))?;
        if let Some(format) = format_of(field.cell) {
            sheet.set_column_format(column, &format)?;
        }
        let note = Note::new(note(field, template, words)).add_author_prefix(false);
        sheet.insert_note(0, column, &note.set_width(320).set_height(140))?;
        if let Some(taken) = validation(field, template)? {
            let taken = taken.set_error_message(words.wrong)?;
            sheet.add_data_validation(1, column, LAST, column, &taken)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn format_of(cell: Cell) -> Option<Format> {
    match cell {
        // As text, a code such as 0012 keeps its zeros.
        Cell::Name | Cell::Text | Cell::One(_) | Cell::Unit | Cell::Currency | Cell::Of(_) => {
            Some(Format::new().set_num_format("@"))
        }
        Cell::Day => Some(Format::new().set_num_format(DAY)),
        Cell::Number | Cell::Whole => None,
    }
}

fn note(field: &Field<'_>, template: &Template, words: &Words) -> String {
    let mut text = plain(field.meaning(template.language));
    if field.cell == Cell::Unit {
        let units = Unit::all().take(UNITS_IN_NOTE);
        let units: Vec<String> = units.map(|unit| format!("{unit} {}", unit.name())).collect();
        text = format!("{text}\n{}", units.join(", "));
    }
    if field.required {
        text = format!("{text}\n{}", words.needed_note);
    }
    if !field.example.is_empty() {
        text = format!("{text}\n{} {}", words.example_note, field.example);
    }
    text
}

/// The values that a column's cells accept. `None` means any. Only closed lists refuse other values.
fn validation(field: &Field<'_>, template: &Template) -> Result<Option<DataValidation>, XlsxError> {
    let (new, warns) = (DataValidation::new(), DataValidationErrorStyle::Warning);
    let day = |year| ExcelDateTime::from_ymd(year, 1, 1);
    Ok(match field.cell {
        Cell::Name | Cell::Text => None,
        Cell::One(choices) => Some(new.allow_list_strings(choices)?),
        Cell::Unit => {
            let units: Vec<String> = Unit::all().map(|unit| unit.to_string()).collect();
            Some(new.allow_list_strings(&units)?)
        }
        // Any other currency of ISO 4217 may be typed, with a warning.
        Cell::Currency => Some(new.allow_list_strings(&CURRENCIES)?.set_error_style(warns)),
        Cell::Of(name) => SECTIONS.iter().find(|section| section.name == name).map(|section| {
            let sheet = section.title(template.language);
            let ids =
                Formula::new(format!("='{}'!$A$2:$A${}", sheet.replace('\'', "''"), LAST + 1));
            new.allow_list_formula(ids).set_error_style(warns)
        }),
        Cell::Day => {
            let days = DataValidationRule::Between(day(1990)?, day(2101)?);
            Some(new.allow_date(days))
        }
        Cell::Number => Some(new.allow_decimal_number(DataValidationRule::GreaterThan(0.0))),
        Cell::Whole => Some(new.allow_whole_number(DataValidationRule::GreaterThanOrEqualTo(0))),
    })
}

fn fill(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    field: &Field<'_>,
    text: &str,
) -> Result<(), XlsxError> {
    if text.is_empty() {
        return Ok(());
    }
    let format = format_of(field.cell).unwrap_or_default();
    let number =
        text.parse::<f64>().ok().filter(|_| matches!(field.cell, Cell::Number | Cell::Whole));
    let day = text.parse::<chrono::NaiveDate>().ok().filter(|_| field.cell == Cell::Day);
    match (number, day) {
        (Some(number), _) => sheet.write_with_format(row, column, number, &format)?,
        (None, Some(day)) => {
            let day = ExcelDateTime::parse_from_str(&day.to_string())?;
            sheet.write_with_format(row, column, &day, &format)?
        }
        (None, None) => sheet.write_with_format(row, column, text, &format)?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn every_currency_that_is_offered_is_known() {
        for code in CURRENCIES {
            assert!(code.parse::<Currency>().is_ok(), "{code}");
        }
    }
}
