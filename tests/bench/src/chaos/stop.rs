//! SIGTERM under a write load: every accepted request is answered, and every answered one is in the request log.

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{Options, Outcome, moment, some, verify, writers, writers::Written};
use crate::{
    database::Database,
    deployment::Host,
    http::{Failure, Stage},
    load::CONNECTIONS,
    server::Server,
};

/// A graceful stop may take this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stops the server again and again on the same data.
pub fn run(options: &Options, host: &Host) -> Result<Outcome> {
    let deployment = host.deploy("chaos_stop")?;
    let access = deployment.with_tenant()?;
    let location = deployment.location(&access.tenant)?;
    let (mut answered, mut turned_away, mut slowest, mut problems) = (0, 0, Duration::ZERO, Vec::new());
    let mut token = None;
    for round in 1..=options.rounds() {
        let mut server = Server::start(&deployment)?;
        let token = match &token {
            Some(token) => token,
            None => token.insert(server.sign_in(&access)?),
        };
        let (written, (signalled, status)) = writers::run(server.address, token, CONNECTIONS, round, |_| {
            thread::sleep(moment(round));
            let signalled = Instant::now();
            server.terminate()?;
            let status = server.wait(PATIENCE)?;
            slowest = slowest.max(signalled.elapsed());
            Ok((signalled, status))
        })?;
        match status {
            Some(status) if status.success() => {}
            Some(status) => problems.push(format!("stop {round}: the server ended with {status}:\n{}", server.last_words())),
            None => problems.push(format!("stop {round}: the server still runs after {} s", PATIENCE.as_secs())),
        }
        let stored = verify::stored_names(&location)?;
        let found = judge(&written, signalled, &stored);
        turned_away += written.unanswered.len();
        answered += written.acknowledged.len() as i64;
        problems.extend(found.into_iter().map(|problem| format!("stop {round}: {problem}")));
        let logged = Database::open(&location)?
            .number("SELECT count(*) AS value FROM request WHERE method = 'POST' AND status = 201 AND endpoint = '/api/companies'")?;
        if logged != answered {
            problems.push(format!(
                "stop {round}: {answered} requests were answered so far, {logged} are in the request log"
            ));
        }
        if !problems.is_empty() {
            break;
        }
    }
    problems.extend(verify::problems(&location, 0)?);
    Ok(Outcome {
        facts: format!(
            "{} stops, {answered} requests answered, {turned_away} not, the slowest stop took {} ms",
            options.rounds(),
            slowest.as_millis()
        ),
        problems,
    })
}

/// What went wrong in a round. A request that the server never took is no loss: the client sees a closed connection and nothing happened. It
/// is one when the server had it before the signal, when it took effect, or when its answer broke off.
fn judge(written: &Written, signalled: Instant, stored: &HashSet<String>) -> Vec<String> {
    let mut problems: Vec<String> = verify::missing(&written.acknowledged, stored).into_iter().collect();
    if !written.refused.is_empty() {
        problems.push(format!(
            "{} requests were refused: {}",
            written.refused.len(),
            some(&written.refused)
        ));
    }
    let was_sent = |failure: &Failure| failure.sent.is_some_and(|sent| sent < signalled);
    let of = |lost: &dyn Fn(&String, &Failure) -> bool| -> Vec<String> {
        let lost = written.unanswered.iter().filter(|(name, failure)| lost(name, failure));
        lost.map(|(name, failure)| format!("{name}: {failure}")).collect()
    };
    for (what, lost) in [
        ("sent before the signal and never answered", of(&|_, failure| was_sent(failure))),
        (
            "written, but not answered",
            of(&|name, failure| !was_sent(failure) && stored.contains(name)),
        ),
        ("answered in part", of(&|_, failure| failure.stage == Stage::PartialAnswer)),
    ] {
        if !lost.is_empty() {
            problems.push(format!("{} requests were {what}: {}", lost.len(), some(&lost)));
        }
    }
    problems
}
