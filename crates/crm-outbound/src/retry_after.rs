//! `Retry-After`: seconds, or a date.

use std::time::Duration;

use crm_domain::stamp::Stamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest that anybody is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// How long to wait from `now` on; `None` when the header is missing or says nothing.
pub(crate) fn of(headers: &HeaderMap, now: Stamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(text, now)?,
    };
    Some(wait.min(LONGEST))
}

fn until(date: &str, now: Stamp) -> Option<Duration> {
    let date = DateTimeParser::new().parse_timestamp(date).ok()?;
    let micros = date.as_microsecond().saturating_sub(now.micros());
    Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn wait(text: &'static str) -> Option<Duration> {
        let now = Stamp::from_micros(784_111_777 * 1_000_000);
        of(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]), now)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (text, expected) in [
            ("7", seconds(7)),
            (" 0 ", seconds(0)),
            ("999999999", seconds(24 * 3_600)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", seconds(10)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", seconds(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wait(text), expected, "{text}");
        }
        assert_eq!(of(&HeaderMap::new(), Stamp::default()), None);
    }
}
