//! API keys.

use std::sync::Arc;

use crm_domain::{
    Error, Result,
    control::{
        api_key::{ApiKey, KeyFamily, KeyHash, KeyRejection, KeyText},
        tenant::Tenant,
    },
    id::UserId,
    tenant::{TenantStore, change::Actor, change::Origin},
};

use dashmap::DashMap;
use tokio::sync::Mutex;

use super::Auth;
use crate::shared::{
    call::{Call, CallState},
    rate_limit::{Decision, LimitKey, Quota, Shape},
    request_log::TenantLog,
    tenant::{TenantSession, block},
};

/// An API key whose secret was verified, and the way into its tenant. Whether it is in force is decided anew by each request.
pub struct KeyPrincipal {
    /// The key.
    pub key: ApiKey,
    /// Its tenant.
    pub tenant: Arc<Tenant>,
    /// The tenant's database.
    pub store: Arc<dyn TenantStore>,
    /// Whether its creator may enter, without whom it opens nothing.
    pub creator_is_active: bool,
    /// The tenant's oldest user.
    pub first_user: UserId,
    pub(crate) log: Arc<TenantLog>,
}

/// What was read at an epoch.
pub(super) struct Remembered {
    epoch: i64,
    principal: Arc<KeyPrincipal>,
}

/// Whether a key has the secret that a stored hash stands for.
pub(super) struct Verdict {
    hash: KeyHash,
    verified: bool,
}

/// A family's door for API keys.
#[derive(Debug, Clone, Copy)]
pub struct KeyGate {
    /// The family whose keys fit.
    pub family: KeyFamily,
    /// The name under which requests are counted, per key, and per address without a recognised one.
    pub class: &'static str,
    /// The quota of keys without a limit of their own, and of addresses without a recognised key (contract X-09).
    pub quota: Quota,
    /// Keys never seen before that one address may present per minute.
    pub unverified: u32,
}

/// Why a key does not open the door.
#[derive(Debug)]
pub enum KeyRefusal {
    /// The key is missing, malformed, unknown, revoked, expired, or not for this address.
    Rejected(KeyRejection),
    /// Too many requests.
    RateLimited(Decision),
    /// It could not be found out.
    Failed(Error),
}

impl From<Error> for KeyRefusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl KeyPrincipal {
    fn quota(&self, gate: KeyGate) -> Quota {
        self.key.fields.rate_limit.map_or(gate.quota, |limit| scaled(gate.quota, limit))
    }

    /// A session on the key's tenant.
    pub fn session(&self, call: &CallState) -> TenantSession {
        TenantSession {
            tenant: Arc::clone(&self.tenant),
            store: Arc::clone(&self.store),
            control: Arc::clone(&call.app.control),
            origin: Origin {
                actor: Actor::ApiKey(self.key.id),
                family: call.family.name(),
            },
            clock: Arc::clone(&call.app.clock),
            now: call.received_at,
        }
    }
}

/// A key's own limit in the family's period, with as much burst for its size as the family's quota has.
fn scaled(quota: Quota, limit: u32) -> Quota {
    let shape = match quota.shape {
        window @ Shape::Window { .. } => window,
        Shape::Bucket { burst } => {
            let burst = u64::from(limit) * u64::from(burst) / u64::from(quota.limit.max(1));
            Shape::Bucket {
                burst: u32::try_from(burst).unwrap_or(u32::MAX),
            }
        }
    };
    Quota { limit, shape, ..quota }
}

impl KeyGate {
    /// Lets the holder of a key in: verifies it, counts the request against the key's quota, and notes both on the call. A request without a
    /// key in force counts against its address (contract X-09).
    pub async fn admit(self, call: &Call, presented: Option<&str>) -> Result<Arc<KeyPrincipal>, KeyRefusal> {
        match self.recognise(call, presented).await {
            Ok(principal) => {
                let key = LimitKey::ApiKey(self.class, principal.key.id);
                let decision = call.app.rate_limits.check(key, principal.quota(self)).await;
                pass(call, decision)?;
                Ok(principal)
            }
            Err(refusal @ KeyRefusal::RateLimited(_)) => Err(refusal),
            Err(refusal @ KeyRefusal::Failed(_)) => {
                call.note_unjudged(self.class, self.quota).await;
                Err(refusal)
            }
            Err(refusal) => {
                self.count_address(call).await?;
                Err(refusal)
            }
        }
    }

    async fn recognise(self, call: &Call, presented: Option<&str>) -> Result<Arc<KeyPrincipal>, KeyRefusal> {
        let text = presented.ok_or(KeyRefusal::Rejected(KeyRejection::Missing))?;
        let key = KeyText::parse(text).ok_or(KeyRefusal::Rejected(KeyRejection::Malformed))?;
        // A key of another family is no key here (contract X-06).
        if key.family() != self.family {
            return Err(KeyRefusal::Rejected(KeyRejection::Unknown));
        }
        let principal = call.app.auth.key_principal(call, self, &key).await?;
        let principal = principal.ok_or(KeyRefusal::Rejected(KeyRejection::Unknown))?;
        call.set_key(Arc::clone(&principal));
        if !principal.tenant.is_active || !principal.creator_is_active {
            return Err(KeyRefusal::Rejected(KeyRejection::Revoked));
        }
        principal.key.admit(call.received_at, call.client).map_err(KeyRefusal::Rejected)?;
        Ok(principal)
    }

