//! The shapes of an API key.

use crm_domain::{
    Error, Result,
    control::{
        ControlStore,
        api_key::{ApiKey, ApiKeyDraft, ApiKeyFields, KeyFamily, KeyText, network_text},
        user::Role,
    },
    error::Problem,
    field::{Check, Patch},
    id::{ApiKeyId, TenantId, UserId},
    stamp::Stamp,
    tenant::change::Origin,
    usecase::api_keys,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::id::{API_KEY, USER, show},
    shared::json_body::{Decimal, Given},
};

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = admin::NewApiKey)]
pub(crate) struct MintRequest {
    /// The endpoint family that the key opens.
    #[schema(value_type = Family)]
    family: Given<String>,
    #[schema(value_type = String, example = "Reporting")]
    name: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    /// Of family `contacts`; all that its creator may do, when left out.
    #[schema(value_type = Option<Vec<String>>, example = json!(["contacts:read"]))]
    scopes: Given<Vec<String>>,
    /// Of families `halopsa` and `elevate`; all that its creator may do, when left out.
    #[schema(value_type = Option<Vec<String>>, example = json!(["read"]))]
    permissions: Given<Vec<String>>,
    /// Requests per minute, of family `halopsa` per hour, instead of the family's default.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000_000)]
    rate_limit: Given<Decimal>,
    /// When it ends; never, when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Given<String>,
    /// Addresses and CIDR networks that it may be used from; anywhere, when left out.
    #[schema(value_type = Option<Vec<String>>, example = json!(["203.0.113.7", "2001:db8::/32"]))]
    ip_allowlist: Given<Vec<String>>,
}

/// The fields of a key to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = admin::ApiKeyChanges)]
pub(crate) struct ApiKeyRequest {
    #[schema(value_type = Option<String>)]
    name: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Given<Vec<String>>,
    #[schema(value_type = Option<Vec<String>>)]
    permissions: Given<Vec<String>>,
    /// Null: the family's default.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000_000)]
    rate_limit: Given<Decimal>,
    /// Null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Given<String>,
    /// Null or empty: anywhere.
    #[schema(value_type = Option<Vec<String>>)]
    ip_allowlist: Given<Vec<String>>,
}

/// What a request says of a key, and by which name it called the grants: `scopes` or `permissions`.
pub(super) struct Draft {
    draft: ApiKeyDraft,
    grants: &'static str,
}

impl MintRequest {
    /// The key's family and fields, or every problem that they have.
    pub(super) fn parse(self, creator: Role, now: Stamp) -> Result<(KeyFamily, ApiKeyFields)> {
        let mut check = Check::new();
        let family: Patch<String> = self.family.patch("family", &mut check);
        let rest = ApiKeyRequest {
            name: self.name,
            description: self.description,
            scopes: self.scopes,
            permissions: self.permissions,
            rate_limit: self.rate_limit,
            expires_at: self.expires_at,
            ip_allowlist: self.ip_allowlist,
        };
        let Draft { draft, grants } = rest.draft(&mut check);
        ApiKeyFields::parse_with_family(draft, family, creator, now, check).map_err(|error| called(error, grants))
    }
}

impl ApiKeyRequest {
    pub(super) fn draft(self, check: &mut Check) -> Draft {
        let scopes: Patch<Vec<String>> = self.scopes.patch("scopes", check);
        let permissions: Patch<Vec<String>> = self.permissions.patch("permissions", check);
        let (grants, given) = match (scopes, permissions) {
            (Patch::Keep, given) => ("permissions", given),
            (given, Patch::Keep) => ("scopes", given),
            (_, given) => {
                check.fail("permissions", Problem::Rule("must not be given together with scopes".to_owned()));
                ("permissions", given)
            }
        };
        let draft = ApiKeyDraft {
            name: self.name.patch("name", check),
            description: self.description.patch("description", check),
            grants: given,
            rate_limit: self.rate_limit.patch("rate_limit", check),
            expires_at: self.expires_at.patch("expires_at", check),
            ip_allowlist: self.ip_allowlist.patch("ip_allowlist", check),
        };
        Draft { draft, grants }
    }
}

impl Draft {
    pub(super) fn update(
        self,
        control: &dyn ControlStore,
        origin: &Origin,
        tenant: TenantId,
        id: ApiKeyId,
        actor: UserId,
        check: Check,
    ) -> Result<ApiKey> {
        api_keys::update(control, origin, tenant, id, actor, self.draft, check).map_err(|error| called(error, self.grants))
    }
}

