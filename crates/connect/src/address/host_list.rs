use std::net::IpAddr;

use super::{Host, HostName};

/// What libpq uses where nothing is written.
const DEFAULT_PORT: u16 = 5432;
const DEFAULT_HOST: &str = "localhost";

/// What is wrong with one of the lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadHosts {
    /// The keyword to blame.
    pub(super) keyword: &'static str,
    pub(super) reason: String,
}

fn bad<T>(keyword: &'static str, reason: impl Into<String>) -> Result<T, BadHosts> {
    Err(BadHosts { keyword, reason: reason.into() })
}

/// The hosts that three lists of libpq name: `host`, `hostaddr` and `port`, each with commas.
pub(super) fn parse(names: &str, ips: &str, ports: &str) -> Result<Vec<Host>, BadHosts> {
    let split = |list: &str| list.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    let (names_given, ips_given) = (!names.is_empty(), !ips.is_empty());
    let (names, ips, ports) = (split(names), split(ips), split(ports));
    let count = if ips_given { ips.len() } else { names.len() };
    if names_given && ips_given && names.len() != ips.len() {
        return bad(
            "hostaddr",
            format!("there are {} hosts but {} values of hostaddr", names.len(), ips.len()),
        );
    }
    if ports.len() != 1 && ports.len() != count {
        return bad("port", format!("there are {count} hosts but {} ports", ports.len()));
    }
    let at = |list: &[String], position: usize| list.get(position).cloned().unwrap_or_default();
    (0..count)
        .map(|position| {
            let port = at(&ports, if ports.len() == 1 { 0 } else { position });
            host(&at(&names, position), &at(&ips, position), &port)
        })
        .collect()
}

fn host(name: &str, ip: &str, port: &str) -> Result<Host, BadHosts> {
    let port = match port.parse() {
        _ if port.is_empty() => DEFAULT_PORT,
        Ok(0) | Err(_) => return bad("port", "the port is not a whole number from 1 to 65535"),
        Ok(port) => port,
    };
    let ip: Option<IpAddr> = match ip.parse() {
        _ if ip.is_empty() => None,
        Ok(ip) => Some(ip),
        Err(_) => return bad("hostaddr", "the hostaddr is not an IP address"),
    };
    let name = match (name, ip) {
        ("", None) => HostName::Tcp(DEFAULT_HOST.into()),
        ("", Some(ip)) => HostName::Tcp(ip.to_string()),
        (path, _) if path.starts_with('/') => HostName::Socket(path.into()),
        (name, _) if name.starts_with('@') => {
            return bad("host", "abstract sockets (`@…`) are not supported");
        }
        (name, _) => HostName::Tcp(name.into()),
    };
    let host = Host::new(name, port);
    Ok(ip.map_or(host.clone(), |ip| host.at(ip)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(names: &str, ips: &str, ports: &str) -> Result<String, String> {
        let hosts = parse(names, ips, ports).map_err(|bad| bad.reason)?;
        Ok(hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn several_hosts_share_one_port_or_have_one_each() {
        assert_eq!(shown("a,b", "", "7"), Ok("a:7,b:7".into()));
        assert_eq!(shown("a,b", "", ",2"), Ok("a:5432,b:2".into()));
        assert_eq!(shown("", "", ""), Ok("localhost:5432".into()));
        assert_eq!(shown("a,b,c", "", "7,8"), Err("there are 3 hosts but 2 ports".into()));
        assert_eq!(shown("a,b", "127.0.0.1", ""), Err("there are 2 hosts but 1 values of hostaddr".into()));
    }

    #[test]
    fn a_path_is_a_socket_and_an_ip_address_may_stand_for_a_name() {
        assert_eq!(parse("/run/pg", "", "7").unwrap()[0].name(), &HostName::Socket("/run/pg".into()));
        assert_eq!(shown("", "::1", "7"), Ok("[::1]:7".into()));
    }

    #[test]
    fn what_is_no_port_or_ip_address_is_refused() {
        assert!(shown("a", "", "0").is_err());
        assert!(shown("a", "", "65536").is_err());
        assert!(shown("a", "a", "1").is_err());
        assert!(shown("@a", "", "").is_err());
    }
}
