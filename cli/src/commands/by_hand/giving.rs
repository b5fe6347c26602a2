//! `waybill contribute`, `commit`, `withdraw`, `deposit`, `member`.

use chrono::{NaiveDate, Utc};
use waybill_shared::domain::command::Command;
use waybill_shared::domain::contribution::{Consent, Contribution, Earmark, Firmness, InKind};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::party::Role;
use waybill_shared::domain::quantity::{Quantity, Unit};
use waybill_shared::domain::supplier::Pack;
use waybill_shared::views::ContributionView;

use super::orders::money;
use super::{Picked, Verb, act};
use crate::args;
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

fn today() -> NaiveDate {
    output::day(Utc::now())
}

pub(crate) async fn contribute(given: args::Contribute) -> Result<(), Failure> {
    state(given, Firmness::Pledge).await
}

pub(crate) async fn commit(given: args::Contribute) -> Result<(), Failure> {
    state(given, Firmness::Commitment).await
}

/// States a contribution. If it exists already, the changes are shown first.
async fn state(given: args::Contribute, firmness: Firmness) -> Result<(), Failure> {
    let target = Target::of(&given.how.data)?;
    let how = given.how.clone();
    Client::with(&target, async |client| {
        let path = format!("/v1/contributions/{}", escape(&given.id));
        let view: Option<ContributionView> = client.find(&path).await?;
        let known = view.as_ref().map(|view| view.contribution.clone());
        let stated = contribution(given, firmness, known.as_ref())?;
        if let (Some(view), true) = (&view, known.as_ref() == Some(&stated)) {
            if how.json {
                return output::json(view);
            }
            return output::data(&format!(
                "{}: unchanged, it already has these values\n",
                stated.id
            ));
        }
        let changes = changes(known.as_ref(), &stated)?;
        let table = output::wrapped_table(&["FIELD", "BEFORE", "NOW"], &changes);
        if how.dry_run {
            if how.json {
                return output::json(&stated);
            }
            return output::data(&format!("{table}dry run: nothing above was changed\n"));
        }
        if known.is_some() && !how.yes && !output::can_ask() {
            let message = format!("{} already exists with other values", stated.id);
            return Err(Failure::caller(
                message,
                "see the changes with --dry-run, then confirm with --yes",
            ));
        }
        if !how.yes && output::can_ask() {
            output::talk(table.trim_end());
            let anew = if known.is_some() { " again" } else { "" };
            if !output::confirm(&format!("record {}{anew}?", stated.id))? {
                return Err(Failure::caller("nothing was changed", ""));
            }
        }
        let view: ContributionView = client.put(&path, &stated).await?;
        if how.json {
            return output::json(&view);
        }
        output::data(&format!("{} is recorded\n{table}", stated.id))
    })
    .await
}

fn contribution(
    given: args::Contribute,
    firmness: Firmness,
    known: Option<&Contribution>,
) -> Result<Contribution, Failure> {
    let amount = given.amount.as_deref().map(money).transpose()?;
    if firmness == Firmness::Commitment && amount.is_none() && given.in_kind.is_empty() {
        let message = "a commitment needs an amount or goods";
        return Err(Failure::caller(
            message,
            "give --amount or --in-kind, or record a pledge with `waybill contribute`",
        ));
    }
    let stated = given.stated.or(known.map(|known| known.stated)).unwrap_or_else(today);
    Ok(Contribution {
        consent: consent(&given.consent, amount)?,
        id: given.id,
        donors: given.donors,
        firmness,
        stated,
        amount,
        in_kind: given.in_kind.iter().map(|text| in_kind(text)).collect::<Result<_, _>>()?,
        converts: given.converts,
        earmark: Earmark {
            prefixes: given.code,
            items: given.item,
            requesters: given.requester,
            excluded: known.map(|known| known.earmark.excluded.clone()).unwrap_or_default(),
            channel: given.channel,
        },
        // What these options cannot express stays as it was.
        tranches: known.map(|known| known.tranches.clone()).unwrap_or_default(),
        obligate_by: given.obligate_by,
        pay_by: given.pay_by,
        source: given.evidence,
    })
}

fn consent(text: &str, amount: Option<Money>) -> Result<Consent, Failure> {
    match text {
        "none" => Ok(Consent::None),
        "each" => Ok(Consent::EachLine),
        above => {
            let above = money(above)?;
            if amount.is_some_and(|amount| amount.currency != above.currency) {
                let message = format!("`{text}` is not in the currency of the contribution");
                return Err(Failure::caller(message, "give both in one currency"));
            }
            Ok(Consent::Above(above.minor))
        }
    }
}

fn in_kind(text: &str) -> Result<InKind, Failure> {
    let read = || {
        let (item, rest) = text.split_once('=')?;
        let (much, days) = rest.rsplit_once('@')?;
        let (much, pack) = match much.split_once(" of ") {
            Some((much, pack)) => (much, Some(pack)),
            None => (much, None),
        };
        let measured = |text: &str| {
            let (number, unit) = text.trim().split_once(' ').unwrap_or((text.trim(), "H87"));
            let unit = Unit::by_code_or_name(unit.trim()).ok()?;
            Some((Quantity::parse(number, unit).ok()?, unit))
        };
        let (quantity, unit) = measured(much)?;
        let pack_of = match pack {
            Some(text) => {
                let (quantity, of) = measured(text)?;
                Some(Pack { quantity, unit: of }).filter(|_| of != unit && unit.is_whole())
            }
            None => None,
        };
        let is_read = pack.is_some() == pack_of.is_some();
        let (unit, lead_days) = (Some(unit), days.parse().ok()?);
        is_read.then(|| InKind { item: item.to_owned(), quantity, unit, pack_of, lead_days })
    };
    read().ok_or_else(|| {
        let hint = "write it as laptop=50@30: fifty of them, in thirty days; in another unit than \
                    pieces as toner=5 BX@30, and in packs as toner=5 BX of 5 H87@30";
        Failure::caller(format!("`{text}` is not ITEM=QUANTITY@DAYS"), hint)
    })
}