/// The domain's `grants` under the name that the request called them by.
fn called(error: Error, name: &str) -> Error {
    let Error::Invalid(mut errors) = error else { return error };
    for error in errors.iter_mut().filter(|error| error.field == "grants") {
        name.clone_into(&mut error.field);
    }
    errors.sort_by(|a, b| a.field.cmp(&b.field));
    Error::Invalid(errors)
}

/// The endpoint families that know keys.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = admin::ApiKeyFamily)]
pub(crate) enum Family {
    HealthTrixss,
    Halopsa,
    Contacts,
    Elevate,
}

impl From<KeyFamily> for Family {
    fn from(family: KeyFamily) -> Self {
        match family {
            KeyFamily::HealthTrixss => Self::HealthTrixss,
            KeyFamily::Halopsa => Self::Halopsa,
            KeyFamily::Contacts => Self::Contacts,
            KeyFamily::Elevate => Self::Elevate,
        }
    }
}

/// A key, without the key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = admin::ApiKey)]
pub(crate) struct ApiKeyInfo {
    #[schema(example = "key_3")]
    id: String,
    family: Family,
    /// What the key begins with: its family's prefix and the part that names it.
    #[schema(example = "htx_3kTMd90aBcDe")]
    prefix: String,
    name: String,
    description: Option<String>,
    scopes: Vec<String>,
    permissions: Vec<String>,
    /// Requests per minute, of family `halopsa` per hour; null is the family's default.
    rate_limit: Option<u32>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    ip_allowlist: Vec<String>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "user_456")]
    created_by: String,
    /// Written in batches, some seconds late.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// Written in batches, some seconds late.
    request_count: i64,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

impl ApiKeyInfo {
    pub(super) fn of(key: ApiKey) -> Self {
        let fields = key.fields;
        let (scopes, permissions) = match key.family {
            KeyFamily::Contacts => (fields.grants, Vec::new()),
            KeyFamily::HealthTrixss | KeyFamily::Halopsa | KeyFamily::Elevate => (Vec::new(), fields.grants),
        };
        Self {
            id: show(API_KEY, key.id),
            family: key.family.into(),
            prefix: format!("{}_{}", key.family.prefix(), key.public_id),
            name: fields.name.into_inner(),
            description: fields.description.map(|text| text.into_inner()),
            scopes,
            permissions,
            rate_limit: fields.rate_limit,
            expires_at: fields.expires_at.map(Stamp::to_second_precision),
            ip_allowlist: fields.ip_allowlist.iter().map(network_text).collect(),
            created_at: key.created_at.to_second_precision(),
            created_by: show(USER, key.created_by),
            last_used_at: key.last_used_at.map(Stamp::to_second_precision),
            request_count: key.request_count,
            revoked_at: key.revoked_at.map(Stamp::to_second_precision),
        }
    }
}

/// A new key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = admin::MintedApiKey)]
pub(crate) struct MintResponse {
    /// The key itself: shown this once.
    key: String,
    api_key: ApiKeyInfo,
}

impl MintResponse {
    pub(super) fn of(text: &KeyText, key: ApiKey) -> Self {
        Self {
            key: text.as_str().to_owned(),
            api_key: ApiKeyInfo::of(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::shared::json_body::JsonBody;

    use super::*;

    fn problems(body: &str) -> Vec<String> {
        let request: MintRequest = JsonBody::parse(body.as_bytes()).unwrap().bind_any_case().unwrap();
        let outcome = request.parse(Role::Admin, Stamp::parse("2026-01-17").unwrap());
        match outcome {
            Ok(_) => Vec::new(),
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.field).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn every_wrong_field_is_named_as_it_was_sent() {
        assert!(problems(r#"{"family":"health_trixss","name":"a"}"#).is_empty());
        assert!(
            problems(r#"{"Family":"contacts","name":"a","scopes":["contacts:read"],"rateLimit":5,"ipAllowlist":["10.0.0.0/8"]}"#)
                .is_empty()
        );
        assert_eq!(problems("{}"), ["family", "name"]);
        assert_eq!(problems(r#"{"family":"contacts","name":"a","scopes":["everything"]}"#), ["scopes"]);
        assert_eq!(
            problems(r#"{"family":"elevate","name":"a","permissions":["everything"]}"#),
            ["permissions"]
        );
        assert_eq!(
            problems(r#"{"family":"health_trixss","name":"a","scopes":["contacts:read"]}"#),
            ["scopes"]
        );
        assert_eq!(
            problems(r#"{"family":1,"name":null,"scopes":"x","rateLimit":0,"expiresAt":"2020-01-01","ipAllowlist":["x"]}"#),
            ["expires_at", "family", "ip_allowlist", "name", "rate_limit", "scopes"]
        );
    }
}
