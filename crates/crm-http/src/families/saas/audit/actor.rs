//! Who did it: the feed's actors by name. A page looks its users up at once, and its API keys.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crm_domain::{
    Result,
    control::user::User,
    error::Problem,
    id::{ApiKeyId, RecordId, UserId},
    tenant::change::{Actor, Change, KeptActor},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    families::saas::word::{API_KEY, USER},
    shared::tenant::{TenantSession, block},
};

/// Most characters of a job's name.
const JOB_MAX: usize = 50;

/// Who did something.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Actor)]
pub(crate) struct ActorInfo {
    /// `user`, `apiKey`, `job` (one of the server's, or a command of its command line) or `system`.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    kind: &'static str,
    /// Of a user or an API key.
    #[schema(example = "user_456")]
    id: Option<String>,
    /// What it is called now; of a job its name, e.g. `import`.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Of a user.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
}

/// The actors of a page.
pub(super) struct Actors {
    users: HashMap<UserId, User>,
    keys: HashMap<ApiKeyId, String>,
}

impl Actors {
    /// Looks up who made these changes: one read of users and one of API keys, where there are some.
    pub(super) async fn of(changes: &[Change], tenant: &TenantSession) -> Result<Self> {
        let (mut users, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for change in changes {
            match KeptActor::parse(&change.actor) {
                Some(KeptActor::User(id)) => _ = users.insert(id),
                Some(KeptActor::ApiKey(id)) => _ = keys.insert(id),
                Some(KeptActor::Job(_) | KeptActor::System) | None => {}
            }
        }
        let (users, keys) = (Vec::from_iter(users), Vec::from_iter(keys));
        if users.is_empty() && keys.is_empty() {
            return Ok(Self {
                users: HashMap::new(),
                keys: HashMap::new(),
            });
        }
        let (control, tenant) = (Arc::clone(&tenant.control), tenant.tenant.id);
        block(move || {
            control.reading(|reader| {
                let known = if users.is_empty() {
                    Vec::new()
                } else {
                    reader.users().lookup_many(tenant, &users)?
                };
                let named = if keys.is_empty() {
                    Vec::new()
                } else {
                    reader.api_keys().lookup_many(tenant, &keys)?
                };
                Ok(Self {
                    users: known.into_iter().map(|user| (user.id, user)).collect(),
                    keys: named.into_iter().map(|key| (key.id, key.fields.name.into_inner())).collect(),
                })
            })
        })
        .await
    }

    pub(super) fn show(&self, kept: &str) -> ActorInfo {
        let nobody = |kind| ActorInfo {
            kind,
            id: None,
            name: None,
            email: None,
        };
        match KeptActor::parse(kept) {
            Some(KeptActor::User(id)) => {
                let user = self.users.get(&id);
                ActorInfo {
                    id: Some(format!("{USER}{id}")),
                    name: user.and_then(|user| user.name.as_ref()).map(|name| name.to_string()),
                    email: user.and_then(|user| user.email.as_ref()).map(|email| email.as_str().to_owned()),
                    ..nobody("user")
                }
            }
            Some(KeptActor::ApiKey(id)) => ActorInfo {
                id: Some(format!("{API_KEY}{id}")),
                name: self.keys.get(&id).cloned(),
                ..nobody("apiKey")
            },
            Some(KeptActor::Job(name)) => ActorInfo {
                name: Some(name.to_owned()),
                ..nobody("job")
            },
            Some(KeptActor::System) => nobody("system"),
            // What no version of this program wrote is shown as it is.
            None => ActorInfo {
                name: Some(kept.to_owned()),
                ..nobody("system")
            },
        }
    }
}

/// The actor that a parameter names, as the feed keeps it.
pub(super) fn named(text: &str) -> Result<String, Problem> {
    if text == "system" {
        return Ok(Actor::System.to_string());
    }
    if let Some(id) = ApiKeyId::parse_prefixed(text, API_KEY) {
        return Ok(Actor::ApiKey(id).to_string());
    }
    if let Ok(user) = user(text) {
        return Ok(user);
    }
    let is_job = text.len() <= JOB_MAX && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_job {
        return Ok(format!("job:{text}"));
    }
    let allowed = "must be the id of a user or an API key such as user_5 or key_3, the name of a job such as import, or system";
    Err(Problem::Rule(allowed.to_owned()))
}

/// The user that a parameter names, as the feed keeps it.
pub(super) fn user(text: &str) -> Result<String, Problem> {
    let id = UserId::parse_prefixed(text, USER);
    id.map(|id| Actor::User(id).to_string())
        .ok_or_else(|| Problem::Rule("must be a user's id such as user_5".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_named_in_this_familys_words() {
        for (text, kept) in [
            ("user_5", "user:5"),
            ("key_3", "api_key:3"),
            ("import", "job:import"),
            ("system", "system"),
        ] {
            assert_eq!(named(text).unwrap(), kept);
        }
        for bad in ["user:5", "user_05", "5", "Bob", "job:import", "key_", "im port"] {
            // `key_` is no key, but could be a job's name.
            assert_eq!(named(bad).is_err(), bad != "key_", "{bad}");
        }
        assert!(user("key_3").is_err());
    }

    #[test]
    fn nobody_is_shown_as_somebody_else() {
        let actors = Actors {
            users: HashMap::new(),
            keys: HashMap::from([(ApiKeyId::from_i64(3), "Sync".to_owned())]),
        };
        let shown = |kept| serde_json::to_value(actors.show(kept)).unwrap();
        for (kept, expected) in [
            (
                "user:5",
                serde_json::json!({"type": "user", "id": "user_5", "name": null, "email": null}),
            ),
            (
                "api_key:3",
                serde_json::json!({"type": "apiKey", "id": "key_3", "name": "Sync", "email": null}),
            ),
            (
                "job:import",
                serde_json::json!({"type": "job", "id": null, "name": "import", "email": null}),
            ),
            (
                "system",
                serde_json::json!({"type": "system", "id": null, "name": null, "email": null}),
            ),
        ] {
            assert_eq!(shown(kept), expected);
        }
    }
}
