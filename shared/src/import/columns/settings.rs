//! The columns of a coalition's settings. A folder has the same names as keys in coalition.toml.

use super::{Cell, Field, Section, names, optional, required};

/// The words that a sheet uses for yes and no.
pub(in super::super) const YES: [(&str, bool); 2] = [("true", true), ("false", false)];

const YES_OR_NO: [&str; YES.len()] = names(&YES);

const SETTING_FIELDS: [Field<'static>; 5] = [
    required("name")
        .as_cell(Cell::Name)
        .titled(["Coalition", "Coalition", "Коаліція"])
        .means(["the name of the coalition", "le nom de la coalition", "як називається коаліція"])
        .such_as("IT Coalition"),
    required("currency")
        .as_cell(Cell::Currency)
        .titled(["Currency", "Devise", "Валюта"])
        .means([
            "the currency of totals",
            "la devise dans laquelle les totaux sont donnés",
            "валюта, в якій подаються підсумки",
        ])
        .such_as("EUR"),
    required("zone")
        .as_cell(Cell::Name)
        .titled(["Time zone", "Fuseau horaire", "Часовий пояс"])
        .means([
            "the time zone in which its days end",
            "le fuseau horaire dans lequel ses jours finissent",
            "часовий пояс, за яким закінчуються її дні",
        ])
        .such_as("Europe/Luxembourg"),
    required("start")
        .as_cell(Cell::Day)
        .titled(["Start", "Début", "Початок"])
        .means(["the first day", "le premier jour", "перший день"])
        .such_as("2026-01-01"),
    optional("any_requester")
        .as_cell(Cell::One(&YES_OR_NO))
        .titled(["Any requester", "Tout demandeur", "Будь-який замовник"])
        .means([
            "whether requesters may be missing from the parties",
            "si les demandeurs n'ont pas besoin d'être des parties",
            "чи можуть просити ті, кого немає серед сторін",
        ])
        .such_as("true"),
];

pub(in super::super) const SETTINGS: Section<'static> = Section {
    name: "coalition",
    titles: ["Settings", "Paramètres", "Параметри"],
    fields: &SETTING_FIELDS,
    ignored: &[],
};
