//! The columns of reference data: codes, prohibited goods, consignees, exchange rates.

use super::{Cell, Field, Section, required};

const CODE_FIELDS: [Field<'static>; 3] = [
    required("scheme")
        .as_cell(Cell::Name)
        .titled(["Scheme", "Nomenclature", "Класифікатор"])
        .means(["the scheme", "la nomenclature", "класифікатор"])
        .such_as("CPV"),
    required("code")
        .as_cell(Cell::Name)
        .titled(["Code", "Code", "Код"])
        .means(["the code", "le code", "код"])
        .such_as("30213100-6"),
    required("name")
        .as_cell(Cell::Name)
        .titled(["Name", "Nom", "Назва"])
        .means(["the meaning of the code", "ce qu'il désigne", "що він означає"])
        .such_as("Portable computers"),
];

pub(in super::super) const CODES: Section<'static> = Section {
    name: "codes",
    titles: ["Codes", "Codes", "Коди"],
    fields: &CODE_FIELDS,
    ignored: &[],
};

const PROHIBITED_FIELDS: [Field<'static>; 2] = [
    required("matches")
        .as_cell(Cell::Name)
        .titled(["Matches", "Visé", "Що саме"])
        .means([
            "an item, or the beginning of a code",
            "un article, ou le début d'un code",
            "товар або початок коду",
        ])
        .such_as("353"),
    required("reason")
        .as_cell(Cell::Text)
        .titled(["Reason", "Motif", "Причина"])
        .means(["the reason", "pourquoi", "чому"])
        .such_as("weapons"),
];

pub(in super::super) const PROHIBITED: Section<'static> = Section {
    name: "prohibited",
    titles: ["Prohibited", "Interdits", "Заборонене"],
    fields: &PROHIBITED_FIELDS,
    ignored: &[],
};

const CONSIGNEE_FIELDS: [Field<'static>; 3] = [
    required("code")
        .as_cell(Cell::Name)
        .titled(["Code", "Code", "Код"])
        .means(["the public code", "le code public", "відкритий код"])
        .such_as("UA-C01"),
    required("requester")
        .as_cell(Cell::Of("parties"))
        .titled(["Requester", "Demandeur", "Замовник"])
        .means([
            "its requester: an `id` of parties.csv",
            "à qui il appartient : un `id` des parties",
            "чий він: `id` зі сторін",
        ])
        .such_as("UA-MOD"),
    required("address")
        .as_cell(Cell::Text)
        .titled(["Address", "Adresse", "Адреса"])
        .means([
            "the address, which only few may see and no error shows",
            "l'adresse, montrée à peu de gens et dans aucune erreur",
            "адреса, яку бачать небагато хто і жодне повідомлення про помилку",
        ])
        .such_as("1 Example Street"),
];

pub(in super::super) const CONSIGNEES: Section<'static> = Section {
    name: "consignees",
    titles: ["Consignees", "Destinataires", "Отримувачі"],
    fields: &CONSIGNEE_FIELDS,
    ignored: &[],
};

const RATE_FIELDS: [Field<'static>; 1] = [required("Date")
    .as_cell(Cell::Day)
    .titled(["Date", "Jour", "Дата"])
    .means(["the day", "le jour", "день"])
    .such_as("2026-11-20")];

/// The columns of rates.csv other than the currencies.
pub(in super::super) const RATES: Section<'static> = Section {
    name: "rates",
    titles: ["Rates", "Taux", "Курси"],
    fields: &RATE_FIELDS,
    ignored: &[],
};
