//! Every port of the control plane on one connection: a pooled reading one, or a writing one within its transaction.

use crm_domain::{
    control::{
        ControlReader, ControlUnit,
        agenda::{AgendaReads, AgendaRepository},
        api_key::{ApiKeyReads, ApiKeyRepository},
        change::{ControlChangeReads, ControlChangeRepository},
        idempotency::SealedAnswers,
        invitation::{InvitationReads, InvitationRepository},
        outbox::{OutboxReads, OutboxRepository},
        refresh_token::RefreshTokenRepository,
        session::{SessionReads, SessionRepository},
        tenant::{TenantReads, TenantRepository},
        user::{UserReads, UserRepository},
        user_setting::{UserSettingReads, UserSettingRepository},
        work::{WorkReads, WorkRepository},
    },
    error::{Error, Result},
    stamp::Stamp,
};

use crate::connection::Connection;

/// One connection, at one time. Each noun's file implements its port on it.
pub(super) struct Ports<'c> {
    pub(super) connection: &'c mut Connection,
    pub(super) stamp: Stamp,
    raises_epoch: bool,
}

impl<'c> Ports<'c> {
    pub(super) fn new(connection: &'c mut Connection, stamp: Stamp) -> Self {
        Self {
            connection,
            stamp,
            raises_epoch: false,
        }
    }

    /// Whether something was changed that the credential epoch tells of.
    pub(super) fn raises_epoch(&self) -> bool {
        self.raises_epoch
    }

    /// Notes a change of existing rows: it raises the credential epoch when the transaction commits.
    pub(super) fn changed(&mut self, rows: usize) {
        self.raises_epoch |= rows > 0;
    }

    /// [`Ports::changed`] for a row that must exist.
    pub(super) fn changed_one(&mut self, rows: usize, missing: impl FnOnce() -> Error) -> Result<()> {
        self.changed(rows);
        if rows == 0 { Err(missing()) } else { Ok(()) }
    }
}

impl ControlReader for Ports<'_> {
    fn tenants(&mut self) -> &mut dyn TenantReads {
        self
    }

    fn users(&mut self) -> &mut dyn UserReads {
        self
    }

    fn invitations(&mut self) -> &mut dyn InvitationReads {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionReads {
        self
    }

    fn api_keys(&mut self) -> &mut dyn ApiKeyReads {
        self
    }

    fn user_settings(&mut self) -> &mut dyn UserSettingReads {
        self
    }

    fn work(&mut self) -> &mut dyn WorkReads {
        self
    }

    fn agenda(&mut self) -> &mut dyn AgendaReads {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxReads {
        self
    }

    fn changes(&mut self) -> &mut dyn ControlChangeReads {
        self
    }
}

impl ControlUnit for Ports<'_> {
    fn stamp(&self) -> Stamp {
        self.stamp
    }

    fn tenants(&mut self) -> &mut dyn TenantRepository {
        self
    }

    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn invitations(&mut self) -> &mut dyn InvitationRepository {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshTokenRepository {
        self
    }

    fn api_keys(&mut self) -> &mut dyn ApiKeyRepository {
        self
    }

    fn answers(&mut self) -> &mut dyn SealedAnswers {
        self
    }

    fn user_settings(&mut self) -> &mut dyn UserSettingRepository {
        self
    }

    fn work(&mut self) -> &mut dyn WorkRepository {
        self
    }

    fn agenda(&mut self) -> &mut dyn AgendaRepository {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self
    }

    fn changes(&mut self) -> &mut dyn ControlChangeRepository {
        self
    }
}

/// Whether a text can be in the database at all: PostgreSQL refuses a NUL even in a comparison, while to a caller it is just a text that
/// nothing is stored under.
pub(super) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}

/// A stored value that no version of this program wrote.
pub(super) fn unreadable(column: &str, value: &str) -> Error {
    Error::Internal(format!("{column} holds {value:?}, which cannot be read"))
}
