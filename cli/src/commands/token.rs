//! `waybill token`.

use waybill_api::{IssuedToken, NewToken, TokenView};
use waybill_shared::domain::account::Role;

use crate::args;
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// Gives, lists or revokes accounts.
pub(crate) async fn run(arguments: args::Token) -> Result<(), Failure> {
    match arguments {
        args::Token::Create(create) => give(create).await,
        args::Token::List(listing) => list(listing).await,
        args::Token::Revoke(revoke) => {
            let client = Client::of(&Target::of(&revoke.listing.data)?).await?;
            let path = format!("/v1/tokens/{}", escape(&revoke.id));
            let view: TokenView = client.delete(&path).await?;
            if revoke.listing.json {
                return output::json(&view);
            }
            output::talk("webhooks are its party's and go on: `waybill webhook list` shows them");
            output::data(&format!("{} ({}) is revoked\n", view.id, view.name))
        }
    }
}

async fn give(create: args::TokenCreate) -> Result<(), Failure> {
    let args::TokenCreate { role: named, party, name, days, listing } = create;
    let role = Role::ALL.into_iter().find(|role| role.name() == named).unwrap_or(Role::Observer);
    let name = name.unwrap_or_else(|| match &party {
        Some(party) => format!("{named} {party}"),
        None => named.clone(),
    });
    let client = Client::of(&Target::of(&listing.data)?).await?;
    let new = NewToken { name, role, party, days };
    let issued: IssuedToken = client.post("/v1/tokens", &new).await?;
    if listing.json {
        return output::json(&issued);
    }
    output::talk("the token, shown this once:");
    output::data(&format!("{}\n", issued.token))
}

async fn list(listing: args::Listing) -> Result<(), Failure> {
    let views: Vec<TokenView> =
        Client::of(&Target::of(&listing.data)?).await?.get("/v1/tokens").await?;
    if listing.json {
        return output::json(&views);
    }
    let day = |at: Option<waybill_shared::domain::lot::Timestamp>| {
        at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default()
    };
    let row = |view: &TokenView| {
        let state = match (view.revoked, view.expires) {
            (Some(at), _) => format!("revoked {}", at.format("%Y-%m-%d")),
            (None, Some(at)) => format!("until {}", at.format("%Y-%m-%d")),
            (None, None) => "holds".to_owned(),
        };
        vec![
            view.id.clone(),
            view.role.name().to_owned(),
            view.party.clone().unwrap_or_default(),
            state,
            day(view.last_used),
            view.name.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = views.iter().map(row).collect();
    let head = ["ID", "ROLE", "FOR", "STATE", "LAST USED", "NAME"];
    output::data(&output::brief_table(&head, &rows))
}
