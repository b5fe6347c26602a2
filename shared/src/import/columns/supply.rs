//! The columns of suppliers' offers, and of the charges on top of them.

use crate::domain::supplier::ChargeKind;

use super::{Cell, Field, Section, names, optional, required};

/// The words that files use for the kinds of charges.
pub(in super::super) const CHARGE_KINDS: [(&str, ChargeKind); 4] = [
    ("freight", ChargeKind::Freight),
    ("insurance", ChargeKind::Insurance),
    ("agent_fee", ChargeKind::AgentFee),
    ("tax", ChargeKind::Tax),
];

const CHARGE_NAMES: [&str; CHARGE_KINDS.len()] = names(&CHARGE_KINDS);

const OFFER_FIELDS: [Field<'static>; 18] = [
    required("id")
        .as_cell(Cell::Name)
        .titled(["Offer", "Offre", "Пропозиція"])
        .means(["the offer's id", "l'identifiant de l'offre", "ідентифікатор пропозиції"])
        .such_as("O-1"),
    required("supplier")
        .as_cell(Cell::Of("parties"))
        .titled(["Supplier", "Fournisseur", "Постачальник"])
        .means([
            "the supplier: an `id` of parties.csv",
            "qui vend : un `id` des parties",
            "хто продає: `id` зі сторін",
        ])
        .such_as("SUP-1"),
    required("item")
        .as_cell(Cell::Name)
        .titled(["Item", "Article", "Товар"])
        .means([
            "the item, named as in the lines",
            "ce qui est vendu, comme les lignes le nomment",
            "що продається, як названо в позиціях",
        ])
        .such_as("Laptop"),
    required("unit")
        .as_cell(Cell::Unit)
        .titled(["Unit", "Unité", "Одиниця"])
        .means([
            "the unit's code of UN/ECE Recommendation 20",
            "le code de l'unité (recommandation 20 de la CEE-ONU)",
            "код одиниці (Рекомендація 20 ЄЕК ООН)",
        ])
        .such_as("H87"),
    required("unit_price")
        .as_cell(Cell::Number)
        .titled(["Unit price", "Prix unitaire", "Ціна за одиницю"])
        .means([
            "the price of one unit, or of `price_per` units, with up to six decimals",
            "le prix d'une unité, ou de `price_per` unités, avec six décimales au plus",
            "ціна однієї одиниці або `price_per` одиниць, до шести знаків після коми",
        ])
        .such_as("1050.00"),
    required("currency")
        .as_cell(Cell::Currency)
        .titled(["Currency", "Devise", "Валюта"])
        .means(["its currency", "sa devise", "її валюта"])
        .such_as("EUR"),
    required("minimum")
        .as_cell(Cell::Number)
        .titled(["Minimum", "Minimum", "Мінімум"])
        .means([
            "the smallest quantity of the item on one order, for all its lots together; it is \
                 rounded up to a multiple of `increment`",
            "la plus petite quantité vendue par commande, toutes lignes ensemble ; elle est \
                 portée à un multiple de `increment`",
            "найменша кількість товару на замовлення, для всіх позицій разом; збільшується \
                 до кратної `increment`",
        ])
        .such_as("10"),
    required("increment")
        .as_cell(Cell::Number)
        .titled(["Increment", "Pas", "Крок"])
        .means([
            "quantities are sold in multiples of this, counted from zero",
            "ce qui est vendu en est un multiple, compté à partir de zéro",
            "продається кратно цій кількості, від нуля",
        ])
        .such_as("5"),
    required("lead_days")
        .as_cell(Cell::Whole)
        .titled(["Lead days", "Délai en jours", "Днів до отримання"])
        .means([
            "days from order to receipt, from 0 to 3650",
            "jours de la commande à la réception, de 0 à 3650",
            "днів від замовлення до отримання, від 0 до 3650",
        ])
        .such_as("35"),
    required("from")
        .as_cell(Cell::Day)
        .titled(["From", "Du", "Від"])
        .means([
            "the first day of the offer",
            "le premier jour de l'offre",
            "перший день пропозиції",
        ])
        .such_as("2026-01-01"),
    optional("to")
        .as_cell(Cell::Day)
        .titled(["To", "Au", "До"])
        .means(["its last day", "son dernier jour", "її останній день"])
        .such_as("2026-12-31"),
    required("channel")
        .as_cell(Cell::Of("parties"))
        .titled(["Buying agent", "Agent acheteur", "Закупівельний агент"])
        .means([
            "the buying agent through whom it is bought",
            "l'agent acheteur par qui l'on achète",
            "закупівельний агент, через якого купують",
        ])
        .such_as("NSPA"),
    optional("framework")
        .as_cell(Cell::Name)
        .titled(["Framework", "Contrat-cadre", "Рамкова угода"])
        .means([
            "the number of its framework contract",
            "le numéro de son contrat-cadre",
            "номер її рамкової угоди",
        ])
        .such_as("FW-1"),
    optional("framework_ends")
        .as_cell(Cell::Day)
        .titled(["Framework ends", "Fin du contrat-cadre", "Кінець рамкової угоди"])
        .means([
            "the last day of that contract, required with it",
            "le dernier jour de ce contrat, requis avec lui",
            "останній день цієї угоди, обов'язковий разом із нею",
        ])
        .such_as("2026-12-31"),
    optional("framework_ceiling")
        .as_cell(Cell::Number)
        .titled(["Framework ceiling", "Plafond du contrat-cadre", "Межа рамкової угоди"])
        .means([
            "the total that may be called off under the contract, the same in each of its rows, \
                 required with it",
            "ce qui peut être commandé en tout sur ce contrat, le même dans chacune de ses \
                 lignes, requis avec lui",
            "скільки загалом можна замовити за угодою, однаково в кожному її рядку, \
                 обов'язково разом із нею",
        ])
        .such_as("2500000.00"),
    optional("framework_currency")
        .as_cell(Cell::Currency)
        .titled(["Framework currency", "Devise du contrat-cadre", "Валюта рамкової угоди"])
        .means([
            "the currency of that ceiling, if it is not `currency`",
            "la devise de ce plafond, si ce n'est pas `currency`",
            "валюта цієї межі, якщо не `currency`",
        ])
        .such_as("EUR"),
    optional("pack_of")
        .as_cell(Cell::Name)
        .titled(["Pack of", "Lot de", "В упаковці"])
        .means([
            "the contents of one unit, as a quantity and a unit, if the unit is a pack",
            "ce que contient une unité, quantité et unité, si c'est un lot",
            "що містить одна одиниця, кількість і одиниця, якщо це упаковка",
        ])
        .such_as("5 H87"),
    optional("price_per")
        .as_cell(Cell::Whole)
        .titled(["Price per", "Prix pour", "Ціна за кількість"])
        .means([
            "how many units the price is for, from 1 to 1000000; 1 if empty",
            "pour combien d'unités vaut le prix, de 1 à 1000000 ; 1 si vide",
            "за скільки одиниць ціна, від 1 до 1000000; порожньо: 1",
        ])
        .such_as("100"),
];

