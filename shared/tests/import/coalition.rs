//! The folder of a coalition.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use waybill_shared::domain::contribution::Consent;
use waybill_shared::domain::money::{Currency, Money};
use waybill_shared::domain::party::Role;
use waybill_shared::import::{CoalitionFiles, ImportError, read_coalition};

use super::{ROW, csv, skipped};

const SETTINGS: &str = r#"
name = "IT Coalition"
currency = "EUR"
zone = "Europe/Luxembourg"
start = "2025-01-01"
[[requisitions]]
file = "requisitions.csv"
[[requisitions]]
file = "foreign.csv"
mapping = "mapping.toml"
on = "2025-03-01"
[[contributions]]
file = "contributions-2025.csv"
on = "2025-06-01"
"#;

const CONTRIBUTIONS: &str = "id,donors,firmness,stated,amount,currency,in_kind_item,\
    in_kind_quantity,in_kind_unit,in_kind_lead_days,converts,earmark_prefixes,earmark_items,\
    earmark_requesters,channel,tranches,obligate_by,pay_by,consent,source\n";
const PLEDGE: &str = "P-1,LU EE,pledge,2024-05-31,,,,,,,,,,,,,,,,invented\n";
const MONEY: &str = "LU-1,LU,commitment,2024-06-01,10000000.00,EUR,,,,,P-1,302 48,\
    Laptop; Monitor 27 inch,UA-MOD,NSPA,2025-07-01:4000000 2025-01-01:6000000.00,2026-12-31,\
    2027-06-30,above 50000.00,invented\n";
const GOODS: &str = "EE-1,EE,commitment,2025-05-20,,,Laptop,200,H87,30,,,,,,,,,,invented\n";

fn folder() -> TempDir {
    let dir = TempDir::new().expect("a folder");
    for (file, text) in [
        ("coalition.toml", SETTINGS),
        ("mapping.toml", "[columns]\nexternal_id = \"ref\"\n"),
        ("foreign.csv", "ref\n"),
        ("requisitions.csv", &csv(&[ROW])),
        (
            "parties.csv",
            "id,name,role,from,to,evidence\nLU,Luxembourg,member,2023-09-19,2024-12-31,a\n\
             SUP-1,Supplier 1,,,,\nEE,Estonia,lead,2023-09-19,,b\nLU,Luxembourg,lead,2025-01-01,,c\n\
             UA-MOD,Ministry,beneficiary,2023-09-19,,d\n",
        ),
        ("contributions.csv", &format!("{CONTRIBUTIONS}{PLEDGE}{MONEY}")),
        ("contributions-2025.csv", &format!("{CONTRIBUTIONS}{GOODS}")),
        (
            "groups.csv",
            "id,name,prefixes,review_from,review_currency,review_days\n\
            cyber,Cyber,48 72,100000.00,EUR,10\nother,Other,3,,,5\n",
        ),
        (
            "offers.csv",
            "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,\
            to,channel,framework,framework_ends,framework_ceiling\n\
            O-1,SUP-1,Laptop,H87,1050.00,EUR,10,5,35,2024-01-01,,NSPA,FW-1,2025-12-31,2500000.00\n",
        ),
        ("charges.csv", "channel,kind,basis_points\n,insurance,25\nNSPA,agent_fee,120\n"),
        ("codes.csv", "scheme,code,name\nCPV,30213100-6,Portable computers\n"),
        ("prohibited.csv", "matches,reason\n353,weapons\n"),
        ("consignees.csv", "code,requester,address\nUA-C01,UA-MOD,\"10 Example Street\"\n"),
        (
            "rates.csv",
            "Date,USD,EEK,BGN,\n2025-01-02,1.0321,15.6466,N/A,\n2025-01-03,1.0299,,1.9558,\n",
        ),
    ] {
        fs::write(dir.path().join(file), text).expect("written");
    }
    dir
}

fn read(dir: &TempDir) -> Result<CoalitionFiles, ImportError> {
    read_coalition(dir.path())
}

/// What is said once `from` in `file` has become `to`.
fn told(file: &str, from: &str, to: &str) -> String {
    let dir = folder();
    let path = dir.path().join(file);
    let text = fs::read_to_string(&path).expect("there");
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(&path, text.replace(from, to)).expect("written");
    read(&dir).expect_err("refused").to_string()
}

