//! What a line refers to: its requester, its consignee, its classification. An unknown reference is a mistake of
//! form. It is reported with the value that was probably meant.

use super::coalition::Coalition;
use super::cpv;
use super::requisition::Line;
use super::text::look_alike;
use crate::kinds::ReasonCode;

/// What a line can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// The party that requests.
    Requester,
    /// The public code of the place of delivery.
    Consignee,
    /// The code of a classification scheme.
    Classification,
}

impl Reference {
    /// All of them, in the order in which they are checked.
    pub const ALL: [Self; 3] = [Self::Requester, Self::Consignee, Self::Classification];

    /// The name of the field in files and in lines.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Consignee => "consignee",
            Self::Classification => "classification",
        }
    }

    /// The stable code of a lot that was sent back because of it.
    #[must_use]
    pub const fn code(self) -> ReasonCode {
        match self {
            Self::Requester => ReasonCode::UnknownRequester,
            Self::Consignee => ReasonCode::UnknownConsignee,
            Self::Classification => ReasonCode::UnknownClassification,
        }
    }

    /// The file that lists the known values.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Requester => "parties.csv",
            Self::Consignee => "consignees.csv",
            Self::Classification => "codes.csv",
        }
    }
}

/// A reference of a line to something unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownReference {
    pub reference: Reference,
    /// The value in the line.
    pub value: String,
    /// The known value that was probably meant.
    pub nearest: Option<String>,
    /// What is wrong, including the value.
    pub what: String,
    /// How to fix it.
    pub hint: String,
}

/// The references of `line` that `coalition` does not know, in the order of [`Reference::ALL`].
#[must_use]
pub fn unknown_references(coalition: &Coalition, line: &Line) -> Vec<UnknownReference> {
    let found = |reference| match reference {
        Reference::Requester => requester(coalition, line),
        Reference::Consignee => consignee(coalition, line),
        Reference::Classification => classification(coalition, line),
    };
    Reference::ALL.into_iter().filter_map(found).collect()
}

fn takes_any_requester(coalition: &Coalition) -> bool {
    coalition.settings.as_ref().is_some_and(|settings| settings.any_requester)
}

fn requester(coalition: &Coalition, line: &Line) -> Option<UnknownReference> {
    let value = &line.requester;
    if takes_any_requester(coalition) || coalition.parties.contains_key(value) {
        return None;
    }
    let known = coalition.parties.keys().map(String::as_str);
    Some(unknown(Reference::Requester, value, format!("`{value}` is not a known party"), known))
}

/// If there are no consignees at all, any code is accepted.
fn consignee(coalition: &Coalition, line: &Line) -> Option<UnknownReference> {
    let (value, requester) = (&line.consignee, &line.requester);
    let is_known_requester = coalition.parties.contains_key(requester);
    let is_bound = is_known_requester && !takes_any_requester(coalition);
    let what = match coalition.consignees.get(value) {
        Some(known) if is_bound && known.requester != *requester => {
            format!("`{value}` is a consignee of {}, not of {requester}", known.requester)
        }
        Some(_) => return None,
        None if coalition.consignees.is_empty() => return None,
        None => format!("`{value}` is not a known consignee"),
    };
    let all = coalition.consignees.values();
    let own = all.filter(|known| !is_bound || known.requester == *requester);
    let own = own.map(|known| known.code.as_str());
    Some(unknown(Reference::Consignee, value, what, own))
}

/// The scheme that Waybill knows without a list.
const CPV: &str = "CPV";

/// If there are no codes at all, any code of the CPV is accepted.
fn classification(coalition: &Coalition, line: &Line) -> Option<UnknownReference> {
    if coalition.codes.is_empty() {
        return of_cpv(line);
    }
    let key = (line.scheme.clone(), line.classification.clone());
    if coalition.codes.contains_key(&key) {
        return None;
    }
    let (scheme, value) = key;
    let from = (scheme.clone(), String::new());
    let of_scheme = coalition.codes.range(from..).take_while(|((of, _), _)| *of == scheme);
    let known = of_scheme.map(|((_, code), _)| code.as_str());
    let what = format!("`{value}` is not a known code of {scheme}");
    Some(unknown(Reference::Classification, &value, what, known))
}

