//! `waybill money`: shows what became of the money, and when it lapses.

use waybill_api::{DonorTotal, Lapse, MoneyView, Must, Promise, Stages};
use waybill_shared::domain::contribution::{Consent, Firmness};
use waybill_shared::domain::money::Money;

use crate::args;
use crate::client::{self, escape};
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::report::percent;
use crate::target::Target;

/// Lists the money, or shows a donor's to the cent.
pub(crate) async fn run(arguments: args::Money) -> Result<(), Failure> {
    let donor = arguments.of.or(arguments.donor);
    let mut query = Vec::new();
    query.extend(donor.as_ref().map(|donor| format!("donor={}", escape(donor))));
    query.extend(arguments.on.map(|day| format!("on={day}")));
    let path = format!("/v1/money?{}", query.join("&"));
    let view: MoneyView = client::get(&Target::of(&arguments.data)?, &path).await?;
    let form = &arguments.form;
    if form.json {
        return output::json(&view);
    }
    if form.csv || !form.columns.is_empty() {
        return output::listing(form, &COLUMNS, &view.envelopes, "no money is promised");
    }
    if donor.is_some() {
        return output::data(&describe(&view));
    }
    output::listing(form, &COLUMNS, &view.envelopes, "no money is promised")?;
    if view.donors.is_empty() {
        return Ok(());
    }
    output::data(&format!("\n{}\n", heading(&view)))?;
    let left_out = left_out(&view.total);
    let mut donors = view.donors;
    if donors.len() > 1 {
        donors.push(view.total);
    }
    output::listing(form, &TOTALS, &donors, "")?;
    match left_out {
        Some(text) => output::data(&format!("\n{text}\n")),
        None => Ok(()),
    }
}

/// Says what a sum in one currency leaves out because there is no exchange rate.
fn left_out(total: &DonorTotal) -> Option<String> {
    if total.left_out.is_empty() {
        return None;
    }
    let amounts: Vec<String> = total.left_out.iter().map(Money::to_string).collect();
    let (amounts, base) = (amounts.join(", "), total.pledged.currency);
    let text = format!(
        "Not in these sums: {amounts} ({}), because there is no rate to {base}",
        total.without_rate.join(", ")
    );
    Some(output::wrap(&text, output::width()).join("\n"))
}

/// The currency of the sums, and the exchange rates.
fn heading(view: &MoneyView) -> String {
    let base = view.total.pledged.currency;
    let rates: Vec<String> = view
        .rates
        .iter()
        .map(|used| format!("{} {} of {} ({})", used.rate, used.currency, used.date, used.source))
        .collect();
    let at = match rates.as_slice() {
        [] => String::new(),
        rates => format!(", for one EUR {}", rates.join(", ")),
    };
    let text = format!("In {base}, as of {}{at}:", view.day);
    output::wrap(&text, output::width()).join("\n")
}

fn amount(money: Option<Money>) -> Cell {
    money.map_or_else(Cell::default, |money| {
        let plain = money.to_string().split_off(4).replace(',', "");
        Cell::from(money.to_string()).raw(plain)
    })
}

/// `part` as a whole percentage of the committed amount. A small part is never rounded to 0, and an
/// incomplete one never to 100.
fn share(money: &Stages<Money>, part: i64) -> String {
    let (part, whole) = (i128::from(part), i128::from(money.committed.minor));
    if part == 0 || whole == 0 {
        return String::new();
    }
    match (part * 200 + whole) / (2 * whole) {
        0 => "<1%".to_owned(),
        100 if part < whole => ">99%".to_owned(),
        hundredths => format!("{hundredths}%"),
    }
}

fn part(of: fn(&Stages<Money>) -> i64) -> impl Fn(&Promise) -> Cell {
    move |given| given.money.as_ref().map_or_else(Cell::default, |m| share(m, of(m)).into())
}

fn set_aside(money: &Stages<Money>) -> i64 {
    money.agreed.minor + money.proposed.minor
}

fn left(money: &Stages<Money>) -> Money {
    // Negative if more was used than there is.
    let minor = money.left.minor + money.unopened.minor - money.overrun.minor;
    Money::new(minor, money.left.currency)
}

