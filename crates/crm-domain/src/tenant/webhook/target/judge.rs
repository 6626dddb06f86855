//! What a name leads to when a webhook is registered: the port.

use super::TargetUrl;
use crate::error::Problem;

/// Is told what was found.
pub type Judged = Box<dyn FnOnce(Result<(), Problem>) + Send>;

/// Judges what the name in a URL leads to now, so that whoever registers a webhook hears of a mistake at once. It spares nobody the judgement at
/// connecting, since a name may lead elsewhere by then.
pub trait TargetJudge: Send + Sync + 'static {
    /// Tells `judged`, within a few seconds, whether the deployment goes where `url` leads: [`not_public`](super::not_public) when any address of its name
    /// is one where it does not (contract X-23). A name that leads nowhere now, or that nobody resolves in time, may lead somewhere later, and passes:
    /// what becomes of its deliveries says their log.
    fn judge(&self, url: &TargetUrl, judged: Judged);
}
