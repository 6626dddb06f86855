//! Making API keys, whose answers show a secret once: families differ in what they ask and show, not in how a key is made.

use crm_domain::{
    Error, Result,
    control::{
        ControlStore,
        api_key::{ApiKey, ApiKeyFields, KeyFamily, KeyText},
    },
    id::UserId,
    tenant::change::Origin,
    usecase::api_keys,
};

use super::{
    call::Call,
    idempotency::{Guard, Reservation},
    tenant::TenantSession,
};

/// A key on its way into the control plane.
pub(crate) struct Minting<'a> {
    /// The request.
    pub call: &'a Call,
    /// The tenant that the key opens, as whoever makes it reaches it.
    pub tenant: &'a TenantSession,
    /// Who makes it.
    pub creator: UserId,
    /// The family that it opens.
    pub family: KeyFamily,
}

impl Minting<'_> {
    /// Makes the key; with a guard, once.
    ///
    /// # Errors
    /// Those of [`api_keys::mint`]; [`Error::Conflict`] for a request sent again, since the key is not shown twice.
    pub(crate) async fn mint(&self, guard: Option<&Guard>, fields: ApiKeyFields) -> Result<(KeyText, ApiKey)> {
        match guard {
            Some(guard) => self.mint_once(guard, fields).await,
            None => self.mint_now(fields).await,
        }
    }

    async fn mint_now(&self, fields: ApiKeyFields) -> Result<(KeyText, ApiKey)> {
        let app = &self.call.app;
        let text = KeyText::random(self.family, &*app.entropy);
        let (hashed, cost) = (text.clone(), app.settings.hashing.bcrypt_cost);
        let hash = app.hashing.run(move || hashed.hash(cost)).await??;
        let (minted, tenant, creator) = (text.clone(), self.tenant.tenant.id, self.creator);
        let mint =
            move |control: &dyn ControlStore, origin: &Origin| api_keys::mint(control, origin, tenant, creator, &minted, hash, fields);
        Ok((text, self.tenant.administer(mint).await?))
    }

    /// The key is made in the control plane, its guard kept in the tenant's database: the guard is reserved first, so that a crash in between
    /// makes no key rather than two.
    async fn mint_once(&self, guard: &Guard, fields: ApiKeyFields) -> Result<(KeyText, ApiKey)> {
        let reserving = guard.clone();
        match self.tenant.write(move |unit| reserving.reserve(unit)).await? {
            Reservation::Granted => {}
            Reservation::Taken => {
                let message = "The API key was created by an earlier request with this Idempotency-Key; it was shown only once";
                return Err(Error::Conflict(message.to_owned()));
            }
            Reservation::UnderWay => {
                let message = "A request with this Idempotency-Key is under way or was interrupted; look into the list of API keys";
                return Err(Error::Conflict(message.to_owned()));
            }
        }
        let made = self.mint_now(fields).await;
        let (guard, took_effect) = (guard.clone(), made.is_ok());
        // A key that was made is answered even when this cannot be noted any more: its holder would never see it again. The reservation then
        // stays, and a repeated request is still answered 409.
        if let Err(error) = self.tenant.write(move |unit| guard.settle(unit, took_effect)).await {
            tracing::error!(%error, took_effect, "cannot note how the making of an API key ended");
        }
        made
    }
}
