//! Making API keys, whose answers show a secret once: families differ in what they ask and show, not in how a key is made.

use crm_domain::{
    Result,
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
    idempotency::{Guard, control::shown_once},
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
    /// Those of [`api_keys::mint`]; [`crm_domain::Error::Conflict`] for a request sent again, since the key is not shown twice.
    pub(crate) async fn mint(&self, guard: Option<&Guard>, fields: ApiKeyFields) -> Result<(KeyText, ApiKey)> {
        let app = &self.call.app;
        let text = KeyText::random(self.family, &*app.entropy);
        let (hashed, cost) = (text.clone(), app.settings.hashing.bcrypt_cost);
        let hash = app.hashing.run(move || hashed.hash(cost)).await??;
        let (minted, tenant, creator) = (text.clone(), self.tenant.tenant.id, self.creator);
        let (vault, guard) = (self.tenant.vault(&app.sealer), guard.cloned());
        let mint = move |control: &dyn ControlStore, origin: &Origin| {
            control.writing(|unit| {
                shown_once(unit, &vault, guard.as_ref(), SHOWN, |unit| {
                    api_keys::mint(unit, origin, tenant, creator, &minted, hash, fields)
                })
            })
        };
        Ok((text, self.tenant.administer(mint).await?))
    }
}

/// What a request hears that is sent again (contract A-16).
const SHOWN: &str = "The API key was created by an earlier request with this Idempotency-Key; it was shown only once";