fn of_cpv(line: &Line) -> Option<UnknownReference> {
    let (scheme, value) = (&line.scheme, &line.classification);
    if scheme != CPV {
        let what =
            format!("`{value}` is not a known code of {scheme}: the coalition lists no codes");
        let hint = format!("add the codes of {scheme} to codes.csv, or use a code of {CPV}");
        let (value, reference) = (value.clone(), Reference::Classification);
        return Some(UnknownReference { reference, value, nearest: None, what, hint });
    }
    if cpv::find(value).is_some() {
        return None;
    }
    let what = format!("`{value}` is not a code of {scheme}");
    // A code with the same digits and another check digit is the nearest.
    let digits = value.split(['-', ' ']).next().unwrap_or_default();
    let near = cpv::find(digits).or_else(|| nearest(value, &cpv::all().collect::<Vec<_>>()));
    // A single code in codes.csv would make all others unknown, so the hint does not suggest to add one.
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write a code of eight digits, with or without its check digit, such as \
                 30213100-6; or list in codes.csv all codes that may be used"
            .to_owned(),
    };
    let (value, nearest) = (value.clone(), near.map(str::to_owned));
    Some(UnknownReference { reference: Reference::Classification, value, nearest, what, hint })
}

/// The maximum number of known values that a hint lists.
const LISTED: usize = 5;

fn unknown<'a>(
    reference: Reference,
    value: &str,
    what: String,
    known: impl Iterator<Item = &'a str>,
) -> UnknownReference {
    let known: Vec<&str> = known.filter(|name| *name != value).collect();
    let file = reference.file();
    let alike = known.iter().find_map(|name| Some((*name, look_alike(value, name)?)));
    let (nearest, hint) = match (alike, nearest(value, &known)) {
        (Some((name, letter)), _) => {
            (Some(name), format!("did you mean `{name}`? `{value}` contains {letter}"))
        }
        (None, Some(name)) => {
            (Some(name), format!("did you mean `{name}`? Otherwise add `{value}` to {file}"))
        }
        (None, None) if known.is_empty() || known.len() > LISTED => {
            (None, format!("add `{value}` to {file}, or use an existing one"))
        }
        (None, None) => {
            let listed = known.join("`, `");
            (None, format!("add `{value}` to {file}, or use one of `{listed}`"))
        }
    };
    let (value, nearest) = (value.to_owned(), nearest.map(str::to_owned));
    UnknownReference { reference, value, nearest, what, hint }
}

/// If there are more known values than this, only those with the same beginning are compared. Otherwise a whole
/// classification scheme would make each wrong line expensive.
const MANY: usize = 500;

/// The longest value for which a similar one is looked for.
const LONGEST: usize = 60;

