//! The control plane: tenants, users, invitations, sessions, refresh tokens and API keys; one database per deployment.

pub mod agenda;
pub mod api_key;
pub mod change;
pub mod idempotency;
pub mod invitation;
pub mod outbox;
pub mod refresh_token;
pub mod session;
pub mod tenant;
pub mod user;
pub mod user_setting;
pub mod work;

use crate::{error::Result, stamp::Stamp, tenant::with_result};

/// The reading side of the control plane's ports.
pub trait ControlReader {
    /// Tenants.
    fn tenants(&mut self) -> &mut dyn tenant::TenantReads;
    /// Users.
    fn users(&mut self) -> &mut dyn user::UserReads;
    /// Invitations.
    fn invitations(&mut self) -> &mut dyn invitation::InvitationReads;
    /// Sessions.
    fn sessions(&mut self) -> &mut dyn session::SessionReads;
    /// API keys.
    fn api_keys(&mut self) -> &mut dyn api_key::ApiKeyReads;
    /// What users have set for themselves.
    fn user_settings(&mut self) -> &mut dyn user_setting::UserSettingReads;
    /// Which tenants may have jobs that are due.
    fn work(&mut self) -> &mut dyn work::WorkReads;
    /// When the tenants' timers are due.
    fn agenda(&mut self) -> &mut dyn agenda::AgendaReads;
    /// Which tenants have webhooks.
    fn outbox(&mut self) -> &mut dyn outbox::OutboxReads;
    /// Changes that wait to be carried into their tenants' feeds.
    fn changes(&mut self) -> &mut dyn change::ControlChangeReads;
}

/// One transaction of the control plane. Transactions run one after another in the whole deployment.
pub trait ControlUnit {
    /// The transaction's time.
    fn stamp(&self) -> Stamp;
    /// Tenants.
    fn tenants(&mut self) -> &mut dyn tenant::TenantRepository;
    /// Users.
    fn users(&mut self) -> &mut dyn user::UserRepository;
    /// Invitations.
    fn invitations(&mut self) -> &mut dyn invitation::InvitationRepository;
    /// Sessions.
    fn sessions(&mut self) -> &mut dyn session::SessionRepository;
    /// Refresh tokens.
    fn refresh_tokens(&mut self) -> &mut dyn refresh_token::RefreshTokenRepository;
    /// API keys.
    fn api_keys(&mut self) -> &mut dyn api_key::ApiKeyRepository;
    /// Answers kept for repeated requests, sealed.
    fn answers(&mut self) -> &mut dyn idempotency::SealedAnswers;
    /// What users have set for themselves.
    fn user_settings(&mut self) -> &mut dyn user_setting::UserSettingRepository;
    /// Which tenants may have jobs that are due.
    fn work(&mut self) -> &mut dyn work::WorkRepository;
    /// When the tenants' timers are due.
    fn agenda(&mut self) -> &mut dyn agenda::AgendaRepository;
    /// Which tenants have webhooks.
    fn outbox(&mut self) -> &mut dyn outbox::OutboxRepository;
    /// Changes that wait to be carried into their tenants' feeds.
    fn changes(&mut self) -> &mut dyn change::ControlChangeRepository;
}

/// Hears the credential epoch; must not block.
pub type EpochDone = Box<dyn FnOnce(Result<i64>) + Send>;

/// The control plane's database.
pub trait ControlStore: Send + Sync + 'static {
    /// Runs reads on one connection.
    fn read(&self, work: &mut dyn FnMut(&mut dyn ControlReader) -> Result<()>) -> Result<()>;
    /// Runs a transaction and commits it durably. One that raises the credential epoch returns when no [`ControlStore::recent_epoch`] tells
    /// the one before any more.
    fn write(&self, work: &mut dyn FnMut(&mut dyn ControlUnit) -> Result<()>) -> Result<()>;
    /// The credential epoch: a number that every committed change of an existing tenant, user, session or API key raises, on every
    /// node. What was read at one epoch still holds while the epoch, asked for *after* a request arrived, is the same: so a revocation
    /// takes effect with the very next request after it was acknowledged, without reading the row each time.
    ///
    /// `None` when nobody asked for it of late: then [`ControlStore::epoch`] does.
    fn recent_epoch(&self) -> Option<i64>;
    /// Asks for the credential epoch; callers that ask at once share one query.
    fn epoch(&self, done: EpochDone);
}

impl dyn ControlStore {
    /// [`ControlStore::read`] with a result.
    pub fn reading<T>(&self, work: impl FnOnce(&mut dyn ControlReader) -> Result<T>) -> Result<T> {
        let read = |run: &mut dyn FnMut(&mut dyn ControlReader) -> Result<()>| self.read(run);
        with_result!(work, read)
    }

    /// [`ControlStore::write`] with a result.
    pub fn writing<T>(&self, work: impl FnOnce(&mut dyn ControlUnit) -> Result<T>) -> Result<T> {
        let write = |run: &mut dyn FnMut(&mut dyn ControlUnit) -> Result<()>| self.write(run);
        with_result!(work, write)
    }
}