    /// Counts a request without a recognised credential.
    async fn count_address(self, call: &Call) -> Result<(), KeyRefusal> {
        let key = LimitKey::address(self.class, call.client);
        pass(call, call.app.rate_limits.check(key, self.quota).await)
    }

    /// Counts a key never seen before: checking it costs a bcrypt round.
    async fn count_unverified(self, call: &Call) -> Result<(), KeyRefusal> {
        let key = LimitKey::address("unverified_keys", call.client);
        let decision = call.app.rate_limits.check(key, Quota::per_minute(self.unverified)).await;
        if decision.allowed { Ok(()) } else { pass(call, decision) }
    }
}

fn pass(call: &CallState, decision: Decision) -> Result<(), KeyRefusal> {
    call.set_decision(decision);
    if decision.allowed {
        Ok(())
    } else {
        Err(KeyRefusal::RateLimited(decision))
    }
}

impl Auth {
    /// The key's row and tenant, when its secret is right; current as of this call.
    async fn key_principal(&self, call: &Call, gate: KeyGate, key: &KeyText) -> Result<Option<Arc<KeyPrincipal>>, KeyRefusal> {
        let digest = key.digest();
        let epoch = self.epoch().await?;
        if let Some(known) = self.keys.get(&digest).filter(|known| known.epoch == epoch) {
            return Ok(Some(Arc::clone(&known.principal)));
        }
        let Some(principal) = self.read_key(key.clone()).await? else {
            return Ok(None);
        };
        let hash = &principal.key.hash;
        let verified = match self.known_verdict(&digest, key, hash) {
            Some(verified) => verified,
            None => {
                gate.count_unverified(call).await?;
                self.verify(digest, key.clone(), hash.clone()).await?
            }
        };
        if !verified {
            return Ok(None);
        }
        let remembered = Remembered {
            epoch,
            principal: Arc::clone(&principal),
        };
        self.keys.insert(digest, Arc::new(remembered));
        Ok(Some(principal))
    }

    async fn read_key(&self, key: KeyText) -> Result<Option<Arc<KeyPrincipal>>> {
        let (control, tenants, log) = (Arc::clone(&self.control), Arc::clone(&self.tenants), Arc::clone(&self.request_log));
        block(move || {
            let found = control.reading(|reader| {
                let row = reader.api_keys().lookup_public(key.public_id())?;
                let Some(row) = row.filter(|row| row.family == key.family()) else {
                    return Ok(None);
                };
                let tenant = reader.tenants().lookup(row.tenant_id)?;
                let tenant = tenant.ok_or_else(|| Error::Internal(format!("the tenant of API key {} is missing", row.id)))?;
                let users = reader.users().list(tenant.id)?;
                Ok(Some((row, tenant, users)))
            })?;
            let Some((mut key, tenant, users)) = found else { return Ok(None) };
            // A key can do what its creator may do now, not when it was made.
            let creator = users.iter().find(|user| user.id == key.created_by);
            creator.into_iter().for_each(|creator| key.cut_to(creator.role));
            Ok(Some(Arc::new(KeyPrincipal {
                first_user: users.iter().map(|user| user.id).min().unwrap_or(key.created_by),
                creator_is_active: creator.is_some_and(|creator| creator.is_active),
                key,
                store: tenants.open(&tenant)?,
                log: log.of_tenant(&tenant),
                tenant: Arc::new(tenant),
            })))
        })
        .await
    }

    fn known_verdict(&self, digest: &[u8; 32], key: &KeyText, hash: &KeyHash) -> Option<bool> {
        if !hash.is_slow() {
            return Some(hash.verify(key));
        }
        self.verdicts
            .get(digest)
            .filter(|known| known.hash == *hash)
            .map(|known| known.verified)
    }

    /// A slow hash is checked once per key and hash, however many requests wait for it; the verdict, not the right to enter, is remembered.
    async fn verify(&self, digest: [u8; 32], key: KeyText, hash: KeyHash) -> Result<bool> {
        let turn = self.verifying.turn(digest);
        let _held = turn.lock.lock().await;
        if let Some(known) = self.known_verdict(&digest, &key, &hash) {
            return Ok(known);
        }
        let verdicts = self.verdicts.clone();
        let job = move || {
            let verified = hash.verify(&key);
            // Remembered here, so that it is even when the client has gone away.
            verdicts.insert(digest, Arc::new(Verdict { hash, verified }));
            verified
        };
        self.hashing.run(job).await
    }
}

/// The keys whose secrets are being verified.
#[derive(Default)]
pub(super) struct Verifying(DashMap<[u8; 32], Arc<Mutex<()>>>);

impl Verifying {
    fn turn(&self, digest: [u8; 32]) -> Turn<'_> {
        let lock = Arc::clone(self.0.entry(digest).or_default().value());
        Turn {
            verifying: self,
            digest,
            lock,
        }
    }
}

/// A request's turn to verify a key.
struct Turn<'a> {
    verifying: &'a Verifying,
    digest: [u8; 32],
    lock: Arc<Mutex<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // The map's and this one: nobody else waits.
        self.verifying.0.remove_if(&self.digest, |_, lock| Arc::strong_count(lock) <= 2);
    }
}
