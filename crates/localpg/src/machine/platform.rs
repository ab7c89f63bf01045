//! What kind of machine this is: the line that installs PostgreSQL here, and which archives run.

use std::{env::consts, fs, path::Path};

/// Where glibc's loader is (the ABI of each processor fixes the path); musl has one of another name.
const GLIBC: [&str; 2] = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

/// Operating system and processor, as the list of pinned archives names them.
pub(crate) fn name() -> String {
    let has_glibc = GLIBC.iter().any(|loader| Path::new(loader).exists());
    let libc = if cfg!(target_os = "linux") && !has_glibc { "-musl" } else { "" };
    format!("{}-{}{libc}", consts::OS, consts::ARCH)
}

/// The install command for this platform.
pub(crate) fn install_command() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17";
    }
    for_distribution(&fs::read_to_string("/etc/os-release").unwrap_or_default())
}

/// Chosen by `ID`, then by the relatives in `ID_LIKE`, nearest first (os-release(5)).
fn for_distribution(os_release: &str) -> &'static str {
    let field = |name: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\''])
    };
    let mut families = field("ID").split_whitespace().chain(field("ID_LIKE").split_whitespace());
    families.find_map(for_family).unwrap_or("your package manager's postgresql server package")
}

fn for_family(family: &str) -> Option<&'static str> {
    match family {
        "debian" | "ubuntu" => Some("apt-get install -y postgresql"),
        "fedora" | "rhel" | "centos" | "amzn" => Some("dnf install -y postgresql-server"),
        "alpine" => Some("apk add postgresql"),
        "arch" => Some("pacman -S postgresql"),
        "suse" | "opensuse" | "sles" => Some("zypper install -y postgresql-server"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_distributions_use_the_command_of_their_family() {
        assert_eq!(for_distribution("ID=debian\n"), "apt-get install -y postgresql");
        assert_eq!(
            for_distribution("NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            "dnf install -y postgresql-server"
        );
        assert_eq!(
            for_distribution("ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n"),
            "zypper install -y postgresql-server"
        );
    }

    #[test]
    fn an_unknown_distribution_still_gets_advice() {
        assert!(for_distribution("").contains("package manager"));
    }
}
