//! `waybill token`.

use waybill_api::{IssuedToken, NewToken, TokenView};
use waybill_shared::domain::account::Role;

use crate::args;
use crate::client::{self, Client, escape};
use crate::failure::Failure;
use crate::new_file::NewFile;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::target::Target;

/// Gives, lists or revokes accounts.
pub(crate) async fn run(arguments: args::Token) -> Result<(), Failure> {
    match arguments {
        args::Token::Create(create) => give(create).await,
        args::Token::List(listing) => list(listing).await,
        args::Token::Revoke(revoke) => {
            let target = Target::of(&revoke.single.data)?;
            let path = format!("/v1/tokens/{}", escape(&revoke.id));
            let view: TokenView =
                Client::with(&target, async |client| client.delete(&path).await).await?;
            if revoke.single.json {
                return output::json(&view);
            }
            output::talk("webhooks are its party's and go on: `waybill webhook list` shows them");
            output::data(&format!("{} ({}) is revoked\n", view.id, view.name))
        }
    }
}

async fn give(create: args::TokenCreate) -> Result<(), Failure> {
    let args::TokenCreate { role: named, party, name, days, output, single } = create;
    // A place for it is found before there is one.
    let file = output.as_deref().map(NewFile::at).transpose()?;
    let role = Role::ALL.into_iter().find(|role| role.name() == named).unwrap_or(Role::Observer);
    let name = name.unwrap_or_else(|| match &party {
        Some(party) => format!("{named} {party}"),
        None => named.clone(),
    });
    let new = NewToken { name, role, party, days: Some(days) };
    let issued: IssuedToken = client::post(&Target::of(&single.data)?, "/v1/tokens", &new).await?;
    if let Some(file) = file {
        file.write(&format!("{}\n", issued.token))?;
        output::talk(&format!("the account {} is given", issued.account.id));
        return Ok(());
    }
    if single.json {
        return output::json(&issued);
    }
    output::talk("the token, shown this once:");
    output::data(&format!("{}\n", issued.token))
}

const COLUMNS: [Column<TokenView>; 6] = [
    Column::new("id", Fit::Left, |view| view.id.clone().into()),
    Column::new("role", Fit::Left, |view| view.role.name().into()),
    Column::new("for", Fit::Left, |view| view.party.clone().unwrap_or_default().into()),
    Column::new("state", Fit::Left, state),
    Column::new("last_used", Fit::Left, |view| {
        let used = view.last_used;
        let text = used.map(|at| output::day(at).to_string()).unwrap_or_default();
        Cell::from(text).raw(used.map(|at| at.to_rfc3339()).unwrap_or_default())
    }),
    Column::new("name", Fit::Rest, |view| view.name.clone().into()),
];

fn state(view: &TokenView) -> Cell {
    match (view.revoked, view.expires) {
        (Some(at), _) => Cell::from(format!("revoked {}", output::day(at))).meaning(Meaning::Faint),
        (None, Some(at)) => format!("until {}", output::day(at)).into(),
        (None, None) => "holds".into(),
    }
}

async fn list(listing: args::Listing) -> Result<(), Failure> {
    let views: Vec<TokenView> = client::get(&Target::of(&listing.data)?, "/v1/tokens").await?;
    output::listing(&listing.form, &COLUMNS, &views, "there are no accounts")
}
