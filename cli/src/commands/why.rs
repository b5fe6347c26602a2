//! `waybill why LOT`: explains why a lot has its money, or what it lacks.

use chrono::NaiveDate;
use waybill_api::Why;
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::money::{Money, Rate};
use waybill_shared::domain::quantity::Unit;
use waybill_shared::matching::explanation::{
    Decided, Exhausted, Explanation, Foreseen, Missing, Other, Payer,
};
use waybill_shared::matching::near::NearOffer;

use crate::args;
use crate::client::{self, escape};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

pub(crate) async fn run(arguments: args::Why) -> Result<(), Failure> {
    let is_lot = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if arguments.lot.is_empty() || !arguments.lot.bytes().all(is_lot) {
        let hint = "`waybill lots` lists the lots there are";
        return Err(Failure::caller(format!("no lot `{}`", arguments.lot), hint));
    }
    let path = format!("/v1/lots/{}/why", escape(&arguments.lot));
    let why: Why = client::get(&Target::of(&arguments.data)?, &path).await?;
    if arguments.json {
        return output::json(&why);
    }
    output::data(&text(&why))
}

/// The answer as text.
fn text(why: &Why) -> String {
    let mut page = Page::default();
    let Why { lot, line, priority, requester, .. } = why;
    let (class, rank) = (priority.class, priority.rank);
    let head = match &why.explanation {
        Explanation::Funded { payers, .. } if payers.len() > 1 => {
            format!("{lot} is paid for by {} donors together.", payers.len())
        }
        Explanation::Funded { .. } => format!("{lot} is paid for by one donor."),
        Explanation::Unfunded(_) => format!("{lot} is not funded."),
        Explanation::NextRound { .. } => format!("{lot} is not funded yet: there is money for it."),
        Explanation::Unpaid { .. } => format!("{lot} is not funded."),
        Explanation::Unoffered { .. } => format!("{lot} cannot be bought: no offer fits it."),
        Explanation::InKind { contribution } => format!("{lot} is given in kind: {contribution}."),
        Explanation::Undecided => format!("Nothing is decided about money for {lot}."),
    };
    page.paragraph(&head);
    page.paragraph(&format!(
        "It is {} for {requester} ({line}), class {class}, rank {rank}. Now: {}.",
        what(why),
        why.state
    ));
    match &why.explanation {
        Explanation::Funded { day, payers, others } => {
            page.heading(&format!("Who pays, as decided on {day}:"));
            payers.iter().for_each(|line| page.payer(line));
            page.others("Who does not:", others);
        }
        Explanation::Unfunded(missing) => page.missing(missing),
        Explanation::NextRound { day, payers } => page.foreseen(*day, payers),
        Explanation::Unpaid { day, ahead } => page.unpaid(*day, *ahead),
        Explanation::Unoffered { day, near_offers } => page.near(*day, near_offers),
        Explanation::InKind { .. } | Explanation::Undecided => {
            if !why.reason.is_empty() {
                page.paragraph(&format!("Why: {}.", why.reason.trim_end_matches('.')));
            }
        }
    }
    page.text
}

