//! The texts of a template in each language, apart from what its columns mean.

use crate::import::columns::Language;

pub(super) struct Words {
    /// The headings of the table that lists a file's columns.
    pub(super) columns: [&'static str; 4],
    /// Yes and no.
    pub(super) needed: [&'static str; 2],
    /// What the folder is.
    pub(super) about_folder: &'static str,
    /// What the workbook is, one line each.
    pub(super) about_book: &'static [&'static str],
    /// What may be left out.
    pub(super) left_out: &'static str,
    /// How to fill in cells.
    pub(super) cells: &'static str,
    /// For the settings: lines of any requester are accepted.
    pub(super) any_requester: &'static str,
    /// For the settings: the files of lines.
    pub(super) requisitions: &'static str,
    /// For the pipeline: what the file is.
    pub(super) pipeline: &'static str,
    /// For the pipeline: what may be set.
    pub(super) usual: &'static str,
    /// For the pipeline: how outside parties are reached.
    pub(super) connector: &'static str,
    /// For the pipeline: what the calendar does.
    pub(super) calendar: &'static str,
    /// What each file is, by section.
    pub(super) files: [(&'static str, &'static str); 10],
    /// Marks a required column, in a note.
    pub(super) needed_note: &'static str,
    /// Introduces an example, in a note.
    pub(super) example_note: &'static str,
    /// The message for a cell with a value that is not allowed.
    pub(super) wrong: &'static str,
}

pub(super) const fn of(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
        Language::Ukrainian => &UKRAINIAN,
    }
}

const ENGLISH: Words = Words {
    columns: ["column", "needed", "meaning", "example"],
    needed: ["yes", "no"],
    about_folder: "This folder describes a coalition. Fill in the files with a spreadsheet or an \
                   editor, then \
                   submit the folder with `waybill import`. Do so again whenever something \
                   changes: new and changed rows are imported, and nothing is imported twice.",
    about_book: &[
        "This workbook describes a coalition. Fill in its sheets, then submit it: waybill import \
         THIS-FILE.xlsx",
        "Submit it again whenever something changes: new and changed rows are imported, and \
         nothing is imported twice.",
        "The note on each heading explains the column. Columns with dark headings must be \
         filled in, columns with light headings may stay empty.",
        "Do not rename headings or sheets. You may add sheets of your own; they are not read.",
        "Type dates the way your spreadsheet expects them. Type numbers without currency signs.",
    ],
    left_out: "You may remove every file except coalition.toml, parties.csv and contributions.csv \
               (for requisitions.csv, also remove its entry in coalition.toml), and every table \
               except the settings may stay empty. `waybill import` reports which defaults then \
               apply.",
    cells: "Write days as 2026-11-30 and numbers as 1250.50. Do not change the first row, which \
            names the columns.",
    any_requester: "While this is true, any requester is accepted. Set it to false once \
                    parties.csv lists all requesters: then a misspelt requester is refused.",
    requisitions: "Files of lines that belong to this folder. Others can be submitted at any \
                   time: waybill import FILE",
    pipeline: "The steps of every lot, and their rules. Without this file the same steps run with \
               the default rules.",
    usual: "The defaults of the settings that are changed most often; docs/reference/pipeline.md \
            lists all settings. Remove the # to change one.",
    connector: "Orders are written to the folder outbox in the data folder, answers are read from \
                its folder inbox.",
    calendar: "Work at fixed times. Every day money lapses, funding is tried again and late \
               deliveries are chased, even if no time is given here.",
    files: [
        ("parties", "who takes part, one row for each role of a party"),
        ("contributions", "what donors promise"),
        ("offers", "what can be bought"),
        ("requisitions", "what requesters need"),
        ("consignees", "where deliveries go; if empty, any code is accepted"),
        ("codes", "the codes that lines may use; if empty, the CPV codes"),
        ("groups", "the expert groups that review lines; if empty, no line waits for a review"),
        ("charges", "costs on top of the price of goods; if empty, there are none"),
        ("prohibited", "what must not be bought; if empty, nothing is prohibited"),
        (
            "rates",
            "how much of each currency is worth one EUR, by day, one column a currency; if empty, \
             amounts in different currencies cannot be compared",
        ),
    ],
    needed_note: "Needed.",
    example_note: "Example:",
    wrong: "This column accepts only the values of its list, or those that the note on its \
            heading allows.",
};

