//! `waybill token`.

use waybill_api::{IssuedToken, NewToken, RotateToken, TokenView};
use waybill_shared::domain::account::{Role, Scope};

use crate::args;
use crate::client::{self, Client, escape};
use crate::failure::Failure;
use crate::new_file::NewFile;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::target::Target;

/// Runs the subcommand.
pub(crate) async fn run(arguments: args::Token) -> Result<(), Failure> {
    match arguments {
        args::Token::Create(create) => give(create).await,
        args::Token::List(listing) => list(listing).await,
        args::Token::Rotate(rotate) => renew(rotate).await,
        args::Token::Revoke(revoke) => {
            let target = Target::of(&revoke.single.data)?;
            let view: TokenView = Client::with(&target, async |client| {
                let id = find(client, &revoke.account).await?;
                client.delete(&format!("/v1/tokens/{}", escape(&id))).await
            })
            .await?;
            if revoke.single.json {
                return output::json(&view);
            }
            output::talk(
                "its webhooks belong to the party and stay active: see `waybill webhook list`",
            );
            output::data(&format!("{} ({}) is revoked\n", view.id, view.name))
        }
    }
}

/// The id of the account that `named` means: an id, or a name that only one active account has.
async fn find(client: &Client, named: &str) -> Result<String, Failure> {
    let views: Vec<TokenView> = client.get("/v1/tokens").await?;
    if views.iter().any(|view| view.id == named) {
        return Ok(named.to_owned());
    }
    let alike = views.iter().filter(|view| view.name == named && view.revoked.is_none());
    match &alike.map(|view| view.id.as_str()).collect::<Vec<_>>()[..] {
        [] => Ok(named.to_owned()),
        [id] => Ok((*id).to_owned()),
        several => {
            let message = format!("{} accounts have the name `{named}`", several.len());
            Err(Failure::caller(message, format!("name one by its id: {}", several.join(", "))))
        }
    }
}

async fn give(create: args::TokenCreate) -> Result<(), Failure> {
    let args::TokenCreate { role: named, party, name, days, scope, network, output, single } =
        create;
    // The file is prepared before the token exists.
    let file = output.as_deref().map(NewFile::at).transpose()?;
    let role = Role::ALL.into_iter().find(|role| role.name() == named).unwrap_or(Role::Observer);
    let scope = Scope::ALL.into_iter().find(|one| one.name() == scope).unwrap_or(Scope::Read);
    let name = name.unwrap_or_else(|| match &party {
        Some(party) => format!("{named} {party}"),
        None => named.clone(),
    });
    let new = NewToken { name, role, party, days: Some(days), scope, networks: network };
    let issued: IssuedToken = client::post(&Target::of(&single.data)?, "/v1/tokens", &new).await?;
    print(&issued, file, single.json, "is given")
}

async fn renew(rotate: args::TokenRotate) -> Result<(), Failure> {
    let args::TokenRotate { account, overlap, days, output, single } = rotate;
    let file = output.as_deref().map(NewFile::at).transpose()?;
    let target = Target::of(&single.data)?;
    let asked = RotateToken { overlap_s: overlap, days };
    let issued: IssuedToken = Client::with(&target, async |client| {
        let id = find(client, &account).await?;
        client.post(&format!("/v1/tokens/{}/rotate", escape(&id)), &asked).await
    })
    .await?;
    match issued.account.replaced_until {
        Some(until) => {
            let until = until.format("%Y-%m-%d %H:%M UTC");
            output::talk(&format!("the old token is valid until {until}"));
        }
        None => output::talk("the old token is no longer valid"),
    }
    print(&issued, file, single.json, "has a new token")
}

/// Prints a token, or writes it to `file` if there is one.
fn print(
    issued: &IssuedToken,
    file: Option<NewFile>,
    json: bool,
    done: &str,
) -> Result<(), Failure> {
    if let Some(file) = file {
        file.write(&format!("{}\n", issued.token))?;
        output::talk(&format!("the account {} {done}", issued.account.id));
        return Ok(());
    }
    if json {
        return output::json(issued);
    }
    output::talk("the token, shown this once:");
    output::data(&format!("{}\n", issued.token))
}

const COLUMNS: [Column<TokenView>; 8] = [
    Column::new("id", Fit::Left, |view| view.id.clone().into()),
    Column::new("role", Fit::Left, |view| view.role.name().into()),
    Column::new("for", Fit::Left, |view| view.party.clone().unwrap_or_default().into()),
    Column::new("scope", Fit::Left, |view| view.scope.name().into()),
    Column::new("networks", Fit::Left, |view| {
        let networks: Vec<String> = view.networks.iter().map(ToString::to_string).collect();
        networks.join(" ").into()
    }),
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