fn committed(given: &Promise) -> Cell {
    match (&given.money, given.amount, given.in_kind.is_empty()) {
        (Some(money), ..) => amount(Some(money.committed)),
        (None, Some(pledged), _) => Cell { raw: Some(String::new()), ..amount(Some(pledged)) },
        (None, None, true) => Cell::from("no amount").raw(""),
        (None, None, false) => Cell::from("in kind").raw(""),
    }
}

/// The remaining money, or the kind of promise.
fn remains(given: &Promise) -> Cell {
    match (&given.money, given.firmness) {
        (Some(money), _) => {
            let is_over = money.overrun.minor > 0;
            amount(Some(left(money))).meaning(if is_over { Meaning::Bad } else { Meaning::Plain })
        }
        (None, Firmness::Commitment) => Cell::from("in kind").raw(""),
        (None, Firmness::Pledge) if given.converted_by.is_empty() => Cell::from("pledged").raw(""),
        (None, Firmness::Pledge) => Cell::from("partly firm").raw(""),
    }
}

/// When something lapses. A date in the near future is highlighted.
fn lapses(given: &Promise) -> Cell {
    let Some(lapse) = &given.lapses else { return Cell::default() };
    let meaning = match lapse.days {
        ..30 => Meaning::Bad,
        30..90 => Meaning::Warn,
        _ => Meaning::Plain,
    };
    Cell::from(when(lapse)).raw(lapse.by.to_string()).meaning(meaning)
}

fn when(lapse: &Lapse) -> String {
    match lapse.days {
        ..0 => format!("{} d ago", -lapse.days),
        0 => "today".to_owned(),
        days @ 1..730 => format!("in {days} d"),
        days => format!("in {} y", days / 365),
    }
}

const COLUMNS: [Column<Promise>; 23] = [
    Column::new("envelope", Fit::Rest, |given| given.id.clone().into()),
    Column::new("committed", Fit::Right, committed),
    Column::new("paid", Fit::Right, |given| part(|money| money.disbursed.minor)(given)),
    Column::new("bound", Fit::Right, |given| part(|money| money.obligated.minor)(given)),
    Column::new("aside", Fit::Right, |given| part(set_aside)(given)),
    Column::new("left", Fit::Right, remains),
    Column::new("lapses", Fit::Left, lapses),
    Column::more("donors", Fit::Left, |given| given.donors.join(" ").into()),
    Column::more("firmness", Fit::Left, |given| {
        match given.firmness {
            Firmness::Pledge => "pledge",
            Firmness::Commitment => "commitment",
        }
        .into()
    }),
    Column::more("stated", Fit::Left, |given| given.stated.to_string().into()),
    Column::more("currency", Fit::Left, |given| {
        given.amount.map(|amount| amount.currency.to_string()).unwrap_or_default().into()
    }),
    Column::more("amount", Fit::Right, |given| amount(given.amount)),
    Column::more("unopened", Fit::Right, |given| amount(given.money.map(|money| money.unopened))),
    Column::more("proposed", Fit::Right, |given| amount(given.money.map(|money| money.proposed))),
    Column::more("agreed", Fit::Right, |given| amount(given.money.map(|money| money.agreed))),
    Column::more("obligated", Fit::Right, |given| amount(given.money.map(|m| m.obligated))),
    Column::more("disbursed", Fit::Right, |given| amount(given.money.map(|m| m.disbursed))),
    Column::more("expired", Fit::Right, |given| amount(given.money.map(|money| money.expired))),
    Column::more("overrun", Fit::Right, |given| amount(given.money.map(|money| money.overrun))),
    Column::more("obligate_by", Fit::Left, |given| {
        given.obligate_by.map(|day| day.to_string()).unwrap_or_default().into()
    }),
    Column::more("pay_by", Fit::Left, |given| {
        given.pay_by.map(|day| day.to_string()).unwrap_or_default().into()
    }),
    Column::more("days", Fit::Right, |given| {
        given.lapses.map(|lapse| lapse.days.to_string()).unwrap_or_default().into()
    }),
    Column::more("at_risk", Fit::Right, |given| amount(given.lapses.map(|lapse| lapse.amount))),
];

