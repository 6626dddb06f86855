//! What is known of the request under way: made by the pipeline, filled by the family's `admit`, read by handlers, log and metrics.

use std::{
    cell::{Cell, RefCell},
    future::{Ready, ready},
    net::IpAddr,
    ops::Deref,
    rc::Rc,
    sync::Arc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use crm_domain::{id::UserId, stamp::Stamp, tenant::change::Actor, usecase::sign_in::Claimed};

use crate::{
    App,
    families::Family,
    shared::{
        auth::{KeyPrincipal, UserPrincipal},
        fault::Fault,
        rate_limit::{Decision, LimitKey, Quota},
        request_log::TenantLog,
        trace::TraceId,
    },
};

/// A handle on the request under way; cheap to clone, and an extractor.
#[derive(Clone)]
pub struct Call(Rc<CallState>);

/// What is known of the request under way.
pub struct CallState {
    /// The application.
    pub app: Arc<App>,
    /// The family that answers.
    pub family: &'static dyn Family,
    /// The route's path with its parameters in braces; `None` where no route matched.
    pub template: Option<&'static str>,
    /// Names the request in its answer and in the logs.
    pub trace: TraceId,
    /// When it arrived.
    pub received_at: Stamp,
    /// The client's address, as trusted proxies report it.
    pub client: IpAddr,
    decision: Cell<Option<Decision>>,
    caller: RefCell<Caller>,
}

/// Who asks: also somebody recognised but turned away, so that the log shows it.
#[derive(Clone, Default)]
pub enum Caller {
    /// Nobody that is known.
    #[default]
    Nobody,
    /// The holder of an API key.
    Key(Arc<KeyPrincipal>),
    /// A signed-in user.
    User(Arc<UserPrincipal>),
    /// Somebody who says to be a user, and was not let in so far.
    Claimant(Claimant),
}

/// Somebody who says to be a user: tries its password or brings a refresh token of its.
#[derive(Clone)]
pub struct Claimant {
    /// The user.
    pub user: UserId,
    /// The log of the user's tenant: who tries to get in there is no other tenant's business.
    pub(crate) log: Arc<TenantLog>,
}

impl Caller {
    /// Who that is in the change feed and to whom an `Idempotency-Key` belongs; `None` for who was not let in.
    pub fn actor(&self) -> Option<Actor> {
        match self {
            Self::Key(key) => Some(Actor::ApiKey(key.key.id)),
            Self::User(principal) => Some(Actor::User(principal.user.id)),
            Self::Claimant(_) | Self::Nobody => None,
        }
    }
}

impl Call {
    pub(crate) fn new(app: &Arc<App>, family: &'static dyn Family, template: Option<&'static str>, client: IpAddr) -> Self {
        let (trace, received_at) = (app.trace_ids.next(), app.clock.now());
        Self(Rc::new(CallState {
            app: Arc::clone(app),
            family,
            template,
            trace: if family.dates_traces() { trace.dated(received_at) } else { trace },
            received_at,
            client,
            decision: Cell::new(None),
            caller: RefCell::default(),
        }))
    }

    /// The call of a request that came through the pipeline.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// The same for a handler, which has none only by mistake.
    ///
    /// # Errors
    /// [`crm_domain::Error::Internal`] outside the pipeline.
    pub fn required(request: &HttpRequest) -> Result<Self, Fault> {
        let outside = || Fault::Domain(crm_domain::Error::Internal("a handler runs outside the pipeline".to_owned()));
        Self::of(request).ok_or_else(outside)
    }
}

impl CallState {
    /// Notes the API key that the request came with, in force or not.
    pub fn set_key(&self, key: Arc<KeyPrincipal>) {
        self.caller.replace(Caller::Key(key));
    }

    /// Notes the user whom the request came from.
    pub fn set_user(&self, user: Arc<UserPrincipal>) {
        self.caller.replace(Caller::User(user));
    }

    /// Notes whom somebody says to be.
    pub fn set_claimant(&self, claimed: &Claimed) {
        self.caller.replace(Caller::Claimant(Claimant {
            user: claimed.user.id,
            log: self.app.request_log.of_tenant(&claimed.tenant),
        }));
    }

    /// Who asks.
    pub fn caller(&self) -> Caller {
        self.caller.borrow().clone()
    }

    /// Notes the outcome of counting the request; its numbers go into the answer's headers.
    pub fn set_decision(&self, decision: Decision) {
        self.decision.set(Some(decision));
    }

    /// Counts a request whose credential could not be judged, for the headers that every answer carries (contract X-09). A database that is
    /// down is not the client's doing: nobody is turned away, and nothing is taken from what the client may ask otherwise.
    pub async fn note_unjudged(&self, class: &'static str, quota: Quota) {
        let key = LimitKey::unjudged(class, self.client);
        self.set_decision(self.app.rate_limits.check(key, quota).await);
    }

    /// The outcome of counting the request.
    pub fn decision(&self) -> Option<Decision> {
        self.decision.get()
    }
}

impl Deref for Call {
    type Target = CallState;
    fn deref(&self) -> &CallState {
        &self.0
    }
}

impl FromRequest for Call {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::required(request))
    }
}