/// The quantity and the item.
fn what(why: &Why) -> String {
    let Why { quantity, item, .. } = why;
    match why.unit.parse::<Unit>() {
        Ok(unit) if unit.name() == "piece" || unit.name() == "one" => format!("{quantity} {item}"),
        Ok(unit) => format!("{quantity} {} of {item}", unit.name()),
        Err(_) => format!("{quantity} {} of {item}", why.unit),
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn paragraph(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.lines("", text);
    }

    fn heading(&mut self, text: &str) {
        self.text.push('\n');
        self.lines("", text);
    }

    fn lines(&mut self, indent: &str, text: &str) {
        let room = output::width().saturating_sub(indent.len()).max(20);
        for line in output::wrap(text, room) {
            self.text.push_str(&format!("{indent}{line}\n"));
        }
    }

    fn payer(&mut self, payer: &Payer) {
        let state = match payer.state {
            ShareState::Proposed => "proposed, not agreed yet",
            ShareState::Agreed => "set aside",
            ShareState::Obligated => "bound by an order",
            ShareState::Disbursed => "paid",
        };
        let Payer { envelope, amount, covers, .. } = payer;
        let donors = payer.donors.join(", ");
        let rate = if amount.currency == covers.currency {
            String::new()
        } else {
            format!(" for {covers}{}", at_rate(payer.rate, amount, covers))
        };
        let of = whose(envelope, &donors);
        self.lines("  ", &format!("{of}: {amount}{rate}, {state}."));
        let decided = match &payer.decided {
            Decided::OnlyOne => "No other money may be used for it.".to_owned(),
            Decided::LapsesFirst { obligate_by } => {
                format!("Of the money that may be used, it lapses first, on {obligate_by}.")
            }
            Decided::Earmarked => {
                "It may be used for fewer purposes than the others, so that flexible money is \
                 spared."
                    .to_owned()
            }
            Decided::Rest => {
                "The money before it was not enough, or is needed by other lots.".to_owned()
            }
            Decided::Equal => {
                "It ranks equal with other money, and the cost is shared fairly.".to_owned()
            }
        };
        self.lines("    ", &decided);
    }

    fn near(&mut self, day: NaiveDate, near: &[NearOffer]) {
        if near.is_empty() {
            self.paragraph(&format!(
                "On {day}, no supplier offers it or anything near it. The secretariat asks for \
                 an offer and imports it."
            ));
            return;
        }
        self.heading(&format!("The nearest offers on {day}, and why they do not fit:"));
        for near in near {
            let NearOffer { offer, supplier, item, unit, text, way_out, .. } = near;
            self.lines("  ", &format!("{offer} of {supplier}, {item} by {unit}: {text}."));
            for (at, way) in way_out.iter().enumerate() {
                // Several rules can have the same remedy.
                if !way_out[..at].contains(way) {
                    self.lines("    ", &format!("Way out: {way}"));
                }
            }
        }
        self.paragraph(
            "The secretariat has to act: the lot continues by itself once an offer fits.",
        );
    }

    fn foreseen(&mut self, day: NaiveDate, payers: &[Foreseen]) {
        self.paragraph(
            "The next round funds it: while `serve` runs, a round starts as soon as something \
             changes.",
        );
        self.heading(&format!("Who would pay, as of {day}:"));
        for Foreseen { envelope, donors, amount } in payers {
            let donors = donors.join(", ");
            let of = match envelope.as_str() {
                "" => donors,
                envelope => format!("{envelope} ({donors})"),
            };
            self.lines("  ", &format!("{of}: {amount}"));
        }
    }

    fn unpaid(&mut self, day: NaiveDate, ahead: usize) {
        let ahead = match ahead {
            0 => String::new(),
            1 => "; a lot ahead of it also waits for money".to_owned(),
            lots => format!("; {lots} lots ahead of it also wait for money"),
        };
        self.paragraph(&format!("On {day}, no money is left that may pay for it{ahead}."));
    }

    fn missing(&mut self, missing: &Missing) {
        let Missing { cost, missing: short, from, day, .. } = missing;
        let least = if missing.is_proven { "" } else { " (perhaps less is enough)" };
        let how = match from.as_slice() {
            [] => "No envelope may pay for it: it needs a new contribution that may.".to_owned(),
            [one] => format!("As much more in {one}, or a new contribution for it, would fund it"),
            many => format!(
                "As much more in any one of {}, or a new contribution for it, would fund it",
                many.join(", ")
            ),
        };
        let kept = match (from.is_empty(), missing.ahead) {
            (true, _) => "",
            (false, 0) => ", while all lots ahead of it keep their money.",
            (false, _) => ", while all lots funded ahead of it keep their money.",
        };
        self.paragraph(&format!(
            "It costs {cost}. On {day}, {short} is missing{least}. {how}{kept}"
        ));
        let ahead = match missing.ahead {
            0 => None,
            1 => Some(
                "A lot ahead of it also waits for money: money that is not reserved for \
                       this lot may go to that one first."
                    .to_owned(),
            ),
            lots => Some(format!(
                "{lots} lots ahead of it also wait for money: money that is not reserved for \
                 this lot may go to them first (waybill plan --add)."
            )),
        };
        if let Some(ahead) = ahead.filter(|_| !from.is_empty()) {
            self.paragraph(&ahead);
        }
        if !missing.would_unfund.is_empty() {
            let lots: Vec<String> = missing.would_unfund.iter().map(ToString::to_string).collect();
            self.paragraph(&format!(
                "That would leave lots behind it unfunded: {}.",
                lots.join(", ")
            ));
        }
        if !missing.exhausted.is_empty() {
            self.heading("Spent on other lots:");
            missing.exhausted.iter().for_each(|envelope| self.exhausted(envelope));
        }
        self.others("Not for this lot:", &missing.others);
    }

    fn exhausted(&mut self, exhausted: &Exhausted) {
        let Exhausted { envelope, donors, left, opens, lots, more } = exhausted;
        let left = if left.minor == 0 { "nothing".to_owned() } else { left.to_string() };
        let later = opens.as_ref().map(|next| {
            format!(" now; {} more can be used from {} on (waybill plan)", next.amount, next.day)
        });
        let later = later.unwrap_or_default();
        self.lines("  ", &format!("{envelope} of {}: {left} is left{later}.", donors.join(", ")));
        let mut named: Vec<String> =
            lots.iter().map(|(lot, amount)| format!("{lot} {amount}")).collect();
        match more {
            0 => {}
            1 => named.push("one other".to_owned()),
            more => named.push(format!("{more} others")),
        }
        if !named.is_empty() {
            self.lines("    ", &format!("It pays for {}.", named.join(", ")));
        }
    }

    /// The other envelopes, grouped by reason.
    fn others(&mut self, heading: &str, others: &[Other]) {
        if others.is_empty() {
            return;
        }
        self.heading(heading);
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        for other in others {
            let why = other.why.as_ref();
            let why = why.map_or_else(|| "not needed".to_owned(), ToString::to_string);
            // The reason may follow several names, so its verb is removed.
            let why = why.trim_start_matches("is ").trim_start_matches("has ").to_owned();
            match reasons.iter_mut().find(|(reason, _)| *reason == why) {
                Some((_, envelopes)) => envelopes.push(&other.envelope),
                None => reasons.push((why, vec![&other.envelope])),
            }
        }
        for (why, envelopes) in reasons {
            self.lines("  ", &format!("{}: {why}.", envelopes.join(", ")));
        }
    }
}

/// The rate as it is usually quoted: units of the other currency for one EUR.
fn at_rate(rate: Rate, amount: &Money, covers: &Money) -> String {
    if rate != Rate::ONE {
        return format!(", at {rate} {} for one EUR", amount.currency);
    }
    let major = |money: &Money| money.minor as f64 / 10_f64.powi(money.currency.decimals() as i32);
    let rate = major(covers) / major(amount);
    format!(", at {rate:.4} {} for one {}", covers.currency, amount.currency)
}

/// An envelope with its donors, or only the donors if the envelope may not be named.
fn whose(envelope: &str, donors: &str) -> String {
    match envelope {
        "" => donors.to_owned(),
        envelope => format!("{envelope} of {donors}"),
    }
}
