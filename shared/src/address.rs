//! Which addresses this service may connect to.
//!
//! Two checks, and both are needed: `check_url` refuses by the URL's text (when a job is created,
//! at each redirect), `is_public` refuses the addresses that its name resolves to (when
//! connecting).
//! Source: IANA special-purpose address registries, RFC 6890, RFC 6052, RFC 3056, RFC 4380, RFC
//! 5214.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Longest URL that is parsed.
/// Units: bytes.
const URL_SIZE_BYTES_MAX: usize = 2_048;
/// Names of this machine or this network, whatever they resolve to.
const PRIVATE_SUFFIXES: [&str; 5] = ["localhost", "local", "internal", "lan", "home.arpa"];

/// The private `host:port` pairs that an operator allows; empty in production.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedHosts(Vec<(String, u16)>);

/// A text that is not a list of `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not HOST:PORT")]
pub struct ParseAllowedHostsError(String);

impl AllowedHosts {
    /// Reads `host:port,host:port`; an empty text allows nothing.
    pub fn parse(text: &str) -> Result<Self, ParseAllowedHostsError> {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        let parsed = pairs.map(|pair| {
            let (host, port) = pair.rsplit_once(':').ok_or_else(|| ParseAllowedHostsError(pair.to_owned()))?;
            let port = port.parse().map_err(|_| ParseAllowedHostsError(pair.to_owned()))?;
            Ok((host.to_ascii_lowercase(), port))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Whether this pair was allowed by name.
    #[must_use]
    pub fn contains(&self, host: &str, port: u16) -> bool {
        self.0.iter().any(|(allowed_host, allowed_port)| allowed_host.eq_ignore_ascii_case(host) && *allowed_port == port)
    }

    /// Whether this name was allowed with any port. For resolvers, which see no port: the URL was
    /// checked before.
    #[must_use]
    pub fn contains_host(&self, host: &str) -> bool {
        self.0.iter().any(|(allowed_host, _)| allowed_host.eq_ignore_ascii_case(host))
    }
}

/// Why a URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// Not an absolute URL, or too long.
    #[error("not an absolute URL")]
    Malformed,
    /// Neither `http` nor `https`.
    #[error("only http and https are fetched")]
    Scheme,
    /// It contains a user name or password.
    #[error("a URL with a user name or password is not fetched")]
    Credentials,
    /// Loopback, private, link-local, or otherwise not of the public Internet.
    #[error("the address is not public")]
    Private,
}

/// Parses a URL and refuses what its text shows to be forbidden. The name may still resolve to a
/// private address: see [`is_public`].
pub fn check_url(text: &str, allowed: &AllowedHosts) -> Result<Url, UrlRefusal> {
    if text.len() > URL_SIZE_BYTES_MAX {
        return Err(UrlRefusal::Malformed);
    }
    let url = Url::parse(text).map_err(|_| UrlRefusal::Malformed)?;
    // Percent-encoding makes it longer; what is kept must pass the same check again.
    if url.as_str().len() > URL_SIZE_BYTES_MAX {
        return Err(UrlRefusal::Malformed);
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlRefusal::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::Credentials);
    }
    let host = url.host().ok_or(UrlRefusal::Malformed)?;
    let port = url.port_or_known_default().ok_or(UrlRefusal::Malformed)?;
    if url.host_str().is_some_and(|name| allowed.contains(name, port)) {
        return Ok(url);
    }
    let public = match host {
        Host::Ipv4(address) => is_public(IpAddr::V4(address)),
        Host::Ipv6(address) => is_public(IpAddr::V6(address)),
        Host::Domain(name) => is_public_name(name),
    };
    if public { Ok(url) } else { Err(UrlRefusal::Private) }
}

fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let private = PRIVATE_SUFFIXES
        .iter()
        .any(|suffix| name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    // A name without a dot is a neighbour's.
    !private && name.contains('.')
}

/// Whether an address belongs to the public Internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0 // this network
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..=127).contains(&b)) // shared by carriers, RFC 6598
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (b == 18 || b == 19)) // benchmarks
        || a >= 224) // multicast, reserved, broadcast
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Forms that carry an IPv4 address are refused whole: nobody public needs them to be reached.
    let [first, second, ..] = address.segments();
    let global_unicast = first & 0xe000 == 0x2000;
    let documentation = first == 0x2001 && second == 0x0db8 || first == 0x3fff && second < 0x1000;
    let protocol_assignments = first == 0x2001 && second < 0x0200; // Teredo, ORCHID, benchmarks
    let six_to_four = first == 0x2002;
    let isatap = matches!(address.segments(), [_, _, _, _, 0 | 0x0200, 0x5efe, ..]);
    global_unicast && !documentation && !protocol_assignments && !six_to_four && !isatap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        for url in [
            "http://127.0.0.1/a",
            "http://127.1/a",
            "http://2130706433/a",
            "http://0x7f000001/a",
            "http://0177.0.0.1/a",
            "http://0.0.0.0/a",
            "http://10.1.2.3/a",
            "http://172.16.0.1/a",
            "http://192.168.1.1/a",
            "http://169.254.169.254/latest/meta-data",
            "http://100.64.0.1/a",
            "http://198.18.0.1/a",
            "http://224.0.0.1/a",
            "http://255.255.255.255/a",
            "http://[::1]/a",
            "http://[::]/a",
            "http://[::ffff:127.0.0.1]/a",
            "http://[::127.0.0.1]/a",
            "http://[64:ff9b::7f00:1]/a",
            "http://[2002:7f00:1::]/a",
            "http://[2001:0:1::]/a",
            "http://[2001:4860::5efe:7f00:1]/a",
            "http://[fe80::1]/a",
            "http://[fc00::1]/a",
            "http://[ff02::1]/a",
            "http://localhost/a",
            "http://LOCALHOST./a",
            "http://a.localhost/a",
            "http://db.internal/a",
            "http://printer/a",
        ] {
            assert_eq!(check_url(url, &AllowedHosts::default()), Err(UrlRefusal::Private), "{url}");
        }
    }

    #[test]
    fn other_refusals() {
        for (url, refusal) in [
            ("file:///etc/passwd", UrlRefusal::Scheme),
            ("ftp://example.com/a", UrlRefusal::Scheme),
            ("data:video/mp4;base64,AAAA", UrlRefusal::Scheme),
            ("example.com/a.mp4", UrlRefusal::Malformed),
            ("", UrlRefusal::Malformed),
            ("https://user:pass@example.com/a", UrlRefusal::Credentials),
        ] {
            assert_eq!(check_url(url, &AllowedHosts::default()), Err(refusal), "{url}");
        }
        assert_eq!(
            check_url(&format!("https://example.com/{}", "a".repeat(2_048)), &AllowedHosts::default()),
            Err(UrlRefusal::Malformed)
        );
    }

    #[test]
    fn public_addresses_pass() {
        for url in
            ["https://example.com/a.mp4?b=c", "http://1.1.1.1/a", "http://[2606:4700::1111]/a", "https://localhost.example.com/a"]
        {
            assert!(check_url(url, &AllowedHosts::default()).is_ok(), "{url}");
        }
    }

    #[test]
    fn an_allowed_pair_is_allowed_with_its_port_only() {
        let allowed = AllowedHosts::parse("127.0.0.1:9000, localhost:9001,").unwrap();
        assert!(check_url("http://127.0.0.1:9000/a", &allowed).is_ok());
        assert!(check_url("http://localhost:9001/a", &allowed).is_ok());
        assert!(check_url("http://127.0.0.1:9001/a", &allowed).is_err());
        assert!(check_url("http://127.0.0.1/a", &allowed).is_err());
        assert_eq!(check_url(&format!("https://example.com/{}", "я".repeat(900)), &allowed), Err(UrlRefusal::Malformed));
        assert!(AllowedHosts::parse("127.0.0.1").is_err());
        assert!(AllowedHosts::parse("a:b").is_err());
    }
}