/// The changed fields.
fn changes(
    known: Option<&Contribution>,
    stated: &Contribution,
) -> Result<Vec<Vec<String>>, Failure> {
    let fields = |given: Option<&Contribution>| match serde_json::to_value(given) {
        Ok(serde_json::Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(serde_json::Map::new()),
        Err(error) => Err(Failure::ours(error)),
    };
    let (before, now) = (fields(known)?, fields(Some(stated))?);
    let text = |fields: &serde_json::Map<String, serde_json::Value>, name: &str| {
        let value = fields.get(name);
        match (name, value) {
            ("consent", Some(value)) => describe_consent(value, fields.get("amount")),
            _ => value.map(words).unwrap_or_default(),
        }
    };
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let row = |name: &&String| vec![(*name).clone(), text(&before, name), text(&now, name)];
    let differs = |name: &&&String| before.get(**name) != now.get(**name);
    Ok(names.iter().filter(|name| differs(name)).map(row).collect())
}

/// Formats a field's value for people.
fn words(value: &serde_json::Value) -> String {
    use serde_json::Value;
    if let Ok(money) = serde_json::from_value::<Money>(value.clone()) {
        return money.to_string();
    }
    match value {
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{} {}", name.replace('_', " "), words(value))
            };
            fields.iter().map(field).collect::<Vec<_>>().join("; ")
        }
    }
}

/// Describes when the donor of `amount` is asked for consent.
fn describe_consent(consent: &serde_json::Value, amount: Option<&serde_json::Value>) -> String {
    let amount = amount.and_then(|amount| serde_json::from_value::<Money>(amount.clone()).ok());
    match serde_json::from_value::<Consent>(consent.clone()) {
        Ok(Consent::None) => "never asked".to_owned(),
        Ok(Consent::EachLine) => "asked for each lot".to_owned(),
        Ok(Consent::Above(minor)) => match amount {
            Some(amount) => format!("asked above {}", Money::new(minor, amount.currency)),
            None => words(consent),
        },
        Err(_) => words(consent),
    }
}

pub(crate) async fn withdraw(withdraw: args::Withdraw) -> Result<(), Failure> {
    let amount = withdraw.amount.as_deref().map(money).transpose()?;
    let verb = Verb::new("withdraw", "withdrawn", "contribution");
    act(
        verb,
        Command::Withdraw { amount, again: withdraw.again },
        Picked::Ids(&[withdraw.id]),
        &withdraw.how,
    )
    .await
}

pub(crate) async fn reinstate(given: args::Reinstate) -> Result<(), Failure> {
    let verb = Verb::new("reinstate", "reinstated", "contribution");
    act(verb, Command::Reinstate, Picked::Ids(&[given.id]), &given.how).await
}

pub(crate) async fn deposit(deposit: args::Deposit) -> Result<(), Failure> {
    let amount = money(&deposit.amount)?;
    let date = deposit.date.unwrap_or_else(today);
    let command = Command::Deposit { number: deposit.number, amount, date };
    let verb = Verb::new("deposit to", "given the deposit", "contribution");
    act(verb, command, Picked::Ids(&[deposit.id]), &deposit.how).await
}

fn role(role: args::PartyRole) -> Role {
    match role {
        args::PartyRole::Lead => Role::Lead,
        args::PartyRole::Member => Role::Member,
        args::PartyRole::Observer => Role::Observer,
        args::PartyRole::Beneficiary => Role::Beneficiary,
        args::PartyRole::BuyingAgent => Role::BuyingAgent,
    }
}

pub(crate) async fn member(member: args::Member) -> Result<(), Failure> {
    match member {
        args::Member::Add(add) => {
            let command = Command::BeginRole {
                role: role(add.role),
                from: add.from.unwrap_or_else(today),
                name: add.name,
                evidence: add.evidence,
            };
            let verb = Verb::new("add", "given the role", "party");
            act(verb, command, Picked::Ids(&[add.party]), &add.how).await
        }
        args::Member::Rename(rename) => {
            let (to, name, evidence) = (rename.to, rename.name, rename.evidence);
            let command = Command::RenameRequester { to, name, evidence };
            let verb = Verb::new("rename", "renamed from now on", "party");
            act(verb, command, Picked::Ids(&[rename.party]), &rename.how).await
        }
        args::Member::End(end) => {
            let (role, last) = (role(end.role), end.on.unwrap_or_else(today));
            let command = Command::EndRole { role, last, evidence: end.evidence };
            let verb = Verb::new("end", "without the role from then on", "party");
            act(verb, command, Picked::Ids(&[end.party]), &end.how).await
        }
    }
}

pub(crate) async fn offer(offer: args::Offer) -> Result<(), Failure> {
    match offer {
        args::Offer::End(end) => {
            let command = Command::EndOffer { last: end.on.unwrap_or_else(today) };
            act(Verb::new("end", "ended", "offer"), command, Picked::Ids(&[end.id]), &end.how).await
        }
        args::Offer::Keep(keep) => {
            let verb = Verb::new("keep", "on sale", "offer");
            act(verb, Command::KeepOffer, Picked::Ids(&[keep.id]), &keep.how).await
        }
    }
}
