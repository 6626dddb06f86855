//! `kill -9` under a write load: every acknowledged write is there, and nothing is half written.

use std::thread;

use anyhow::Result;

use super::{Options, Outcome, moment, verify, writers};
use crate::{deployment::Host, load::CONNECTIONS, server::Server};

/// Kills the server again and again on the same data.
pub fn run(options: &Options, host: &Host) -> Result<Outcome> {
    let deployment = host.deploy("chaos_kill")?;
    let access = deployment.with_tenant()?;
    let location = deployment.location(&access.tenant)?;
    let (mut acknowledged, mut unknown, mut problems) = (Vec::new(), 0, Vec::new());
    let mut token = None;
    for round in 1..=options.rounds() {
        let server = Server::start(&deployment)?;
        // One token for all rounds: the session must survive as well.
        let token = match &token {
            Some(token) => token,
            None => token.insert(server.sign_in(&access)?),
        };
        let (written, ()) = writers::run(server.address, token, CONNECTIONS, round, |progress| {
            progress.wait_until_under_way()?;
            thread::sleep(moment(round));
            server.kill()
        })?;
        problems.extend(
            written
                .refused
                .iter()
                .map(|refusal| format!("round {round}: {}", refusal.describe())),
        );
        unknown += written.unanswered.len();
        acknowledged.extend(written.acknowledged);
        let wrong = verify::problems(&location, 0)?;
        problems.extend(wrong.into_iter().map(|problem| format!("after kill {round}: {problem}")));
        problems
            .extend(verify::missing(&acknowledged, &verify::stored_names(&location)?).map(|lost| format!("after kill {round}: {lost}")));
        if !problems.is_empty() {
            break;
        }
    }
    Ok(Outcome {
        facts: format!(
            "{} kills, {} acknowledged writes, {unknown} without an answer",
            options.rounds(),
            acknowledged.len()
        ),
        problems,
    })
}
