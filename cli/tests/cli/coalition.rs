//! A small coalition in a folder: one donor, one supplier, one group that reviews nothing.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// The columns of a file of requisitions.
pub(crate) const HEADER: &str = "external_id,requester,item,description,kind,classification,\
scheme,quantity,unit,unit_estimate,currency,class,rank,requested,needed_by,consignee,smallest_lot,\
tolerance_per_mille,source";

/// A row for `quantity` laptops.
pub(crate) fn row(id: &str, quantity: u32) -> String {
    format!(
        "{id},REQ,Laptop,For a test,goods,30213100-6,CPV,{quantity},H87,100.00,EUR,1,1,2025-01-02,,\
         C1,,0,invented"
    )
}

/// Writes a file of requisitions.
pub(crate) fn requisitions(path: &Path, rows: &[String]) -> Result<()> {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        writeln!(text, "{row}")?;
    }
    fs::write(path, text)?;
    Ok(())
}

/// Writes the coalition into `folder`, with `rows` of requisitions, and gives its path.
pub(crate) fn write(folder: &Path, rows: &[String]) -> Result<PathBuf> {
    let dir = folder.join("coalition");
    fs::create_dir_all(&dir)?;
    let file = |name: &str, text: &str| fs::write(dir.join(name), text);
    file(
        "coalition.toml",
        "name = \"Test\"\ncurrency = \"EUR\"\nzone = \"Europe/Luxembourg\"\nstart = \"2025-01-01\"\n\
         [[requisitions]]\nfile = \"requisitions.csv\"\n",
    )?;
    file(
        "parties.csv",
        "id,name,role,from,to,evidence\nAA,Donor,member,2025-01-01,,invented\n\
         REQ,Ministry,beneficiary,2025-01-01,,invented\nBUY,Agent,buying_agent,2025-01-01,,invented\n\
         SUP,Supplier,,,,\nXX,Other donor,member,2025-01-01,,invented\n\
         REQ2,Other ministry,beneficiary,2025-01-01,,invented\n",
    )?;
    file(
        "groups.csv",
        "id,name,prefixes,review_from,review_currency,review_days\nit,IT,302,,,10\n",
    )?;
    file(
        "contributions.csv",
        "id,donors,firmness,stated,amount,currency,channel,obligate_by,consent,source\n\
         AA-1,AA,commitment,2025-01-01,100000.00,EUR,,2099-12-31,none,invented\n",
    )?;
    file(
        "offers.csv",
        "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,channel\n\
         O-1,SUP,Laptop,H87,90.00,EUR,1,1,10,2025-01-01,,BUY\n",
    )?;
    file("codes.csv", "scheme,code,name\nCPV,30213100-6,Portable computers\n")?;
    file(
        "consignees.csv",
        "code,requester,address\nC1,REQ,\"1 Example Street, Sampletown\"\n\
         C3,REQ2,\"3 Example Street, Sampletown\"\n",
    )?;
    file(
        "pipeline.toml",
        "[[step]]\nname = \"validate_priority\"\n[[step]]\nname = \"match_donor\"\n\
         [[step]]\nname = \"issue_order\"\n[[step]]\nname = \"confirm_delivery\"\n\
         [match_donor]\nround_delay_ms = 10\n[issue_order]\ngather_s = 0\n\
         [connector]\nkind = \"files\"\n\
         [webhooks]\nallow = [\"127.0.0.2/32\"]\nretry_s = [1, 1, 1, 1]\n",
    )?;
    requisitions(&dir.join("requisitions.csv"), rows)?;
    Ok(dir)
}
