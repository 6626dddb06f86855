//! Signed-in users.

use std::sync::Arc;

use crm_domain::{
    Result,
    control::{session::Session, tenant::Tenant, user::User},
    id::{SessionId, UserId},
    tenant::{
        TenantStore,
        change::{Actor, Origin},
    },
};

use super::Auth;
use crate::shared::{
    call::CallState,
    request_log::TenantLog,
    tenant::{TenantSession, block},
};

/// A user with a live session, and the way into its tenant.
pub struct UserPrincipal {
    /// The user, active.
    pub user: User,
    /// The session, not ended. Whether it has expired is for the family to judge: family C's lives as long as its newest refresh token.
    pub session: Session,
    /// The user's tenant, active.
    pub tenant: Arc<Tenant>,
    /// The tenant's database.
    pub store: Arc<dyn TenantStore>,
    pub(crate) log: Arc<TenantLog>,
}

impl UserPrincipal {
    /// A session on the user's tenant.
    pub fn session(&self, call: &CallState) -> TenantSession {
        TenantSession {
            tenant: Arc::clone(&self.tenant),
            store: Arc::clone(&self.store),
            control: Arc::clone(&call.app.control),
            origin: Origin {
                actor: Actor::User(self.user.id),
                family: call.family.name(),
            },
            clock: Arc::clone(&call.app.clock),
            now: call.received_at,
        }
    }
}

/// What was read at an epoch; `None` when the user may not enter.
pub(super) struct Remembered {
    epoch: i64,
    principal: Option<Arc<UserPrincipal>>,
}

impl Auth {
    /// The user of a session, when user and tenant are active and the session has not ended; current as of this call.
    pub async fn user_principal(&self, user: UserId, session: SessionId) -> Result<Option<Arc<UserPrincipal>>> {
        let epoch = self.epoch().await?;
        if let Some(known) = self.users.get(&(user, session)).filter(|known| known.epoch == epoch) {
            return Ok(known.principal.clone());
        }
        let principal = self.read_user(user, session).await?;
        let remembered = Remembered {
            epoch,
            principal: principal.clone(),
        };
        self.users.insert((user, session), Arc::new(remembered));
        Ok(principal)
    }

    async fn read_user(&self, user: UserId, session: SessionId) -> Result<Option<Arc<UserPrincipal>>> {
        let (control, tenants, log) = (Arc::clone(&self.control), Arc::clone(&self.tenants), Arc::clone(&self.request_log));
        block(move || {
            let found = control.reading(|reader| {
                let session = reader.sessions().lookup(session)?;
                let user = reader.users().lookup(user)?;
                let tenant = user
                    .as_ref()
                    .map(|user| reader.tenants().lookup(user.tenant_id))
                    .transpose()?
                    .flatten();
                Ok(session.zip(user).zip(tenant))
            })?;
            let Some(((session, user), tenant)) = found else { return Ok(None) };
            let live = session.ended_at.is_none() && session.user_id == user.id && user.is_active && tenant.is_active;
            if !live {
                return Ok(None);
            }
            Ok(Some(Arc::new(UserPrincipal {
                user,
                session,
                store: tenants.open(&tenant)?,
                log: log.of_tenant(&tenant),
                tenant: Arc::new(tenant),
            })))
        })
        .await
    }
}
