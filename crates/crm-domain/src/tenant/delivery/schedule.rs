//! When a delivery that did not arrive is sent again (contract X-177 as decided).

use std::time::Duration;

use super::{AttemptResult, GONE, Verdict};
use crate::{clock::Entropy, stamp::Stamp};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The pauses before each further attempt, in seconds: five days together.
const PAUSES: [u64; 12] = [
    5,
    30,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
    24 * HOUR,
    49 * HOUR,
];

/// How often a delivery is sent again that did not arrive.
pub const RETRIES: usize = PAUSES.len();
/// A webhook none of whose deliveries arrived for so long gets no more.
pub const FAILING_DAYS: Duration = Duration::from_secs(5 * 24 * HOUR);
/// The longest pause that a receiver can ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * HOUR);
/// By how much a pause is shortened or lengthened at most, in per mille.
const JITTER: u64 = 200;

/// The pause after so many attempts, `1` being the first; `None` after the last. It is spread by a fifth either way, so that what failed
/// together is not repeated together.
pub fn pause_after(tries: u32, entropy: &dyn Entropy) -> Option<Duration> {
    let index = usize::try_from(tries).ok()?.checked_sub(1)?;
    let pause = Duration::from_secs(*PAUSES.get(index)?);
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    // 800 … 1200 per mille.
    let factor = 1_000 - JITTER + u64::from_le_bytes(bytes) % (2 * JITTER + 1);
    let factor = u32::try_from(factor).unwrap_or(1_000);
    Some(pause * factor / 1_000)
}

/// What is to become of a delivery after its attempt number `tries` since it was last made due, at `now`. A receiver may ask for a longer
/// pause than the schedule's (`Retry-After`), of a day at most.
pub fn verdict(tries: u32, result: &AttemptResult, retry_after: Option<Duration>, now: Stamp, entropy: &dyn Entropy) -> Verdict {
    match result {
        result if result.is_success() => Verdict::Delivered,
        AttemptResult::Answered { status: GONE, .. } => Verdict::Gone,
        AttemptResult::Answered { .. } | AttemptResult::Unanswered(_) => match pause_after(tries, entropy) {
            Some(pause) => {
                let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
                Verdict::Later(now.plus(pause.max(asked)))
            }
            None => Verdict::GivenUp,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Draws one number.
    struct Fixed(u64);

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.to_le_bytes()[..bytes.len()]);
        }
    }

    //
    #[test]
    fn twelve_retries_take_about_five_days() {
        assert_eq!(RETRIES, 12);
        let days = PAUSES.iter().sum::<u64>() as f64 / (24.0 * HOUR as f64);
        assert!((4.9..5.1).contains(&days), "{days}");
        assert!(PAUSES.is_sorted());
    }

    #[test]
    fn success_410_and_the_last_attempt_end_a_delivery() {
        let now = Stamp::default();
        let judge = |tries, status| verdict(tries, &AttemptResult::answered(status, ""), None, now, &Fixed(0));
        assert_eq!(judge(1, 204), Verdict::Delivered);
        assert_eq!(judge(1, 410), Verdict::Gone);
        assert!(matches!(judge(12, 500), Verdict::Later(_)));
        assert_eq!(judge(13, 500), Verdict::GivenUp);
        assert_eq!(verdict(13, &AttemptResult::unanswered("x"), None, now, &Fixed(0)), Verdict::GivenUp);
        assert!(matches!(judge(1, 302), Verdict::Later(_)), "redirections are not followed");
    }

    proptest! {
        #[test]
        fn pauses_are_spread_by_a_fifth_and_never_shorter_than_asked(
            tries in 1_u32..=12, drawn: u64, asked in proptest::option::of(0_u64..200_000), now in 0_i64..4_000_000_000_000_000,
        ) {
            let base = PAUSES[tries as usize - 1];
            let pause = pause_after(tries, &Fixed(drawn)).unwrap();
            prop_assert!(pause >= Duration::from_millis(base * 800) && pause <= Duration::from_millis(base * 1_200));
            let now = Stamp::from_micros(now);
            let asked = asked.map(Duration::from_secs);
            let result = AttemptResult::answered(503, "");
            let Verdict::Later(at) = verdict(tries, &result, asked, now, &Fixed(drawn)) else {
                return Err(TestCaseError::fail("it is sent again"));
            };
            let waits = at.since(now);
            prop_assert_eq!(waits, pause.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX)));
        }

        #[test]
        fn attempts_are_bounded(tries in 13_u32.., drawn: u64) {
            prop_assert_eq!(pause_after(tries, &Fixed(drawn)), None);
        }
    }
}