const FRENCH: Words = Words {
    columns: ["colonne", "requise", "signification", "exemple"],
    needed: ["oui", "non"],
    about_folder: "Ce dossier décrit une coalition. Remplissez les fichiers avec un tableur ou un éditeur, puis remettez le \
                   dossier avec `waybill import`. Recommencez à chaque changement : ce qui est nouveau ou modifié est \
                   pris, et rien n'est pris deux fois.",
    about_book: &[
        "Ce classeur décrit une coalition. Remplissez ses feuilles, puis remettez-le : waybill import CE-FICHIER.xlsx",
        "Remettez-le à chaque changement : ce qui est nouveau ou modifié est pris, et rien n'est pris deux fois.",
        "La note de chaque en-tête dit ce que contient la colonne. Les en-têtes foncés sont requis, les clairs peuvent rester vides.",
        "Ne renommez ni les en-têtes ni les feuilles. Vous pouvez ajouter vos propres feuilles ; elles ne sont pas lues.",
        "Saisissez les jours comme votre tableur les accepte. Les nombres sont des nombres, sans signe monétaire.",
    ],
    left_out: "Tout fichier sauf coalition.toml, parties.csv et contributions.csv peut être supprimé (requisitions.csv avec \
               son entrée dans coalition.toml), et tout tableau sauf les paramètres peut rester vide. `waybill import` dit ce qui vaut à la place.",
    cells: "Les jours s'écrivent 2026-11-30, les nombres 1250.50. La première ligne, qui nomme les colonnes, reste telle quelle.",
    any_requester: "Tant que c'est true, toute demande est prise, de qui que ce soit. Mettez false quand parties.csv nomme tous \
                    les demandeurs : un demandeur mal orthographié est alors refusé.",
    requisitions: "Fichiers de lignes qui viennent avec ce dossier. D'autres peuvent être remis à tout moment : waybill import FICHIER",
    pipeline: "Le chemin de chaque lot, et ses règles. Sans ce fichier, les mêmes étapes suivent les règles habituelles.",
    usual: "Les valeurs habituelles de ce qu'on change le plus souvent ; docs/reference/pipeline.md a tout. Ôtez le # pour changer.",
    connector: "Les commandes sont écrites dans le dossier outbox des données, les réponses sont prises dans le dossier inbox.",
    calendar: "Ce qui se fait à heures fixes. Chaque jour l'argent non engagé expire, le financement est réessayé et les \
               livraisons en retard sont relancées, que ceci en dise l'heure ou non.",
    files: [
        ("parties", "qui participe, une ligne par rôle d'une partie"),
        ("contributions", "ce que promettent les donateurs"),
        ("offers", "ce qui peut être acheté"),
        ("requisitions", "ce qui est demandé"),
        ("consignees", "où vont les livraisons ; vide : tout code convient"),
        ("codes", "les codes que les lignes peuvent utiliser ; vide : ceux du CPV"),
        (
            "groups",
            "les groupes d'experts qui examinent les lignes ; vide : rien n'attend d'examen",
        ),
        ("charges", "ce qui s'ajoute au prix des biens ; vide : rien"),
        ("prohibited", "ce qui ne doit pas être acheté ; vide : rien n'est interdit"),
        (
            "rates",
            "combien de chaque devise, une colonne chacune, vaut un EUR, par jour ; vide : une seule devise est comparable",
        ),
    ],
    needed_note: "Requis.",
    example_note: "Exemple :",
    wrong: "Cette colonne prend ce que contient sa liste, ou ce que dit la note de son en-tête.",
};

const UKRAINIAN: Words = Words {
    columns: ["стовпець", "обов'язковий", "значення", "приклад"],
    needed: ["так", "ні"],
    about_folder: "Ця тека описує коаліцію. Заповніть файли в електронній таблиці чи редакторі й подайте теку командою \
                   `waybill import`. Подавайте її знову після кожної зміни: береться нове й змінене, і ніщо не береться двічі.",
    about_book: &[
        "Ця книга описує коаліцію. Заповніть її аркуші й подайте: waybill import ЦЕЙ-ФАЙЛ.xlsx",
        "Подавайте її знову після кожної зміни: береться нове й змінене, і ніщо не береться двічі.",
        "Що означає стовпець, сказано в примітці його заголовка. Темні заголовки обов'язкові, світлі можуть бути порожніми.",
        "Не перейменовуйте заголовків і аркушів. Власні аркуші можна додавати; їх не читають.",
        "Дні вводьте так, як їх приймає ваша таблиця. Числа є числами, без знаків валют.",
    ],
    left_out: "Кожен файл, крім coalition.toml, parties.csv і contributions.csv, можна вилучити (requisitions.csv разом із \
               записом у coalition.toml), і кожна таблиця, крім параметрів, може бути порожня. `waybill import` каже, що діє натомість.",
    cells: "Дні пишуть 2026-11-30, числа 1250.50. Перший рядок, який називає стовпці, лишається як є.",
    any_requester: "Доки тут true, приймають будь-кого, хто просить. Поставте false, коли parties.csv називає всіх, хто \
                    просить: тоді замовника з помилкою в назві буде відхилено.",
    requisitions: "Файли позицій, що йдуть із цією текою. Інші можна подати будь-коли: waybill import ФАЙЛ",
    pipeline: "Шлях кожної партії та його правила. Без цього файлу ті самі кроки йдуть за звичайними правилами.",
    usual: "Звичайні значення того, що змінюють найчастіше; усі є в docs/reference/pipeline.md. Приберіть #, щоб змінити.",
    connector: "Замовлення записуються в теку outbox даних, відповіді беруться з теки inbox.",
    calendar: "Що робиться у визначений час. Щодня невикористані кошти втрачають чинність, фінансування пробують знову, про \
               запізнілі поставки нагадують, навіть якщо тут не сказано коли.",
    files: [
        ("parties", "хто бере участь, рядок на кожну роль сторони"),
        ("contributions", "що обіцяють донори"),
        ("offers", "що можна купити"),
        ("requisitions", "що потрібно"),
        ("consignees", "куди доставляти; порожньо: годиться будь-який код"),
        ("codes", "коди, які можуть мати позиції; порожньо: коди CPV"),
        ("groups", "експертні групи, що розглядають позиції; порожньо: ніщо не чекає на розгляд"),
        ("charges", "що додається до ціни товарів; порожньо: нічого"),
        ("prohibited", "чого не можна купувати; порожньо: нічого не заборонено"),
        (
            "rates",
            "скільки кожної валюти, стовпець на кожну, становить один EUR, за днями; порожньо: порівнюється лише одна валюта",
        ),
    ],
    needed_note: "Обов'язково.",
    example_note: "Приклад:",
    wrong: "Цей стовпець приймає те, що є в його списку, або те, що сказано в примітці заголовка.",
};
