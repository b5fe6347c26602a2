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
    about_folder: "This folder describes a coalition. Fill in the files with a spreadsheet or an editor, then hand the \
                   folder in with `waybill import`. Do so again whenever something changed: what is new or changed is \
                   taken, and nothing is taken twice.",
    about_book: &[
        "This workbook describes a coalition. Fill in its sheets, then hand it in: waybill import THIS-FILE.xlsx",
        "Hand it in again whenever something changed: what is new or changed is taken, and nothing is taken twice.",
        "What a column means stands in the note of its heading. Dark headings are needed, light ones may stay empty.",
        "Do not rename headings or sheets. Sheets of your own may be added; they are not read.",
        "Type days as your spreadsheet takes them. Numbers are numbers, without currency signs.",
    ],
    left_out: "Every file but coalition.toml, parties.csv and contributions.csv may be removed (requisitions.csv with its \
               entry in coalition.toml), and every table but the settings may stay empty. `waybill import` says what holds instead.",
    cells: "Days are written 2026-11-30, numbers 1250.50. A first row that names the columns stays as it is.",
    any_requester: "While this is true, whoever asks is taken. Set it to false once parties.csv names all who ask: then a \
                    misspelt requester is refused.",
    requisitions: "Files of lines that come with this folder. Others can be handed in at any time: waybill import FILE",
    pipeline: "The way of every lot, and its rules. Without this file the same steps run with the usual rules.",
    usual: "The usual values of what is changed most often; docs/reference/pipeline.md has all. Take away the # to change one.",
    connector: "Orders are written to the folder outbox of the data, answers are taken from its folder inbox.",
    calendar: "What is done at fixed times. Money lapses, funding is tried again and late deliveries are chased daily, \
               whether this says when or not.",
    files: [
        ("parties", "who takes part, a row for each role of a party"),
        ("contributions", "what donors promise"),
        ("offers", "what can be bought"),
        ("requisitions", "what is asked for"),
        ("consignees", "where deliveries go; none: any code will do"),
        ("codes", "the codes that lines may use; none: those of the CPV"),
        ("groups", "the expert groups that review lines; none: nothing waits for a review"),
        ("charges", "what comes on top of goods; none: nothing does"),
        ("prohibited", "what must not be bought; none: nothing is prohibited"),
        (
            "rates",
            "how much of each currency, a column each, is one EUR, by day; none: only one currency can be compared",
        ),
    ],
    needed_note: "Needed.",
    example_note: "Example:",
    wrong: "This column takes what its list has, or what the note of its heading says.",
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
