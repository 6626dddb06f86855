//! Trace ids: one per request, made here. None is accepted from a client, so that nobody can plant one in the log.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crm_domain::{clock::Entropy, stamp::Stamp};

/// Names one request in its answer, in the request log and in the server's log: `trace_` and 32 hex digits (contract C-113), with the Unix
/// seconds before them where a family dates them (contract D-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId {
    number: u128,
    seconds: Option<i64>,
}

impl TraceId {
    /// The same, which tells when the request arrived.
    #[must_use]
    pub(crate) fn dated(self, at: Stamp) -> Self {
        Self {
            seconds: Some(at.seconds()),
            ..self
        }
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            Some(seconds) => write!(f, "trace_{seconds}_{:032x}", self.number),
            None => write!(f, "trace_{:032x}", self.number),
        }
    }
}

/// Makes trace ids: unique within a process by counting, between processes by a random half.
#[derive(Debug)]
pub(crate) struct TraceIds {
    process: u64,
    next: AtomicU64,
}

impl TraceIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let (mut process, mut first) = ([0; 8], [0; 8]);
        entropy.fill(&mut process);
        entropy.fill(&mut first);
        Self {
            process: u64::from_le_bytes(process),
            next: AtomicU64::new(u64::from_le_bytes(first)),
        }
    }

    pub(crate) fn next(&self) -> TraceId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        TraceId {
            number: u128::from(self.process) << 64 | u128::from(scramble(count)),
            seconds: None,
        }
    }
}

/// SplitMix64's finalizer: a bijection, so that ids stay unique and neighbours look unlike.
fn scramble(count: u64) -> u64 {
    let mut z = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crm_domain::clock::SystemEntropy;

    use super::*;

    #[test]
    fn ids_differ_and_have_one_form() {
        let ids = TraceIds::new(&SystemEntropy);
        let made: HashSet<String> = (0..10_000).map(|_| ids.next().to_string()).collect();
        assert_eq!(made.len(), 10_000);
        assert!(made.iter().all(|id| id.len() == 38 && id.starts_with("trace_")));
        let dated = ids.next().dated(Stamp::from_micros(1_705_412_345_999_999)).to_string();
        assert!(dated.starts_with("trace_1705412345_") && dated.len() == 49, "{dated}");
    }
}
