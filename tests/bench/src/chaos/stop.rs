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
    http::{Failure, Response, Stage},
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
    let (mut answered, mut told, mut turned_away) = (0, 0, 0);
    let (mut slowest, mut problems) = (Duration::ZERO, Vec::new());
    let mut token = None;
    for round in 1..=options.rounds() {
        let mut server = Server::start(&deployment)?;
        let token = match &token {
            Some(token) => token,
            None => token.insert(server.sign_in(&access)?),
        };
        let (written, (took, status)) = writers::run(server.address, token, CONNECTIONS, round, |progress| {
            progress.wait_until_under_way()?;
            thread::sleep(moment(round));
            let signalled = Instant::now();
            server.terminate()?;
            let status = server.wait(PATIENCE)?;
            Ok((signalled.elapsed(), status))
        })?;
        slowest = slowest.max(took);
        answered += written.acknowledged.len() as i64;
        told += written.refused.len();
        turned_away += written.unanswered.len();
        let mut found = judge(&written, &verify::stored_names(&location)?);
        match status {
            Some(status) if status.success() => {}
            Some(status) => found.push(format!("the server ended with {status}:\n{}", server.last_words())),
            None => found.push(format!("the server still runs after {} s", PATIENCE.as_secs())),
        }
        let logged = Database::open(&location)?
            .number("SELECT count(*) AS value FROM request WHERE method = 'POST' AND status = 201 AND endpoint = '/api/companies'")?;
        if logged != answered {
            found.push(format!("{answered} requests were answered so far, {logged} are in the request log"));
        }
        problems.extend(found.into_iter().map(|problem| format!("stop {round}: {problem}")));
    }
    problems.extend(verify::problems(&location, 0)?);
    Ok(Outcome {
        facts: format!(
            "{} stops, {answered} requests carried out and logged, {told} answered 503, {turned_away} not connected or not sent, \
             the slowest stop took {} ms",
            options.rounds(),
            slowest.as_millis()
        ),
        problems,
    })
}

/// What went wrong in a round. Who can no longer connect or send has lost nothing, as long as nothing was written; a request that was sent
/// whole must have its whole answer, and be it 503.
fn judge(written: &Written, stored: &HashSet<String>) -> Vec<String> {
    let mut problems: Vec<String> = verify::missing(&written.acknowledged, stored).into_iter().collect();
    let refused = written.refused.iter().filter(|response| response.status != 503);
    problems.extend(refused.map(Response::describe));
    let of = |lost: &dyn Fn(&String, &Failure) -> bool| -> Vec<String> {
        let lost = written.unanswered.iter().filter(|(name, failure)| lost(name, failure));
        lost.map(|(name, failure)| format!("{name}: {failure}")).collect()
    };
    for (what, lost) in [
        ("sent and not answered", of(&|_, failure| failure.stage == Stage::NoAnswer)),
        ("answered in part", of(&|_, failure| failure.stage == Stage::PartialAnswer)),
        ("written, but not answered", of(&|name, _| stored.contains(name))),
    ] {
        if !lost.is_empty() {
            problems.push(format!("{} requests were {what}: {}", lost.len(), some(&lost)));
        }
    }
    problems
}
