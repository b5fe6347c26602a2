//! Whatever lines there are: written as an office may write them, they are read as the same lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{Days, NaiveDate};
use encoding_rs::{UTF_8, WINDOWS_1251, WINDOWS_1252};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use waybill_shared::domain::lot::Priority;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::domain::text::{canonical, invisible};
use waybill_shared::import::{
    LINE_FIELDS, Mapping, ReadOptions, Separator, defused, read_lines, unambiguous,
};

use super::place;

/// A name as people give things names, signs that spreadsheets run included.
fn name() -> impl Strategy<Value = String> {
    let written = prop_oneof![
        "[A-Za-z0-9/ ,;|.-]{1,12}",
        "[=+@'-]{1,2}[A-Za-z0-9\"]{1,8}",
        "0{0,3}[1-9][0-9]{0,5}",
        "[А-Яа-яЇї0-9 -]{1,10}",
        "[A-Za-zäöüéñß\" -]{1,10}",
        "\\PC{1,10}",
    ];
    let named = written.prop_map(|text| canonical(&text).into_owned());
    named.prop_filter("nothing to see", |text| {
        !text.is_empty() && invisible(text).is_none() && !text.contains(['\u{2028}', '\u{2029}'])
    })
}

/// A text as people describe things, in several lines.
fn text() -> impl Strategy<Value = String> {
    let written = prop_oneof![
        Just(String::new()),
        "[A-Za-z,;|\t\"'\n =+@-]{1,20}",
        "[=+@'\u{ff1d}-]{1,3}[a-z\n]{0,4}",
        "[\\PC\n]{1,16}",
    ];
    written.prop_map(|text| text.trim().to_owned())
}

/// What a line needs, and then what it may leave out.
fn line() -> impl Strategy<Value = Line> {
    let needs = (name(), name(), name(), name(), name(), text(), text());
    let amounts = (1_i64..1_000_000_000, any::<bool>(), 1_i64..10_000_000_000, 0_usize..3);
    let rest = (1_u8..10, 1_u32..5000, 0_u64..20_000, proptest::option::of(0_u64..900));
    let more = (0_usize..3, proptest::option::of(name()), any::<bool>(), 0_u32..=1000);
    (needs, amounts, rest, more).prop_map(|(needs, amounts, rest, more)| {
        let (external_id, requester, item, classification, consignee, description, source) = needs;
        let (quantity, is_whole, minor, currency) = amounts;
        let (class, rank, requested, needed_by) = rest;
        let (kind, together, has_smallest, tolerance_per_mille) = more;
        let quantity =
            if is_whole { Quantity::whole(quantity / 1000 + 1) } else { Quantity(quantity) };
        let unit = if is_whole { "H87" } else { "KGM" };
        let first = NaiveDate::from_ymd_opt(1990, 1, 1).expect("a day");
        let requested = first + Days::new(requested);
        Line {
            external_id,
            requester,
            item,
            description,
            kind: [Kind::Goods, Kind::Licence, Kind::Service][kind],
            classification,
            scheme: "CPV".into(),
            quantity,
            unit: unit.parse().expect("a unit"),
            unit_estimate: waybill_shared::domain::price::Price::new(
                minor,
                ["EUR", "JPY", "BHD"][currency].parse().expect("one"),
            ),
            priority: Priority { class, rank },
            requested,
            needed_by: needed_by.map(|days| requested + Days::new(days)),
            consignee,
            smallest_lot: has_smallest.then_some(Quantity(1000)).filter(|least| *least <= quantity),
            together,
            tolerance_per_mille,
            source,
        }
    })
}

/// Lines, of which no two are one to their requester.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec(line(), 1..6).prop_map(|lines| {
        let key = |line: &Line| (line.requester.clone(), line.external_id.clone());
        let by_key: BTreeMap<_, _> = lines.into_iter().map(|line| (key(&line), line)).collect();
        by_key.into_values().collect()
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoded {
    Utf8,
    Utf8Marked,
    Utf16Little,
    Utf16Big,
    Windows1251,
    Windows1252,
}

/// How an office writes its file.
#[derive(Debug, Clone)]
struct Habits {
    separator: Separator,
    states_separator: Option<bool>,
    encoded: Encoded,
    /// What the mapping states, if it states a decimal mark.
    decimal: Option<char>,
    groups: bool,
    own_names: bool,
    german_dates: bool,
    titles: Vec<String>,
    states_header: bool,
    defuses: bool,
}

fn habits() -> impl Strategy<Value = Habits> {
    let separator = proptest::sample::select(Separator::ALL.to_vec());
    let encoded = proptest::sample::select(vec![
        Encoded::Utf8,
        Encoded::Utf8Marked,
        Encoded::Utf16Little,
        Encoded::Utf16Big,
        Encoded::Windows1251,
        Encoded::Windows1252,
    ]);
    let decimal = proptest::sample::select(vec![None, Some('.'), Some(',')]);
    let titles = proptest::collection::vec("([A-Za-z, ]{0,20})?", 0..4);
    let bools = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (separator, any::<Option<bool>>(), encoded, decimal, titles, bools).prop_map(
        |(separator, states_separator, encoded, decimal, titles, bools)| {
            let (groups, own_names, german_dates, states_header, defuses) = bools;
            let groups = groups && decimal.is_some();
            Habits {
                separator,
                states_separator,
                encoded,
                decimal,
                groups,
                own_names,
                german_dates,
                titles,
                states_header,
                defuses,
            }
        },
    )
}

