//! Names, judged when a webhook is registered.

use std::{sync::Arc, time::Duration};

use crm_domain::tenant::webhook::{Judged, TargetJudge, TargetUrl, Targets, not_public};
use tokio::{runtime::Handle, time::timeout};
use url::{Host, Url};

use crate::resolver::{Lookup, may_reach};

/// Longest that whoever registers a webhook waits for a name server.
const PATIENCE: Duration = Duration::from_secs(2);

/// Judges names by `lookup`, on `runtime`.
pub fn judge(targets: Targets, lookup: Lookup, runtime: Handle) -> Arc<dyn TargetJudge> {
    Arc::new(Judge { targets, lookup, runtime })
}

struct Judge {
    targets: Targets,
    lookup: Lookup,
    runtime: Handle,
}

impl TargetJudge for Judge {
    fn judge(&self, url: &TargetUrl, judged: Judged) {
        let targets = self.targets;
        let Some(name) = name_of(url).filter(|_| targets == Targets::Public) else {
            return judged(Ok(()));
        };
        let looking = (self.lookup)(name);
        self.runtime.spawn(async move {
            let may_go = match timeout(PATIENCE, looking).await {
                Ok(Ok(found)) => found.iter().all(|address| may_reach(address.ip(), targets)),
                Ok(Err(_)) | Err(_) => true,
            };
            judged(if may_go { Ok(()) } else { Err(not_public()) });
        });
    }
}

/// Addresses need no lookup: the URL itself was judged by them.
fn name_of(url: &TargetUrl) -> Option<String> {
    match Url::parse(url.as_str()).ok()?.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_name_server_that_does_not_answer_holds_nobody_up() {
        let silent: Lookup = Arc::new(|_| Box::pin(std::future::pending()));
        let url = TargetUrl::from_store("https://receiver.example/hook".to_owned());
        let (told, outcome) = oneshot::channel();
        let begun = tokio::time::Instant::now();
        judge(Targets::Public, silent, Handle::current()).judge(&url, Box::new(move |judged| told.send(judged).unwrap()));
        assert_eq!(outcome.await.unwrap(), Ok(()));
        assert_eq!(begun.elapsed(), PATIENCE);
    }
}
