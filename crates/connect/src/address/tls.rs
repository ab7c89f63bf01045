use std::path::PathBuf;

use super::assemble::{Keywords, NAME, parsed};
use super::{Host, HostName, harmless};
use crate::settings::{Origin, Problem, Reader};
use crate::tls::{CertMode, ChannelBinding, Fault, Negotiation, Root, SslMode, TlsSettings, Version, Wishes};

/// What the keywords of TLS say, with their files read. `None` if a problem was noted.
pub(super) fn read(
    reader: &mut Reader<'_>,
    keywords: &mut Keywords,
    hosts: Option<&[Host]>,
    address: &Origin,
) -> Option<TlsSettings> {
    let origins: Vec<(&str, Origin)> =
        keywords.iter().map(|(name, (_, origin))| (*name, origin.clone())).collect();
    let wishes = wishes(reader, keywords)?;
    let over_tcp = hosts?.iter().any(|host| matches!(host.name(), HostName::Tcp(_)));
    let settings = TlsSettings::new(&wishes, over_tcp);
    let note = |Fault { keyword, reason }| {
        let origin = origins.iter().find(|(name, _)| *name == keyword).map_or(address, |(_, origin)| origin);
        reader.problem(Problem::new(NAME, origin.clone(), format!("{keyword}: {reason}")));
    };
    settings.map_err(|faults| faults.into_iter().for_each(note)).ok()
}

/// Takes every keyword, so that all that are wrong are noted.
fn wishes(reader: &mut Reader<'_>, keywords: &mut Keywords) -> Option<Wishes> {
    let problems = reader.problem_count();
    refuse_password(reader, keywords);
    let mode = mode(reader, keywords);
    let wishes = Wishes {
        mode,
        negotiation: choice(reader, keywords, "sslnegotiation", NEGOTIATIONS).unwrap_or_default(),
        channel_binding: choice(reader, keywords, "channel_binding", BINDINGS).unwrap_or_default(),
        root: path(keywords, "sslrootcert").map(|path| match path.to_str() {
            Some("system") => Root::System,
            _ => Root::File(path),
        }),
        revoked: path(keywords, "sslcrl"),
        certificate: path(keywords, "sslcert"),
        key: path(keywords, "sslkey"),
        cert_mode: choice(reader, keywords, "sslcertmode", CERT_MODES).unwrap_or_default(),
        without_sni: choice(reader, keywords, "sslsni", SNI).unwrap_or_default(),
        oldest: version(reader, keywords, "ssl_min_protocol_version"),
        newest: version(reader, keywords, "ssl_max_protocol_version"),
        home: reader.variable("HOME", false, NAME).map(|home| PathBuf::from(home.text).join(".postgresql")),
    };
    (reader.problem_count() == problems).then_some(wishes)
}

const NEGOTIATIONS: &[(&str, Negotiation)] =
    &[("postgres", Negotiation::Postgres), ("direct", Negotiation::Direct)];
const BINDINGS: &[(&str, ChannelBinding)] = &[
    ("disable", ChannelBinding::Disable),
    ("prefer", ChannelBinding::Prefer),
    ("require", ChannelBinding::Require),
];
const CERT_MODES: &[(&str, CertMode)] =
    &[("disable", CertMode::Disable), ("allow", CertMode::Allow), ("require", CertMode::Require)];
/// Whether it is left out.
const SNI: &[(&str, bool)] = &[("1", false), ("0", true)];

/// `sslmode`, or what older programs write in its place: `ssl=true` is JDBC's, `requiressl` was libpq's.
fn mode(reader: &mut Reader<'_>, keywords: &mut Keywords) -> Option<SslMode> {
    let old = choice(reader, keywords, "requiressl", &[("1", Some(SslMode::Require)), ("0", None)]);
    let of_jdbc = |origin: &Origin| matches!(origin, Origin::Keyword { keyword, .. } if keyword == "ssl");
    if let Some((text, origin)) = keywords.get_mut("sslmode")
        && text == "true"
        && of_jdbc(origin)
    {
        "require".clone_into(text);
    }
    let written = parsed(reader, keywords, "sslmode", |text| {
        let unknown =
            || format!("`sslmode={}` does not exist; what does: {}", harmless(text), SslMode::names());
        SslMode::parse(text).ok_or_else(unknown)
    });
    written.or(old.flatten())
}

fn choice<T: Copy>(
    reader: &mut Reader<'_>,
    keywords: &mut Keywords,
    name: &'static str,
    choices: &[(&str, T)],
) -> Option<T> {
    parsed(reader, keywords, name, |text| {
        let found = choices.iter().find(|(choice, _)| *choice == text).map(|(_, value)| *value);
        let all = || choices.iter().map(|(choice, _)| *choice).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("`{name}={}` does not exist; what does: {}", harmless(text), all()))
    })
}

/// As in libpq, the case of the letters does not count.
fn version(reader: &mut Reader<'_>, keywords: &mut Keywords, name: &'static str) -> Option<Version> {
    parsed(reader, keywords, name, |text| match text.to_ascii_lowercase().as_str() {
        "tlsv1.2" => Ok(Version::Tls12),
        "tlsv1.3" => Ok(Version::Tls13),
        "tlsv1" | "tlsv1.1" => {
            Err(format!("`{name}={text}` is too old to be safe and not supported; what is: TLSv1.2, TLSv1.3"))
        }
        _ => Err(format!("`{name}={}` does not exist; what does: TLSv1.2, TLSv1.3", harmless(text))),
    })
}

fn path(keywords: &mut Keywords, name: &str) -> Option<PathBuf> {
    keywords.remove(name).map(|(path, _)| PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty())
}

/// Keys that are encrypted are not read, so there is nothing that it could be for.
fn refuse_password(reader: &mut Reader<'_>, keywords: &mut Keywords) {
    if let Some((_, origin)) = keywords.remove("sslpassword") {
        let reason = "`sslpassword` is not supported; decrypt the key into a file that only this user can read \
                      (umask 077; openssl pkey -in KEY -out PLAIN), and name that one with sslkey";
        reader.problem(Problem::new(NAME, origin, reason));
    }
}
