//! URLs of stores and brokers, in a form that may be shown to people.

/// `url` without its password, whether it follows the user's name or is in the query.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (place, query) =
        rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let place = match place.rsplit_once('@') {
        Some((user, place)) => {
            let user = user.split_once(':').map_or(user, |(name, _)| name);
            format!("{user}@{place}")
        }
        None => place.to_owned(),
    };
    let is_told = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        !["pass", "secret", "token", "key"].iter().any(|word| name.contains(word))
    };
    let query = query.map(|query| query.split('&').filter(is_told).collect::<Vec<_>>().join("&"));
    match query.filter(|query| !query.is_empty()) {
        Some(query) => format!("{scheme}://{place}?{query}"),
        None => format!("{scheme}://{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn no_password_is_told() {
        for (url, told) in [
            ("postgres://u:pw@h:5432/d?sslmode=require", "postgres://u@h:5432/d?sslmode=require"),
            ("postgres://h/d?user=u&password=pw", "postgres://h/d?user=u"),
            ("postgres://h/d?PASSWORD=pw", "postgres://h/d"),
            ("amqps://u:p%40w@h/v", "amqps://u@h/v"),
            ("postgre://u:p@w@h/d", "postgre://u@h/d"),
            ("sqlite:data/waybill.sqlite", "sqlite:data/waybill.sqlite"),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }
}