impl Habits {
    fn column(&self, field: &str) -> String {
        if self.own_names { format!("Feld; \"{field}\", é") } else { field.to_owned() }
    }

    fn date(&self, day: NaiveDate) -> String {
        day.format(if self.german_dates { "%d.%m.%Y" } else { "%Y-%m-%d" }).to_string()
    }

    fn number(&self, plain: &str) -> String {
        let Some(mark) = self.decimal else { return unambiguous(plain).into_owned() };
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let group = if mark == ',' { '.' } else { ',' };
        let mut written = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if self.groups && at > 0 && (whole.len() - at).is_multiple_of(3) {
                written.push(group);
            }
            written.push(digit);
        }
        match fraction {
            "" => written,
            fraction => format!("{written}{mark}{fraction}"),
        }
    }

    fn mapping(&self, rows_above: usize) -> String {
        let mut text = String::new();
        let mut say = |line: String| writeln!(text, "{line}").expect("written");
        if let Some(mark) = self.decimal {
            say(format!("decimal = \"{mark}\""));
        }
        if self.states_separator == Some(true) {
            say(format!("separator = \"{}\"", self.separator));
        }
        if self.german_dates {
            say("date = \"%d.%m.%Y\"".into());
        }
        if self.states_header {
            say(format!("header_row = {}", rows_above + 1));
        }
        match self.encoded {
            Encoded::Windows1251 => say("encoding = \"windows-1251\"".into()),
            Encoded::Windows1252 => say("encoding = \"windows-1252\"".into()),
            Encoded::Utf8 | Encoded::Utf8Marked | Encoded::Utf16Little | Encoded::Utf16Big => {}
        }
        if self.own_names {
            say("[columns]".into());
            for field in LINE_FIELDS {
                say(format!("{field} = '''{}'''", self.column(field)));
            }
        }
        text
    }

    /// `text` in bytes; in UTF-8 where the encoding does not have its letters.
    fn encode(&mut self, text: &str) -> Vec<u8> {
        let encoding = match self.encoded {
            Encoded::Utf8 => return text.as_bytes().to_vec(),
            Encoded::Utf8Marked => return format!("\u{feff}{text}").into_bytes(),
            Encoded::Utf16Little => {
                return format!("\u{feff}{text}")
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect();
            }
            Encoded::Utf16Big => {
                return format!("\u{feff}{text}")
                    .encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect();
            }
            Encoded::Windows1251 => WINDOWS_1251,
            Encoded::Windows1252 => WINDOWS_1252,
        };
        let (bytes, used, has_errors) = encoding.encode(text);
        if has_errors || used == UTF_8 {
            self.encoded = Encoded::Utf8;
            return text.as_bytes().to_vec();
        }
        bytes.into_owned()
    }
}

/// The fields of `line`; numbers and days as they are, for the habit to write.
enum Field {
    Text(String),
    Number(String),
    Day(Option<NaiveDate>),
}

fn fields(line: &Line) -> Vec<Field> {
    let text = |text: &str| Field::Text(text.to_owned());
    let kind = match line.kind {
        Kind::Goods => "goods",
        Kind::Licence => "licence",
        Kind::Service => "service",
    };
    vec![
        text(&line.external_id),
        text(&line.requester),
        text(&line.item),
        text(&line.description),
        text(kind),
        text(&line.classification),
        text(&line.scheme),
        Field::Number(line.quantity.to_string()),
        text(&line.unit.to_string()),
        Field::Number(line.unit_estimate.decimal()),
        text(&line.unit_estimate.currency.to_string()),
        text(&line.priority.class.to_string()),
        text(&line.priority.rank.to_string()),
        Field::Day(Some(line.requested)),
        Field::Day(line.needed_by),
        text(&line.consignee),
        line.smallest_lot.map_or_else(|| text(""), |lot| Field::Number(lot.to_string())),
        text(line.together.as_deref().unwrap_or_default()),
        text(&line.tolerance_per_mille.to_string()),
        text(&line.source),
    ]
}

