//! Figures of the process itself, under the names that every Prometheus client uses.
//!
//! The metrics library has a collector for them, but it counts processor time in whole seconds, which makes
//! every rate of it zero or a spike.

use crate::metrics::family::Family;

/// Reads them now. Absent where the system has no `/proc`.
#[cfg(not(target_os = "linux"))]
pub(crate) fn families() -> Vec<Family> {
    Vec::new()
}

/// Reads them now; what cannot be read is absent, never zero.
#[cfg(target_os = "linux")]
pub(crate) fn families() -> Vec<Family> {
    linux::families()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use super::Family;
    use crate::metrics::family::{Labels, Number, counter, gauge};

    pub(super) fn families() -> Vec<Family> {
        let stat = fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::parse(&text));
        let limits = fs::read_to_string("/proc/self/limits").ok();
        let boot = fs::read_to_string("/proc/stat").ok().and_then(|text| boot_time(&text));
        let open = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        let mut all = stat.map(|stat| of_stat(&stat, boot)).unwrap_or_default();
        all.extend(open.map(|open| {
            // The listing holds one file itself.
            single("process_open_fds", "Number of open file descriptors.", open.saturating_sub(1))
        }));
        all.extend(
            limits
                .as_deref()
                .and_then(max_open_files)
                .map(|max| single("process_max_fds", "Maximum number of open file descriptors.", max)),
        );
        all
    }

    fn of_stat(stat: &Stat, boot: Option<f64>) -> Vec<Family> {
        let ticks = Number::from(rustix::param::clock_ticks_per_second()).0;
        let resident = stat.resident_pages * rustix::param::page_size() as u64;
        let cpu = [(Labels::none(), Number::from(stat.cpu_ticks).0 / ticks)];
        let mut all = vec![
            counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", cpu),
            single("process_resident_memory_bytes", "Resident memory size in bytes.", resident),
            single("process_virtual_memory_bytes", "Virtual memory size in bytes.", stat.virtual_bytes),
            single("process_threads", "Number of OS threads in the process.", stat.threads),
        ];
        all.extend(boot.map(|boot| {
            let born = boot + Number::from(stat.start_ticks).0 / ticks;
            single(
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds.",
                born,
            )
        }));
        all
    }

    fn single(name: &'static str, help: &'static str, value: impl Into<Number>) -> Family {
        gauge(name, help, [(Labels::none(), value)])
    }

    #[derive(Debug, PartialEq)]
    struct Stat {
        cpu_ticks: u64,
        threads: u64,
        start_ticks: u64,
        virtual_bytes: u64,
        resident_pages: u64,
    }

    impl Stat {
        /// The fields are numbered in `proc_pid_stat(5)`. Counting starts after the command's name, which may hold
        /// blanks and parentheses itself: its end is the last parenthesis.
        fn parse(text: &str) -> Option<Self> {
            let fields: Vec<_> = text.get(text.rfind(')')? + 2..)?.split_ascii_whitespace().collect();
            let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
            Some(Self {
                cpu_ticks: field(14)? + field(15)?,
                threads: field(20)?,
                start_ticks: field(22)?,
                virtual_bytes: field(23)?,
                resident_pages: field(24)?,
            })
        }
    }

    fn boot_time(stat: &str) -> Option<f64> {
        stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
    }

    /// The soft limit, which is the one that calls fail on; `unlimited` is no number and therefore absent.
    fn max_open_files(limits: &str) -> Option<u64> {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_command_with_blanks_and_parentheses_does_not_shift_the_fields() {
            let text = "7 (a) (b c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 12 0 9999 4096000 321 18446744073709551615";
            let want = Stat {
                cpu_ticks: 200,
                threads: 12,
                start_ticks: 9999,
                virtual_bytes: 4_096_000,
                resident_pages: 321,
            };
            assert_eq!(Stat::parse(text), Some(want));
        }

        #[test]
        fn a_cut_off_file_gives_nothing() {
            assert_eq!(Stat::parse("7 (a) S 1 2"), None);
            assert_eq!(Stat::parse(""), None);
            assert_eq!(Stat::parse("7 (a)"), None);
        }

        #[test]
        fn the_soft_limit_is_read_and_unlimited_is_absent() {
            let head = "Limit                     Soft Limit           Hard Limit           Units\n";
            let line = |soft: &str| {
                format!("{head}Max open files            {soft}                 4096      files\n")
            };
            assert_eq!(max_open_files(&line("1024")), Some(1024));
            assert_eq!(max_open_files(&line("unlimited")), None);
        }

        #[test]
        fn this_process_has_all_seven_figures() {
            assert_eq!(families().len(), 7);
        }
    }
}
