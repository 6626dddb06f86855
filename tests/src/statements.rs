//! Counts the statements that a database is sent, for tests of what a request costs.

use std::{
    collections::BTreeMap,
    sync::{Mutex, Once, PoisonError},
};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// Statements by the location that their connection was opened at.
static COUNTS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
static START: Once = Once::new();

/// Counts on every connection that this process opens from now on: call it before the server is started.
pub fn count_from_now_on() {
    START.call_once(|| {
        set_default_instrumentation(|| Some(Box::new(Counter(None)))).expect("connections can be watched");
    });
}

/// Statements sent so far to databases whose location contains `part`.
pub fn of(part: &str) -> u64 {
    let counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    counts
        .iter()
        .filter(|(location, _)| location.contains(part))
        .map(|(_, count)| count)
        .sum()
}

/// Watches one connection.
struct Counter(Option<String>);

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.0 = Some(url.to_owned()),
            // The credential epoch is asked for by a thread of its own, for all requests of ten milliseconds together.
            InstrumentationEvent::StartQuery { query, .. } if query.to_string().contains("control_clock") => {}
            InstrumentationEvent::StartQuery { .. } => {
                let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
                *counts.entry(self.0.clone().unwrap_or_default()).or_default() += 1;
            }
            _ => {}
        }
    }
}