/// The known value that `value` most likely means. If several are equally near, the first.
fn nearest<'a>(value: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = fold(value);
    let length = folded.chars().count();
    let reach = match length {
        0 => return None,
        1 | 2 => 0,
        3..=5 => 1,
        6.. => 2,
    };
    if length > LONGEST {
        return None;
    }
    let beginning: String = value.chars().take(2).collect();
    let is_compared = |name: &&&str| known.len() <= MANY || name.starts_with(&beginning);
    let distance = |name: &'a str| {
        let name_folded = fold(name);
        if name_folded.chars().count().abs_diff(length) > reach {
            return None;
        }
        let distance = strsim::osa_distance(&folded, &name_folded);
        (distance <= reach).then_some((distance, name))
    };
    let near = known.iter().filter(is_compared).filter_map(|name| distance(name));
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// `name` in lower case, with one kind of separator.
fn fold(name: &str) -> String {
    let same = |c: char| if matches!(c, ' ' | '_' | '.' | '/') { '-' } else { c };
    name.chars().map(same).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::coalition::{Consignee, Settings};
    use crate::confidential::Confidential;
    use crate::lot::Priority;
    use crate::money::Currency;
    use crate::party::Party;
    use crate::quantity::Quantity;
    use crate::requisition::Kind;

    fn coalition() -> Coalition {
        let mut coalition = Coalition::default();
        for id in ["MIN", "MIN2", "SUPPLIER"] {
            let party = Party { id: id.into(), name: id.into(), roles: Vec::new() };
            coalition.parties.insert(id.into(), party);
        }
        for (code, requester) in [("SITE-1", "MIN"), ("SITE-2", "MIN"), ("DEPOT", "MIN2")] {
            let address = Confidential::Plain("1 Example Street".to_owned());
            let requester = requester.into();
            let consignee = Consignee { code: code.into(), requester, address };
            coalition.consignees.insert(code.into(), consignee);
        }
        for code in ["30213100-6", "32413100-2"] {
            coalition.codes.insert(("CPV".into(), code.into()), code.into());
        }
        coalition
    }

    fn line(requester: &str, consignee: &str, classification: &str) -> Line {
        Line {
            external_id: "T-1".into(),
            requester: requester.into(),
            item: "Laptop".into(),
            description: String::new(),
            kind: Kind::Goods,
            classification: classification.into(),
            scheme: "CPV".into(),
            quantity: Quantity(1000),
            unit: "H87".parse().expect("a unit"),
            unit_estimate: crate::price::Price::new(0, Currency::EUR),
            priority: Priority { class: 1, rank: 1 },
            requested: NaiveDate::default(),
            needed_by: None,
            consignee: consignee.into(),
            smallest_lot: None,
            together: None,
            tolerance_per_mille: 0,
            source: String::new(),
        }
    }

    fn found(requester: &str, consignee: &str, code: &str) -> Vec<(ReasonCode, Option<String>)> {
        let found = unknown_references(&coalition(), &line(requester, consignee, code));
        found.into_iter().map(|unknown| (unknown.reference.code(), unknown.nearest)).collect()
    }

    #[test]
    fn what_is_known_is_fine_and_what_is_not_has_its_nearest() {
        let near = |code, name: &str| vec![(code, Some(name.to_owned()))];
        assert_eq!(found("MIN", "SITE-1", "30213100-6"), []);
        assert_eq!(
            found("MIN", "SITE-9", "30213100-6"),
            near(ReasonCode::UnknownConsignee, "SITE-1")
        );
        assert_eq!(
            found("MIN", "site 2", "30213100-6"),
            near(ReasonCode::UnknownConsignee, "SITE-2")
        );
        assert_eq!(found("MNI", "SITE-1", "30213100-6"), near(ReasonCode::UnknownRequester, "MIN"));
        assert_eq!(
            found("MIN", "SITE-1", "30213100"),
            near(ReasonCode::UnknownClassification, "30213100-6")
        );
        assert_eq!(found("X", "Y", "Z").len(), 3);
    }

    #[test]
    fn a_consignee_of_another_requester_is_none_of_ones_own() {
        let unknown = unknown_references(&coalition(), &line("MIN2", "SITE-1", "30213100-6"));
        assert_eq!(unknown.len(), 1);
        assert_eq!(unknown[0].what, "`SITE-1` is a consignee of MIN, not of MIN2");
        assert_eq!(unknown[0].nearest, None, "no other's is proposed");
        assert!(unknown[0].hint.contains("`DEPOT`"), "{}", unknown[0].hint);
        // For an unknown requester nobody can say which consignees it has.
        assert_eq!(found("MINN", "SITE-1", "30213100-6").len(), 1);
    }

    #[test]
    fn where_no_codes_are_listed_those_of_the_cpv_are_known() {
        let mut none = coalition();
        none.codes.clear();
        let found = |scheme: &str, code: &str| {
            let line = Line { scheme: scheme.into(), ..line("MIN", "SITE-1", code) };
            let found = unknown_references(&none, &line);
            found.into_iter().map(|unknown| (unknown.what, unknown.nearest)).collect::<Vec<_>>()
        };
        assert_eq!(found("CPV", "48820000-2"), []);
        assert_eq!(found("CPV", "48820000"), []);
        let told = |code: &str| format!("`{code}` is not a code of CPV");
        let near = Some("48820000-2".to_owned());
        assert_eq!(found("CPV", "48820000-3"), [(told("48820000-3"), near.clone())]);
        assert_eq!(found("CPV", "48820001"), [(told("48820001"), None)]);
        assert_eq!(found("CPV", "laptops"), [(told("laptops"), None)]);
        let other = found("UNSPSC", "43211503");
        assert!(other[0].0.contains("lists no codes"), "{other:?}");
        // A single listed code is enough to make the others unknown.
        assert_eq!(unknown_references(&coalition(), &line("MIN", "SITE-1", "48820000-2")).len(), 1);
    }

    #[test]
    fn a_letter_of_another_alphabet_is_named() {
        let unknown = unknown_references(&coalition(), &line("МIN", "SITE-1", "30213100-6"));
        let nearest = unknown[0].nearest.as_deref();
        assert_eq!(nearest, Some("MIN"));
        assert!(unknown[0].hint.contains("Cyrillic letter М"), "{}", unknown[0].hint);
    }

    #[test]
    fn where_any_requester_may_ask_any_consignee_will_do() {
        let mut any = coalition();
        any.settings = Some(Settings {
            name: "Trial".into(),
            currency: Currency::EUR,
            zone: chrono_tz::UTC,
            start: NaiveDate::default(),
            any_requester: true,
        });
        let unknown = |line: &Line| unknown_references(&any, line).len();
        assert_eq!(unknown(&line("PASSER-BY", "SITE-1", "30213100-6")), 0);
        assert_eq!(unknown(&line("PASSER-BY", "SITE-9", "30213100-6")), 1);
    }
}