#[test]
fn a_sound_folder_is_read_whole() {
    let dir = folder();
    let files = read(&dir).expect("read");
    assert_eq!(files.settings.zone, chrono_tz::Europe::Luxembourg);
    let ids: Vec<&str> = files.parties.iter().map(|party| party.id.as_str()).collect();
    assert_eq!(ids, ["LU", "SUP-1", "EE", "UA-MOD"]);
    let roles: Vec<Role> = files.parties[0].roles.iter().map(|span| span.role).collect();
    assert_eq!(roles, [Role::Member, Role::Lead]);

    let money = &files.contributions[1];
    assert_eq!(money.amount, Some(Money::new(1_000_000_000, Currency::EUR)));
    assert_eq!(money.consent, Consent::Above(5_000_000));
    assert_eq!(money.earmark.items, ["Laptop", "Monitor 27 inch"]);
    let opening: Vec<i64> = money.tranches.iter().map(|tranche| tranche.minor).collect();
    assert_eq!(opening, [600_000_000, 400_000_000]);
    let (on, file, later) = &files.later_contributions[0];
    assert_eq!((on.to_string().as_str(), file.as_str()), ("2025-06-01", "contributions-2025.csv"));
    assert_eq!((later[0].in_kind[0].quantity.0, later[0].in_kind[0].lead_days), (200_000, 30));

    assert_eq!(files.groups[0].review_from.map(|money| money.minor), Some(10_000_000));
    assert!(files.offers[0].framework.is_some());
    assert_eq!((files.charges.len(), files.codes.len(), files.prohibited.len()), (2, 1, 1));
    let rates: Vec<usize> = files.rates.iter().map(|day| day.rates.len()).collect();
    assert_eq!(rates.iter().sum::<usize>(), 3, "{:?}", files.rates);
    assert_eq!(files.requisitions[0].on, files.settings.start);
    assert!(files.requisitions[1].mapping.is_some());
}

#[test]
fn only_parties_and_contributions_are_needed_beside_the_settings() {
    let dir = folder();
    for file in ["groups", "offers", "charges", "codes", "prohibited", "consignees", "rates"] {
        fs::remove_file(dir.path().join(format!("{file}.csv"))).expect("removed");
    }
    let files = read(&dir).expect("read");
    assert!(files.offers.is_empty() && files.rates.is_empty());
    fs::remove_file(dir.path().join("parties.csv")).expect("removed");
    let error = read(&dir).expect_err("refused").to_string();
    assert!(error.contains("parties.csv: there is no such file\n  hint: create it"), "{error}");
}

