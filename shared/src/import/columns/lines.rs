//! The columns of requisition lines.

use crate::domain::requisition::Kind;

use super::{Cell, Field, Section, names, optional, required};

/// The words that files use for the kinds of lines.
pub(in super::super) const KINDS: [(&str, Kind); 3] =
    [("goods", Kind::Goods), ("licence", Kind::Licence), ("service", Kind::Service)];

const KIND_NAMES: [&str; KINDS.len()] = names(&KINDS);

const FIELDS: [Field<'static>; 20] = [
    required("external_id")
        .as_cell(Cell::Name)
        .titled(["Line id", "Identifiant de ligne", "Ідентифікатор позиції"])
        .means([
            "the requester's own id of the line, which never changes",
            "l'identifiant de la ligne chez le demandeur, qui ne change plus",
            "власний ідентифікатор позиції у замовника, який не змінюється",
        ])
        .such_as("REQ-2026-11/1"),
    required("requester")
        .as_cell(Cell::Of("parties"))
        .titled(["Requester", "Demandeur", "Замовник"])
        .means([
            "the requester: an `id` of parties.csv",
            "qui demande : un `id` des parties",
            "хто просить: `id` зі сторін",
        ])
        .such_as("UA-MOD"),
    required("item")
        .as_cell(Cell::Name)
        .titled(["Item", "Article", "Товар"])
        .means([
            "the item, named as in the offers",
            "ce qui est demandé, comme les offres le nomment",
            "що потрібно, як названо в пропозиціях",
        ])
        .such_as("Laptop 14 inch"),
    optional("description")
        .as_cell(Cell::Text)
        .titled(["Description", "Description", "Опис"])
        .means([
            "a description, on several lines if necessary",
            "la même chose en mots, sur plusieurs lignes au besoin",
            "те саме словами, за потреби в кілька рядків",
        ])
        .such_as("for field use"),
    required("kind")
        .as_cell(Cell::One(&KIND_NAMES))
        .titled(["Kind", "Nature", "Вид"])
        .means([
            "`goods`, `licence` or `service`",
            "`goods` (biens), `licence` (licence) ou `service` (service)",
            "`goods` (товари), `licence` (ліцензія) або `service` (послуга)",
        ])
        .such_as("goods"),
    required("classification")
        .as_cell(Cell::Name)
        .titled(["Code", "Code", "Код"])
        .means([
            "a code of codes.csv; any CPV code if codes.csv is empty",
            "un code de codes.csv ; tout code du CPV s'il n'en contient aucun",
            "код із codes.csv; будь-який код CPV, якщо там їх немає",
        ])
        .such_as("30213100-6"),
    optional("scheme")
        .as_cell(Cell::Name)
        .titled(["Scheme", "Nomenclature", "Класифікатор"])
        .means([
            "the scheme of that code; `CPV` if empty",
            "la nomenclature de ce code ; `CPV` si vide",
            "класифікатор цього коду; порожньо: `CPV`",
        ])
        .such_as("CPV"),
    required("quantity")
        .as_cell(Cell::Number)
        .titled(["Quantity", "Quantité", "Кількість"])
        .means([
            "the quantity: more than zero, with up to three decimals if the unit can be divided",
            "combien : plus que zéro, avec trois décimales au plus si l'unité est divisible",
            "скільки: більше нуля, до трьох знаків після коми, якщо одиниця ділиться",
        ])
        .such_as("250"),
    required("unit")
        .as_cell(Cell::Unit)
        .titled(["Unit", "Unité", "Одиниця"])
        .means([
            "the unit's code of UN/ECE Recommendation 20: H87 is a piece",
            "le code de l'unité (recommandation 20 de la CEE-ONU)",
            "код одиниці (Рекомендація 20 ЄЕК ООН)",
        ])
        .such_as("H87"),
    required("unit_estimate")
        .as_cell(Cell::Number)
        .titled(["Unit estimate", "Estimation unitaire", "Оцінка за одиницю"])
        .means([
            "the estimate for one unit, more than zero, with up to six decimals",
            "l'estimation pour une unité, plus que zéro, avec six décimales au plus",
            "оцінка за одну одиницю, більше нуля, до шести знаків після коми",
        ])
        .such_as("900.00"),
    required("currency")
        .as_cell(Cell::Currency)
        .titled(["Currency", "Devise", "Валюта"])
        .means(["its ISO 4217 code", "son code ISO 4217", "її код ISO 4217"])
        .such_as("EUR"),
    required("class")
        .as_cell(Cell::Whole)
        .titled(["Class", "Classe", "Клас"])
        .means([
            "the priority class, from 1 (most urgent) to 9",
            "la classe de priorité, de 1 (la plus urgente) à 9",
            "клас пріоритету, від 1 (найтерміновіший) до 9",
        ])
        .such_as("1"),
    required("rank")
        .as_cell(Cell::Whole)
        .titled(["Rank", "Rang", "Ранг"])
        .means([
            "the rank within the class, from 1; not needed with `rank_from_row` in the \
                 mapping",
            "le rang dans la classe, à partir de 1 ; inutile avec `rank_from_row` dans la \
                 correspondance",
            "місце в класі, від 1; не потрібне з `rank_from_row` у файлі відповідностей",
        ])
        .such_as("3"),
    required("requested")
        .as_cell(Cell::Day)
        .titled(["Requested", "Demandé le", "Дата запиту"])
        .means(["the day of the request", "le jour de la demande", "день, коли попросили"])
        .such_as("2026-11-20"),
    optional("needed_by")
        .as_cell(Cell::Day)
        .titled(["Needed by", "Nécessaire le", "Потрібно до"])
        .means([
            "the day by which it is needed, not before `requested`",
            "le jour où c'est nécessaire, pas avant `requested`",
            "день, до якого потрібно, не раніше `requested`",
        ])
        .such_as("2027-03-31"),
    required("consignee")
        .as_cell(Cell::Of("consignees"))
        .titled(["Consignee", "Destinataire", "Отримувач"])
        .means([
            "where it goes: a `code` of consignees.csv; any code if consignees.csv is empty",
            "où cela va : un `code` de consignees.csv ; n'importe lequel s'il n'en contient \
                 aucun",
            "куди доставити: `code` із consignees.csv; будь-який, якщо там їх немає",
        ])
        .such_as("UA-C01"),
    optional("smallest_lot")
        .as_cell(Cell::Number)
        .titled(["Smallest lot", "Plus petit lot", "Найменша партія"])
        .means([
            "the smallest quantity worth delivering alone; the line is delivered whole if \
                 empty",
            "la plus petite quantité qu'il vaut la peine de livrer seule ; la ligne est \
                 livrée entière si vide",
            "найменша кількість, яку варто доставити окремо; порожньо: позиція доставляється \
                 цілою",
        ])
        .such_as("50"),
    optional("together")
        .as_cell(Cell::Name)
        .titled(["Together", "Ensemble", "Разом"])
        .means([
            "a name shared by lines that must be funded together or not at all",
            "un mot commun aux lignes financées ensemble ou pas du tout",
            "слово, спільне для позицій, які фінансують разом або ніяк",
        ])
        .such_as("rack 4"),
    optional("tolerance_per_mille")
        .as_cell(Cell::Whole)
        .titled(["Tolerance per mille", "Tolérance en pour mille", "Допуск у проміле"])
        .means([
            "the share of the quantity that may be missing when the line closes, from 0 to 1000 \
             per mille; 0 if empty",
            "unités manquantes qui closent quand même la ligne, de 0 à 1000 pour mille ; 0 \
                 si vide",
            "скільки може бракувати, щоб позиція все ж закрилася, від 0 до 1000 проміле; \
                 порожньо: 0",
        ])
        .such_as("50"),
    optional("source")
        .as_cell(Cell::Text)
        .titled(["Source", "Source", "Джерело"])
        .means(["where the line comes from", "d'où vient la ligne", "звідки позиція"])
        .such_as("letter of 2026-11-20"),
];

pub(in super::super) const LINES: Section<'static> = Section {
    name: "requisitions",
    titles: ["Lines", "Lignes", "Позиції"],
    fields: &FIELDS,
    ignored: &[],
};

/// The fields of a line, by which columns are called.
pub const LINE_FIELDS: [&str; LINES.fields.len()] = {
    let mut names = [""; LINES.fields.len()];
    let mut index = 0;
    while index < LINES.fields.len() {
        names[index] = LINES.fields[index].name;
        index += 1;
    }
    names
};