fn csv(lines: &[Line], habits: &Habits) -> String {
    let mut text = String::new();
    if habits.states_separator == Some(false) {
        writeln!(text, "sep={}", habits.separator.mark()).expect("written");
    }
    for title in &habits.titles {
        writeln!(text, "\"{title}\"").expect("written");
    }
    let mark = u8::try_from(habits.separator.mark()).expect("ASCII");
    let mut writer = csv::WriterBuilder::new().delimiter(mark).from_writer(Vec::new());
    writer.write_record(LINE_FIELDS.map(|field| habits.column(field))).expect("written");
    for line in lines {
        let cell = |field| match field {
            // An apostrophe before such a sign would be taken for ours.
            Field::Text(text) if habits.defuses || text.starts_with('\'') => {
                defused(&text).into_owned()
            }
            Field::Text(text) => text,
            Field::Number(number) => habits.number(&number),
            Field::Day(day) => day.map(|day| habits.date(day)).unwrap_or_default(),
        };
        writer.write_record(fields(line).into_iter().map(cell)).expect("written");
    }
    text + &String::from_utf8(writer.into_inner().expect("written")).expect("text")
}

fn xlsx(lines: &[Line], habits: &Habits) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let mut row = 0_u32;
    for title in &habits.titles {
        sheet.write(row, 0, title.as_str()).expect("written");
        row += 1;
    }
    for (column, field) in (0_u16..).zip(LINE_FIELDS) {
        sheet.write(row, column, habits.column(field)).expect("written");
    }
    let day = Format::new().set_num_format("dd.mm.yyyy");
    let money = Format::new().set_num_format("#,##0.00");
    for line in lines {
        row += 1;
        for (column, field) in (0_u16..).zip(fields(line)) {
            let is_code = |text: &str| {
                text.len() < 9 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
            };
            let written = match field {
                Field::Text(text) if text.is_empty() => continue,
                Field::Text(text) if is_code(&text) => {
                    let zeros = Format::new().set_num_format("0".repeat(text.len()));
                    let number: f64 = text.parse().expect("a number");
                    sheet.write_number_with_format(row, column, number, &zeros)
                }
                Field::Text(text) => sheet.write_string(row, column, defused(&text)),
                Field::Number(number) => {
                    let number: f64 = number.parse().expect("a number");
                    sheet.write_number_with_format(row, column, number, &money)
                }
                Field::Day(None) => continue,
                Field::Day(Some(date)) if habits.german_dates => {
                    sheet.write_string(row, column, habits.date(date))
                }
                Field::Day(Some(date)) => {
                    let date = ExcelDateTime::parse_from_str(&date.to_string()).expect("a day");
                    sheet.write_datetime_with_format(row, column, date, &day)
                }
            };
            written.expect("written");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

fn objects(lines: &[Line], numbers: bool) -> Vec<serde_json::Value> {
    let value = |field| -> serde_json::Value {
        match field {
            Field::Text(text) => text.into(),
            Field::Number(number) if numbers => serde_json::from_str(&number).expect("a number"),
            Field::Number(number) => number.into(),
            Field::Day(day) => day.map(|day| day.to_string()).into(),
        }
    };
    let object = |line: &Line| -> serde_json::Value {
        LINE_FIELDS.into_iter().zip(fields(line).into_iter().map(value)).collect()
    };
    lines.iter().map(object).collect()
}

/// What is read of `bytes`, which must be `lines` again.
fn same(
    name: &str,
    bytes: &[u8],
    mapping: Option<&str>,
    lines: &[Line],
) -> Result<(), TestCaseError> {
    let mapping = mapping.map(|text| Mapping::parse("m.toml", text).expect("a mapping"));
    let place = place(name, bytes);
    let read = read_lines(&place.path, &ReadOptions { mapping, ..ReadOptions::default() });
    let read = read.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let errors: Vec<String> =
        read.bad.iter().flat_map(|bad| &bad.errors).map(ToString::to_string).collect();
    prop_assert!(errors.is_empty(), "{name}: {errors:?}");
    let read: Vec<Line> = read.good.into_iter().map(|good| good.line).collect();
    prop_assert_eq!(&read[..], lines, "{}", name);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn lines_are_read_as_they_were_written(lines in lines(), mut habits in habits()) {
        let text = csv(&lines, &habits);
        let above = habits.titles.len() + usize::from(habits.states_separator == Some(false));
        let bytes = habits.encode(&text);
        same("a.csv", &bytes, Some(&habits.mapping(above)), &lines)?;
        same("a.xlsx", &xlsx(&lines, &habits), Some(&habits.mapping(habits.titles.len())), &lines)?;

        let objects = objects(&lines, habits.groups);
        let array = serde_json::to_string(&objects).expect("JSON");
        same("a.json", array.as_bytes(), None, &lines)?;
        let rows: Vec<String> = objects.iter().map(ToString::to_string).collect();
        same("a.jsonl", rows.join("\n").as_bytes(), None, &lines)?;
    }

    #[test]
    fn without_a_mapping_what_waybill_writes_is_read_back(lines in lines()) {
        let habits = Habits {
            separator: Separator::Comma, states_separator: None, encoded: Encoded::Utf8,
            decimal: None, groups: false, own_names: false, german_dates: false,
            titles: Vec::new(), states_header: false, defuses: true,
        };
        same("a.csv", csv(&lines, &habits).as_bytes(), None, &lines)?;
    }
}