#[test]
fn each_contradiction_names_its_place() {
    for (file, from, to, what) in [
        ("coalition.toml", "Europe/Luxembourg", "Europe/Esch", "coalition.toml, field zone, value"),
        (
            "coalition.toml",
            "zone",
            "Zone",
            "field Zone: there is no such key\n  hint: did you mean",
        ),
        ("coalition.toml", "requisitions.csv", "none.csv", "none.csv: no such file"),
        ("mapping.toml", "external_id", "id", "mapping.toml, field columns.id"),
        ("parties.csv", "member", "membre", "parties.csv, row 2, field role, value \"membre\""),
        ("parties.csv", "2024-12-31", "2023-01-01", "row 2, field to"),
        ("parties.csv", "LU,Luxembourg,lead", "LU,Luxemburg,lead", "row 5, field name"),
        (
            "groups.csv",
            "100000.00,EUR",
            "100000.00,",
            "field review_currency: is required together with review_from",
        ),
        (
            "contributions.csv",
            ",LU,",
            ",LX,",
            "contributions.csv, row 3, field donors, value \"LX\": is not a known party",
        ),
        ("contributions.csv", "UA-MOD", "UA-MOF", "did you mean `UA-MOD`?"),
        (
            "contributions.csv",
            "10000000.00,EUR",
            ",",
            "a commitment needs an amount, or must be in kind",
        ),
        (
            "contributions.csv",
            "10000000.00,EUR",
            "10000000.00,",
            "field currency: is required together with amount",
        ),
        (
            "contributions.csv",
            ":4000000",
            ":4000000.01",
            "the tranches add up to EUR 10,000,000.01",
        ),
        ("contributions.csv", ":4000000", "", "`2025-07-01` is not a tranche"),
        ("contributions.csv", "2025-07-01:", "2025-02-30:", "`2025-02-30`: there is no such day"),
        (
            "contributions.csv",
            ",P-1,",
            ",P-2,",
            "row 3, field converts, value \"P-2\": there is no such",
        ),
        ("contributions.csv", ",P-1,", ",EE-1,", "is a commitment, not a pledge"),
        ("contributions.csv", "above 50000.00", "above 1.005", "more than the 2 decimals"),
        ("contributions.csv", "above 50000.00", "sometimes", "is not a rule for consent"),
        ("contributions.csv", "2026-12-31", "2028-12-31", "field pay_by"),
        ("contributions-2025.csv", "EE-1", "LU-1", "is also the id of contributions.csv, row 3"),
        (
            "contributions-2025.csv",
            ",H87,",
            ",,",
            "field in_kind_unit: is required together with in_kind_item",
        ),
        ("offers.csv", ",10,5,", ",10,0,", "offers.csv, row 2, field increment, value \"0\""),
        ("offers.csv", ",10,5,", ",-1,5,", "offers.csv, row 2, field minimum, value \"-1\""),
        ("offers.csv", "SUP-1", "SUP-9", "field supplier"),
        (
            "offers.csv",
            "2500000.00",
            "",
            "field framework_ceiling: is required together with framework",
        ),
        (
            "charges.csv",
            "insurance",
            "assurance",
            "must be one of: freight, insurance, agent_fee, tax",
        ),
        ("codes.csv", "computers\n", "computers\nCPV,30213100-6,Laptops\n", "row 3, field code"),
        ("consignees.csv", "UA-MOD", "UA-MOX", "consignees.csv, row 2, field requester"),
        ("rates.csv", "1.0299", "-1", "rates.csv, row 3, field USD, value \"-1\""),
        ("rates.csv", "2025-01-03", "2025-01-02", "rates.csv, row 3, field Date"),
        ("rates.csv", "Date", "Day", "field Date: the column is missing"),
    ] {
        let text = told(file, from, to);
        assert!(text.contains(what), "{file} {to:?}: {text}");
        assert!(text.contains("\n  hint: "), "{text}");
    }
}

#[test]
fn errors_of_all_files_are_told_together() {
    let dir = folder();
    for file in ["codes.csv", "prohibited.csv"] {
        fs::write(dir.path().join(file), "x\n1\n").expect("written");
    }
    let Err(ImportError::Rows(errors)) = read(&dir) else { panic!("refused") };
    assert!(errors.iter().any(|error| error.file == "codes.csv"));
    assert!(errors.iter().any(|error| error.file == "prohibited.csv"));
}

#[test]
fn an_address_is_not_told_even_if_it_is_wrong() {
    let text = told("consignees.csv", "10 Example Street", "10 Secret\u{1} Street");
    assert!(text.contains("consignees.csv, row 2, field address: contains the control character"));
    assert!(!text.contains("Secret"), "{text}");
}

#[test]
fn any_requester_admits_those_that_are_no_party() {
    let dir = folder();
    let path = dir.path().join("coalition.toml");
    fs::write(&path, format!("any_requester = true\n{SETTINGS}")).expect("written");
    fs::write(dir.path().join("consignees.csv"), "code,requester,address\nC,X,Y\n")
        .expect("written");
    assert!(read(&dir).expect("read").settings.any_requester);
}

#[test]
fn the_examples_and_the_rates_as_published_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for example in ["it-coalition", "leso"] {
        let dir = root.join("examples").join(example);
        if !dir.join("coalition.toml").exists() {
            skipped(&format!("examples/{example} is not there"));
            continue;
        }
        let files = read_coalition(&dir).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert!(!files.contributions.is_empty(), "{example}");
    }
    let published = root.join("../shared/data/ecb/eurofxref_2023_2026.csv");
    if !published.exists() {
        skipped("the rates are not beside the project");
        return;
    }
    let dir = folder();
    fs::copy(published, dir.path().join("rates.csv")).expect("copied");
    assert!(read(&dir).expect("read").rates.len() > 500);
}