pub(in super::super) const OFFERS: Section<'static> = Section {
    name: "offers",
    titles: ["Offers", "Offres", "Пропозиції"],
    fields: &OFFER_FIELDS,
    ignored: &[],
};

const CHARGE_FIELDS: [Field<'static>; 4] = [
    optional("channel")
        .as_cell(Cell::Of("parties"))
        .titled(["Buying agent", "Agent acheteur", "Закупівельний агент"])
        .means([
            "the buying agent on whose orders it is charged; all if empty",
            "l'agent acheteur dont les commandes les portent ; tous si vide",
            "закупівельний агент, чиї замовлення їх мають; порожньо: усі",
        ])
        .such_as("NSPA"),
    required("kind")
        .as_cell(Cell::One(&CHARGE_NAMES))
        .titled(["Kind", "Nature", "Вид"])
        .means([
            "`freight`, `insurance`, `agent_fee` or `tax`",
            "`freight` (transport), `insurance` (assurance), `agent_fee` (commission) ou \
                 `tax` (taxe)",
            "`freight` (перевезення), `insurance` (страхування), `agent_fee` (винагорода \
                 агента) або `tax` (податок)",
        ])
        .such_as("agent_fee"),
    required("basis_points")
        .as_cell(Cell::Whole)
        .titled(["Basis points", "Points de base", "Базисні пункти"])
        .means([
            "hundredths of a per cent of the goods' value, from 0 to 10000",
            "centièmes de pour cent de la valeur des biens, de 0 à 10000",
            "соті частки відсотка вартості товарів, від 0 до 10000",
        ])
        .such_as("120"),
    optional("due_to")
        .as_cell(Cell::Of("parties"))
        .titled(["Due to", "Dû à", "Кому"])
        .means([
            "the party that receives it; if empty, the buying agent receives an `agent_fee`, and \
                 the supplier everything else. An order to a supplier contains only the charges \
                 that the supplier receives",
            "la partie qui les reçoit ; si vide, l'agent acheteur reçoit `agent_fee`, le \
                 fournisseur le reste. La commande d'un fournisseur ne demande que ce qu'il \
                 reçoit",
            "сторона, яка їх отримує; порожньо: закупівельний агент отримує `agent_fee`, \
                 постачальник решту. Замовлення постачальника містить лише те, що отримує він",
        ])
        .such_as("NSPA"),
];

pub(in super::super) const CHARGES: Section<'static> = Section {
    name: "charges",
    titles: ["Charges", "Frais", "Витрати"],
    fields: &CHARGE_FIELDS,
    ignored: &[],
};
