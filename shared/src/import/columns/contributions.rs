//! The columns of contributions.

use crate::domain::contribution::Firmness;

use super::{Cell, Field, Section, names, optional, required};

/// The words that files use for how firm a contribution is.
pub(in super::super) const FIRMNESS: [(&str, Firmness); 2] =
    [("pledge", Firmness::Pledge), ("commitment", Firmness::Commitment)];

const FIRMNESS_NAMES: [&str; FIRMNESS.len()] = names(&FIRMNESS);

const CONTRIBUTION_FIELDS: [Field<'static>; 22] = [
    required("id")
        .as_cell(Cell::Name)
        .titled(["Contribution", "Contribution", "Внесок"])
        .means([
            "the contribution's id",
            "l'identifiant de la contribution",
            "ідентифікатор внеску",
        ])
        .such_as("LU-1"),
    required("donors")
        .as_cell(Cell::Name)
        .titled(["Donors", "Donateurs", "Донори"])
        .means([
            "who promises: ids of parties, separated by spaces",
            "qui promet : identifiants de parties, séparés par des espaces",
            "хто обіцяє: ідентифікатори сторін через пробіл",
        ])
        .such_as("LU EE"),
    required("firmness")
        .as_cell(Cell::One(&FIRMNESS_NAMES))
        .titled(["Firmness", "Fermeté", "Твердість"])
        .means([
            "`pledge` or `commitment`",
            "`pledge` (annonce) ou `commitment` (engagement)",
            "`pledge` (обіцянка) або `commitment` (зобов'язання)",
        ])
        .such_as("commitment"),
    required("stated")
        .as_cell(Cell::Day)
        .titled(["Stated", "Date", "Дата"])
        .means(["the day of the promise", "le jour de la promesse", "день обіцянки"])
        .such_as("2026-06-01"),
    optional("amount")
        .as_cell(Cell::Number)
        .titled(["Amount", "Montant", "Сума"])
        .means([
            "how much money; a commitment needs an amount or must be in kind",
            "combien d'argent ; un engagement a un montant ou est en nature",
            "скільки грошей; зобов'язання має суму або надається в натурі",
        ])
        .such_as("10000000.00"),
    optional("currency")
        .as_cell(Cell::Currency)
        .titled(["Currency", "Devise", "Валюта"])
        .means([
            "its currency, required with the amount",
            "sa devise, requise avec le montant",
            "її валюта, обов'язкова разом із сумою",
        ])
        .such_as("EUR"),
    optional("in_kind_item")
        .as_cell(Cell::Name)
        .titled(["In kind: item", "En nature : article", "Натурою: товар"])
        .means(["what is given in kind", "ce qui est donné en nature", "що надається в натурі"])
        .such_as("Laptop"),
    optional("in_kind_quantity")
        .as_cell(Cell::Number)
        .titled(["In kind: quantity", "En nature : quantité", "Натурою: кількість"])
        .means([
            "how many of it, required with the item",
            "combien, requis avec l'article",
            "скільки, обов'язково разом із товаром",
        ])
        .such_as("200"),
    optional("in_kind_unit")
        .as_cell(Cell::Unit)
        .titled(["In kind: unit", "En nature : unité", "Натурою: одиниця"])
        .means([
            "its unit, required with the item",
            "de quelle unité, requise avec l'article",
            "якої одиниці, обов'язково разом із товаром",
        ])
        .such_as("H87"),
    optional("in_kind_lead_days")
        .as_cell(Cell::Whole)
        .titled(["In kind: lead days", "En nature : délai en jours", "Натурою: днів до отримання"])
        .means([
            "days until it is delivered, from 0 to 3650",
            "jours jusqu'à ce que ce soit là, de 0 à 3650",
            "днів, доки надійде, від 0 до 3650",
        ])
        .such_as("30"),
    optional("converts")
        .as_cell(Cell::Name)
        .titled(["Converts", "Convertit", "Замінює обіцянку"])
        .means([
            "the pledge that a commitment converts",
            "l'annonce que cet engagement convertit",
            "обіцянка, яку замінює це зобов'язання",
        ])
        .such_as("P-1"),
    optional("earmark_prefixes")
        .as_cell(Cell::Name)
        .titled(["Only codes", "Seulement codes", "Лише коди"])
        .means([
            "only for codes that begin with one of these, separated by spaces",
            "seulement pour les codes qui commencent ainsi, séparés par des espaces",
            "лише для кодів, що так починаються, через пробіл",
        ])
        .such_as("302 48"),
    optional("earmark_items")
        .as_cell(Cell::Name)
        .titled(["Only items", "Seulement articles", "Лише товари"])
        .means([
            "only for these items, separated by semicolons",
            "seulement pour ces articles, séparés par des points-virgules",
            "лише для цих товарів, через крапку з комою",
        ])
        .such_as("Laptop; Router"),
    optional("earmark_requesters")
        .as_cell(Cell::Name)
        .titled(["Only requesters", "Seulement demandeurs", "Лише замовники"])
        .means([
            "only for these requesters, separated by spaces",
            "seulement pour ces demandeurs, séparés par des espaces",
            "лише для цих замовників, через пробіл",
        ])
        .such_as("UA-MOD"),
    optional("excluded")
        .as_cell(Cell::Name)
        .titled(["Not for items", "Sauf articles", "Крім товарів"])
        .means([
            "not for these items, or codes that begin with one of these, separated by semicolons",
            "pas pour ces articles, ni pour les codes qui commencent ainsi, séparés par des points-virgules",
            "не для цих товарів і кодів, що так починаються, через крапку з комою",
        ])
        .such_as("Drone"),
    optional("channel")
        .as_cell(Cell::Of("parties"))
        .titled(["Buying agent", "Agent acheteur", "Закупівельний агент"])
        .means([
            "only through this buying agent",
            "seulement par cet agent acheteur",
            "лише через цього закупівельного агента",
        ])
        .such_as("NSPA"),
    optional("tranches")
        .as_cell(Cell::Name)
        .titled(["Tranches", "Tranches", "Транші"])
        .means([
            "which part becomes usable on which day, as `day:amount`, separated by spaces",
            "quelle part s'ouvre quel jour, `jour:montant`, séparées par des espaces",
            "яка частина відкривається якого дня, `день:сума`, через пробіл",
        ])
        .such_as("2026-01-01:6000000.00"),
    optional("obligate_by")
        .as_cell(Cell::Day)
        .titled(["Obligate by", "À engager avant le", "Зобов'язати до"])
        .means([
            "the last day on which the money can be bound, not before `stated`",
            "le dernier jour où elle peut être engagée, pas avant sa date",
            "останній день, коли кошти можна зобов'язати, не раніше дати",
        ])
        .such_as("2026-12-31"),
    optional("pay_by")
        .as_cell(Cell::Day)
        .titled(["Pay by", "À payer avant le", "Сплатити до"])
        .means([
            "the last day on which the money can be paid, not before `obligate_by`",
            "le dernier jour où elle peut être payée, pas avant `obligate_by`",
            "останній день сплати, не раніше `obligate_by`",
        ])
        .such_as("2027-06-30"),
    optional("consent")
        .as_cell(Cell::Name)
        .titled(["Consent", "Accord", "Згода"])
        .means([
            "`none`, `each_line`, or `above` and an amount",
            "`none` (aucun), `each_line` (chaque ligne), ou `above` (au-dessus de) et un \
                 montant",
            "`none` (не потрібна), `each_line` (кожна позиція) або `above` (понад) і сума",
        ])
        .such_as("above 50000.00"),
    required("source")
        .as_cell(Cell::Text)
        .titled(["Source", "Source", "Джерело"])
        .means(["the document that contains the promise", "où se trouve la promesse", "де записано обіцянку"])
        .such_as("letter of 2026-06-01"),
    optional("in_kind_pack_of")
        .as_cell(Cell::Name)
        .titled(["In kind: pack of", "En nature : lot de", "Натурою: в упаковці"])
        .means([
            "the contents of one unit, if the unit is a pack",
            "ce que contient une unité donnée, si c'est un lot",
            "що містить одна надана одиниця, якщо це упаковка",
        ])
        .such_as("5 H87"),
];

pub(in super::super) const CONTRIBUTIONS: Section<'static> = Section {
    name: "contributions",
    titles: ["Money", "Contributions", "Кошти"],
    fields: &CONTRIBUTION_FIELDS,
    ignored: &[],
};
