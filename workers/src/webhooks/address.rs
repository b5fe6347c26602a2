//! Which addresses events may be sent to. Whoever may create a webhook must not reach what only
//! this machine or its network can reach. So names are resolved once, by [`Guarded`], and addresses
//! that are not public are refused unless the configuration allows them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("`{0}` is not a URL")]
    NoUrl(String),
    /// It is neither `https`, nor `http` to an allowed address.
    #[error("`{0}` does not use https")]
    NotHttps(String),
    #[error("a URL may not contain a user name or password")]
    Credentials,
    #[error("`{0}` is not a public address")]
    NotPublic(String),
    #[error("`{host}` cannot be resolved: {why}")]
    Unresolved { host: String, why: String },
}

/// Parses `url`, and checks that the addresses its name has now may be reached.
///
/// # Errors
/// [`AddressError`] if the URL is not allowed.
pub async fn check(url: &str, allow: &[IpNet]) -> Result<Url, AddressError> {
    let url = parse(url, allow)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    if bare(&host).is_some() {
        return Ok(url);
    }
    let found = resolve(&host, allow).await?;
    if url.scheme() == "http" && !found.iter().all(|address| is_listed(*address, allow)) {
        return Err(AddressError::NotHttps(url.to_string()));
    }
    Ok(url)
}

/// Checks what can be checked without resolving names.
pub(super) fn parse(text: &str, allow: &[IpNet]) -> Result<Url, AddressError> {
    let no_url = || AddressError::NoUrl(text.chars().take(200).collect());
    let url = Url::parse(text).map_err(|_| no_url())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(no_url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    if let Some(address) = bare(host)
        && !is_allowed(address, allow)
    {
        return Err(AddressError::NotPublic(host.to_owned()));
    }
    // Unencrypted requests may only go to addresses that the configuration allows.
    let is_listed = bare(host).map_or(!allow.is_empty(), |address| is_listed(address, allow));
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_listed => Ok(url),
        _ => Err(AddressError::NotHttps(text.chars().take(200).collect())),
    }
}

/// The IP address, if the host of a URL is one.
fn bare(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

async fn resolve(host: &str, allow: &[IpNet]) -> Result<Vec<IpAddr>, AddressError> {
    let failed = |why: String| AddressError::Unresolved { host: host.to_owned(), why };
    let found = tokio::net::lookup_host((host, 0)).await.map_err(|e| failed(e.to_string()))?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    if found.is_empty() {
        return Err(failed("the name has no address".to_owned()));
    }
    // A non-public address among others is a trap, so one is enough to refuse the name.
    if found.iter().any(|address| !is_allowed(*address, allow)) {
        return Err(AddressError::NotPublic(host.to_owned()));
    }
    Ok(found)
}

fn is_allowed(address: IpAddr, allow: &[IpNet]) -> bool {
    is_public(address.to_canonical()) || is_listed(address, allow)
}

/// Whether the configuration allows the address.
fn is_listed(address: IpAddr, allow: &[IpNet]) -> bool {
    let address = address.to_canonical();
    allow.iter().any(|net| net.contains(&address))
}

/// Whether an address is reachable over the public Internet, according to IANA's special-purpose
/// registries.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, protocol assignments and benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, _, _, _, _, g, h] = address.segments();
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if a == 0x64 && b == 0xff9b {
        // An IPv4 address that is translated to IPv6.
        return is_public_v4(inner(g, h));
    }
    // Global unicast, except tunnels and documentation.
    (a & 0xe000) == 0x2000
        && a != 0x2002
        && !(a == 0x2001 && b < 0x200)
        && !(a == 0x2001 && b == 0xdb8)
        && !(a == 0x3fff && b < 0x1000)
}

/// Resolves names for deliveries and returns only allowed addresses. A delivery connects to the
/// address that was checked, whatever the name resolves to a moment later.
pub(super) struct Guarded {
    pub(super) allow: Arc<[IpNet]>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.allow.clone();
        Box::pin(async move {
            let found = resolve(name.as_str(), &allow).await.map_err(io::Error::other)?;
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_refused() {
        for inside in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            let address: IpAddr = inside.parse().expect("an address");
            assert!(!is_allowed(address, &[]), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"] {
            let address: IpAddr = outside.parse().expect("an address");
            assert!(is_allowed(address, &[]), "{outside}");
        }
    }

    #[test]
    fn a_url_is_read_as_a_client_reads_it() {
        let lo: IpNet = "127.0.0.0/8".parse().expect("a network");
        for url in [
            "http://example.org/",
            "ftp://example.org/",
            "https://",
            "nothing",
            "https://user:word@example.org/",
            "https://127.0.0.1/",
            "https://[::1]/",
            // Other ways to write 127.0.0.1.
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://[::ffff:169.254.169.254]/",
        ] {
            assert!(parse(url, &[]).is_err(), "{url}");
        }
        assert!(parse("https://example.org/hook", &[]).is_ok());
        assert!(parse("http://127.0.0.1:9/hook", &[lo]).is_ok());
        assert!(parse("http://169.254.169.254/", &[lo]).is_err());
        assert!(parse("http://1.1.1.1/", &[lo]).is_err());
    }
}
