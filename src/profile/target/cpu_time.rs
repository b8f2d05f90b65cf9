//! CPU time as the kernel charges it, the yardstick for how much of it was sampled.

/// User and system CPU time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// In user mode.
    pub user_ns: u64,
    /// In the kernel on its behalf.
    pub system_ns: u64,
}

impl CpuTime {
    pub(in crate::profile) fn of_usage(usage: &libc::rusage) -> Self {
        let ns = |t: libc::timeval| t.tv_sec.unsigned_abs() * 1_000_000_000 + t.tv_usec.unsigned_abs() * 1000;
        Self { user_ns: ns(usage.ru_utime), system_ns: ns(usage.ru_stime) }
    }

    /// What was added since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            user_ns: self.user_ns.saturating_sub(earlier.user_ns),
            system_ns: self.system_ns.saturating_sub(earlier.system_ns),
        }
    }

    /// Both added up.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { user_ns: self.user_ns + other.user_ns, system_ns: self.system_ns + other.system_ns }
    }

    /// User and system time together.
    pub fn total_ns(self) -> u64 {
        self.user_ns + self.system_ns
    }
}

/// CPU time of these processes and of all children that they have waited for, to a clock tick (10 ms as a rule) each.
/// Processes that are gone count nothing.
pub fn charged(pids: impl IntoIterator<Item = u32>) -> CpuTime {
    let tick_ns = 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
    pids.into_iter()
        .filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok())
        .filter_map(|stat| parse_stat(&stat, tick_ns))
        .fold(CpuTime::default(), CpuTime::plus)
}

/// Fields 14 to 17 of `/proc/PID/stat`: utime, stime, cutime, cstime. The name in field 2 may hold anything.
fn parse_stat(stat: &str, tick_ns: u64) -> Option<CpuTime> {
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: Option<Vec<u64>> = rest.split_whitespace().skip(11).take(4).map(|f| f.parse().ok()).collect();
    let [user, system, children_user, children_system] = ticks?.try_into().ok()?;
    Some(CpuTime {
        user_ns: (user + children_user) * tick_ns,
        system_ns: (system + children_system) * tick_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a) b (c)) R 1 7 7 0 -1 4194304 10 0 0 0 5 6 7 8 20 0 1 0 100";
        assert_eq!(parse_stat(stat, 10), Some(CpuTime { user_ns: 120, system_ns: 140 }));
        assert_eq!(parse_stat("7 (a) R 1", 10), None);
    }

    #[test]
    fn what_is_gone_counts_nothing() {
        assert_eq!(charged([u32::MAX]), CpuTime::default());
    }
}