fn digits(money: Money) -> Cell {
    if money.minor == 0 { Cell::default() } else { money.to_string().split_off(4).into() }
}

/// The donors' sums. The currency is in the heading.
const TOTALS: [Column<DonorTotal>; 5] = [
    Column::new("donor", Fit::Rest, |donor| match donor.donors.as_slice() {
        [] => "all".into(),
        donors => donors.join(" ").into(),
    }),
    Column::new("pledged", Fit::Right, |donor| match (donor.pledged.minor, donor.unquantified) {
        (0, 1..) => "no amount".into(),
        _ => digits(donor.pledged),
    }),
    Column::new("committed", Fit::Right, |donor| digits(donor.money.committed)),
    Column::new("paid", Fit::Right, |donor| digits(donor.money.disbursed)),
    Column::new("left", Fit::Right, |donor| digits(left(&donor.money))),
];

/// What became of a donor's money, to the cent.
fn describe(view: &MoneyView) -> String {
    let mut text = String::new();
    for given in &view.envelopes {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&envelope(given));
    }
    text
}

fn envelope(given: &Promise) -> String {
    let firmness = match given.firmness {
        Firmness::Pledge => "pledge",
        Firmness::Commitment => "commitment",
    };
    let mut head = format!(
        "{}  {firmness} of {}, stated {}",
        given.id,
        given.donors.join(" and "),
        given.stated
    );
    match given.consent {
        Consent::None => {}
        Consent::EachLine => head.push_str("; consent to each lot"),
        Consent::Above(minor) => {
            let above = given.amount.map(|amount| Money::new(minor, amount.currency));
            head.push_str(&above.map(|m| format!("; consent above {m}")).unwrap_or_default());
        }
    }
    let mut text = output::wrap(&head, output::width()).join("\n") + "\n";
    let mut say = |line: &str| {
        for line in output::wrap(line, output::width().saturating_sub(2)) {
            text.push_str(&format!("  {line}\n"));
        }
    };
    let Some(money) = &given.money else {
        match (given.amount, given.in_kind.is_empty()) {
            (Some(amount), _) => {
                say(&format!("{amount}, only pledged: nothing can be bought from it"))
            }
            (None, true) => say("without an amount, only pledged: nothing can be bought from it"),
            (None, false) => {}
        }
        for gift in &given.in_kind {
            say(&format!("{gift}, within {} days", gift.lead_days));
        }
        if !given.converted_by.is_empty() {
            say(&format!("made firm, in whole or in part, by {}", given.converted_by.join(", ")));
        }
        return text;
    };
    if let Some(pledge) = &given.converts {
        say(&format!("makes the pledge {pledge} firm"));
    }
    for line in stages(money) {
        say(&line);
    }
    match &given.lapses {
        Some(lapse) => {
            let how = match lapse.must {
                Must::Bind => "orders bind it",
                Must::Pay => "it is paid",
            };
            say(&format!("{} lapses unless {how} by {} ({})", lapse.amount, lapse.by, when(lapse)));
        }
        None => say("none of it lapses"),
    }
    text
}

/// The amounts of all stages, below each other.
fn stages(money: &Stages<Money>) -> Vec<String> {
    let all = [
        ("committed", money.committed),
        ("paid", money.disbursed),
        ("contracted", money.obligated),
        ("set aside", money.agreed),
        ("donor is asked", money.proposed),
        ("left", money.left),
        ("not open yet", money.unopened),
        ("lapsed", money.expired),
        ("OVERRUN", money.overrun),
    ];
    let shown: Vec<_> = all.into_iter().filter(|(_, amount)| amount.minor != 0).collect();
    let wide = shown.iter().map(|(_, amount)| amount.to_string().len()).max().unwrap_or(0);
    let committed = i128::from(money.committed.minor);
    let line = |(name, amount): (&str, Money)| {
        let share = percent(i128::from(amount.minor), committed);
        format!("{name:14}  {:>wide$}  {share:>6}", amount.to_string())
    };
    shown.into_iter().map(line).collect()
}
