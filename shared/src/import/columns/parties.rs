//! The columns of parties with their roles, and of expert groups.

use crate::domain::party::Role;

use super::{Cell, Field, Section, names, optional, required};

/// The words that files use for roles.
pub(in super::super) const ROLES: [(&str, Role); 5] = [
    ("lead", Role::Lead),
    ("member", Role::Member),
    ("observer", Role::Observer),
    ("beneficiary", Role::Beneficiary),
    ("buying_agent", Role::BuyingAgent),
];

const ROLE_NAMES: [&str; ROLES.len()] = names(&ROLES);

const PARTY_FIELDS: [Field<'static>; 6] = [
    required("id")
        .as_cell(Cell::Name)
        .titled(["Party", "Partie", "Сторона"])
        .means(["the party's id", "l'identifiant de la partie", "ідентифікатор сторони"])
        .such_as("LU"),
    required("name")
        .as_cell(Cell::Name)
        .titled(["Name", "Nom", "Назва"])
        .means([
            "its name, the same in all of its rows",
            "son nom, le même dans toutes ses lignes",
            "її назва, однакова в усіх її рядках",
        ])
        .such_as("Luxembourg"),
    required("role")
        .as_cell(Cell::One(&ROLE_NAMES))
        .titled(["Role", "Rôle", "Роль"])
        .means([
            "`lead`, `member`, `observer`, `beneficiary` or `buying_agent`; may be empty, \
                 for suppliers",
            "`lead` (chef de file), `member` (membre), `observer` (observateur), \
                 `beneficiary` (bénéficiaire) ou `buying_agent` (agent acheteur) ; peut rester \
                 vide pour les fournisseurs",
            "`lead` (очолює), `member` (член), `observer` (спостерігач), `beneficiary` \
                 (одержувач допомоги) або `buying_agent` (закупівельний агент); для \
                 постачальників може бути порожньою",
        ])
        .such_as("member"),
    required("from")
        .as_cell(Cell::Day)
        .titled(["From", "Du", "Від"])
        .means([
            "the first day of the role; empty without one",
            "le premier jour du rôle ; vide sans rôle",
            "перший день ролі; порожньо, якщо ролі немає",
        ])
        .such_as("2023-09-19"),
    optional("to")
        .as_cell(Cell::Day)
        .titled(["To", "Au", "До"])
        .means(["its last day", "son dernier jour", "її останній день"])
        .such_as("2026-12-31"),
    required("evidence")
        .as_cell(Cell::Text)
        .titled(["Evidence", "Justificatif", "Підтвердження"])
        .means([
            "the document that shows it; empty without a role",
            "ce qui l'atteste ; vide sans rôle",
            "чим це підтверджено; порожньо, якщо ролі немає",
        ])
        .such_as("letter of 2023-09-19"),
];

pub(in super::super) const PARTIES: Section<'static> = Section {
    name: "parties",
    titles: ["Parties", "Parties", "Сторони"],
    fields: &PARTY_FIELDS,
    ignored: &[],
};

const GROUP_FIELDS: [Field<'static>; 6] = [
    required("id")
        .as_cell(Cell::Name)
        .titled(["Group", "Groupe", "Група"])
        .means(["the group's id", "l'identifiant du groupe", "ідентифікатор групи"])
        .such_as("cyber"),
    required("name")
        .as_cell(Cell::Name)
        .titled(["Name", "Nom", "Назва"])
        .means(["its name", "son nom", "її назва"])
        .such_as("Cyber defence"),
    required("prefixes")
        .as_cell(Cell::Name)
        .titled(["Codes begin with", "Débuts de codes", "Початок кодів"])
        .means([
            "the beginnings of the codes that it reviews, separated by spaces; the longest \
             match wins",
            "les débuts des codes qui lui reviennent, séparés par des espaces ; le plus long \
                 l'emporte",
            "початки кодів, за які вона відповідає, через пробіл; переважає найдовший",
        ])
        .such_as("48 72"),
    optional("review_from")
        .as_cell(Cell::Number)
        .titled(["Review from", "Examen à partir de", "Розгляд від"])
        .means([
            "lines with this estimate or more wait for a review; if empty, no line does",
            "les lignes à partir de cette estimation attendent un examen ; aucune si vide",
            "позиції від цієї оцінки чекають на розгляд; порожньо: жодна",
        ])
        .such_as("100000.00"),
    optional("review_currency")
        .as_cell(Cell::Currency)
        .titled(["Currency", "Devise", "Валюта"])
        .means([
            "the currency of that amount, required with it",
            "la devise de ce montant, requise avec lui",
            "валюта цієї суми, обов'язкова разом із нею",
        ])
        .such_as("EUR"),
    required("review_days")
        .as_cell(Cell::Whole)
        .titled(["Review days", "Jours d'examen", "Днів на розгляд"])
        .means([
            "how many days a review may take, from 0 to 365",
            "la durée maximale d'un examen en jours, de 0 à 365",
            "скільки днів може тривати розгляд, від 0 до 365",
        ])
        .such_as("10"),
];

pub(in super::super) const GROUPS: Section<'static> = Section {
    name: "groups",
    titles: ["Groups", "Groupes", "Групи"],
    fields: &GROUP_FIELDS,
    ignored: &[],
};
