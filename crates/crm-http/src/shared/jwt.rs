//! Access tokens of family C: signed JWTs that name a user, a tenant and a session (contract C-22 … C-26, X-91).
//!
//! A token only says who somebody is. What they may do now is read from their rows: see the session's bearer authentication, which
//! turns away ended sessions and inactive users, and takes the role from the user, never from the token.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Error, Result,
    clock::{Clock, Entropy, uuid_at},
    control::user::User,
    id::{RecordId, SessionId, TenantId, UserId},
    stamp::Stamp,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto};
use serde::{Deserialize, Serialize};

/// Fewest bytes of the signing secret: as many as SHA-256 puts out (RFC 7518, 3.2).
pub const SECRET_MIN: usize = 32;

/// How far another node's clock may be ahead of this one's. It widens `nbf` only: `exp` is exact.
const NOT_BEFORE_LEEWAY: Duration = Duration::from_secs(5);

/// No token that this server signs is longer; longer ones are refused unread.
const TOKEN_MAX: usize = 2_048;

const USER: &str = "user_";
const TENANT: &str = "tenant_";
const SESSION: &str = "session_";

/// Chooses the cryptography behind tokens, once for the process; `main` and test binaries call it before the first token. Calling it
/// again changes nothing.
pub fn install_crypto_provider() {
    // The only error is that a provider is installed already.
    let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

/// How tokens are made.
#[derive(Clone)]
pub struct JwtSettings {
    /// The signing secret, at least [`SECRET_MIN`] bytes; every node of a deployment has the same.
    pub secret: Vec<u8>,
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// From `iat` to `exp` (contract C-26: 60 minutes unless configured).
    pub lifetime: Duration,
}

/// The payload of a token: the documented claims first, in the document's order (contract C-23, C-24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// `user_<id>`.
    pub nameid: String,
    /// `tenant_<id>`.
    pub tenantid: String,
    /// The role when the token was signed; for the client to show, not for the server to trust.
    pub role: String,
    /// Not valid before, Unix seconds.
    pub nbf: i64,
    /// Not valid from here on, Unix seconds.
    pub exp: i64,
    /// Signed at, Unix seconds.
    pub iat: i64,
    /// Who signed.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The token's own id.
    pub jti: String,
    /// `session_<id>`: ending the session ends the token.
    pub sid: String,
}

/// Whom a valid token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// The user.
    pub user: UserId,
    /// The user's tenant.
    pub tenant: TenantId,
    /// The session that the token hangs on.
    pub session: SessionId,
    /// When the token's time is over.
    pub expires_at: Stamp,
}

/// Why a token is refused. Clients see one answer; which of them it is stays in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejection {
    /// Not a token that this deployment signed for this audience.
    #[error("the token is malformed or was signed by somebody else")]
    Invalid,
    /// Its time is over. This deployment signed it all the same.
    #[error("the token has expired")]
    Expired(Bearer),
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
}

/// Signs and verifies access tokens.
pub struct Jwt {
    /// `None` when the secret is too short: then nothing is signed and nothing accepted.
    keys: Option<(EncodingKey, DecodingKey)>,
    validation: Validation,
    issuer: String,
    audience: String,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Jwt {
    /// Prepares the keys. With a secret shorter than [`SECRET_MIN`] it signs nothing and accepts nothing; whoever loads the secret checks
    /// it first.
    pub fn new(settings: JwtSettings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        install_crypto_provider();
        let secret = Some(&settings.secret).filter(|secret| secret.len() >= SECRET_MIN);
        Self {
            keys: secret.map(|secret| (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret))),
            validation: pinned(&settings),
            issuer: settings.issuer,
            audience: settings.audience,
            lifetime: settings.lifetime,
            clock,
            entropy,
        }
    }

    /// How long a token is valid: the `expiresIn` of login answers.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs a token for a user's session.
    ///
    /// # Errors
    /// [`Error::Internal`] when the secret is too short or the cryptography fails.
    pub fn sign(&self, user: &User, session: SessionId) -> Result<String> {
        let too_short = || Error::Internal(format!("the token secret must have at least {SECRET_MIN} bytes"));
        let (key, _) = self.keys.as_ref().ok_or_else(too_short)?;
        let now = self.clock.now();
        let claims = Claims {
            nameid: format!("{USER}{}", user.id),
            tenantid: format!("{TENANT}{}", user.tenant_id),
            role: user.role.as_str().to_owned(),
            nbf: now.seconds(),
            exp: now.plus(self.lifetime).seconds(),
            iat: now.seconds(),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            jti: uuid_at(now, &*self.entropy).to_string(),
            sid: format!("{SESSION}{session}"),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Reads a token. Whether its user and session are alive is for the caller to ask.
    pub fn verify(&self, token: &str) -> Result<Bearer, TokenRejection> {
        let (_, key) = self
            .keys
            .as_ref()
            .filter(|_| token.len() <= TOKEN_MAX)
            .ok_or(TokenRejection::Invalid)?;
        let data = jsonwebtoken::decode::<Claims>(token, key, &self.validation).map_err(|_| TokenRejection::Invalid)?;
        let bearer = bearer(&data.claims).ok_or(TokenRejection::Invalid)?;
        in_time(&data.claims, bearer, self.clock.now())?;
        Ok(bearer)
    }
}

/// HS256 alone, from us, for us. Times are checked by [`in_time`], on the injected clock.
fn pinned(settings: &JwtSettings) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn in_time(claims: &Claims, bearer: Bearer, now: Stamp) -> Result<(), TokenRejection> {
    if now.seconds() >= claims.exp {
        return Err(TokenRejection::Expired(bearer));
    }
    if now.plus(NOT_BEFORE_LEEWAY).seconds() < claims.nbf {
        return Err(TokenRejection::NotYet);
    }
    Ok(())
}

fn bearer(claims: &Claims) -> Option<Bearer> {
    Some(Bearer {
        user: UserId::parse_prefixed(&claims.nameid, USER)?,
        tenant: TenantId::parse_prefixed(&claims.tenantid, TENANT)?,
        session: SessionId::parse_prefixed(&claims.sid, SESSION)?,
        expires_at: Stamp::from_micros(claims.exp.saturating_mul(1_000_000)),
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use crm_domain::{
        clock::{ManualClock, SystemEntropy},
        control::user::Role,
    };
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_706_352_000;

    fn settings() -> JwtSettings {
        JwtSettings {
            secret: vec![7; SECRET_MIN],
            issuer: "crm".to_owned(),
            audience: "crm-api".to_owned(),
            lifetime: Duration::from_secs(3_600),
        }
    }

    fn jwt_with(settings: JwtSettings) -> (Jwt, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Stamp::from_micros(NOW * 1_000_000)));
        (Jwt::new(settings, clock.clone(), Arc::new(SystemEntropy)), clock)
    }

    fn user() -> User {
        User {
            id: UserId::from_i64(456),
            tenant_id: TenantId::from_i64(789),
            email: None,
            name: None,
            role: Role::Admin,
            password: None,
            is_active: true,
            manager_id: None,
            office: None,
            created_at: Stamp::default(),
            updated_at: Stamp::default(),
            last_login_at: None,
        }
    }

    fn part(token: &str, index: usize) -> Value {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    /// A token with claims of our own making, under any algorithm of the HMAC family.
    fn forged(algorithm: Algorithm, secret: &[u8], change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "nameid": "user_456", "tenantid": "tenant_789", "role": "Admin", "nbf": NOW, "exp": NOW + 3_600, "iat": NOW,
            "iss": "crm", "aud": "crm-api", "jti": "x", "sid": "session_3",
        });
        change(&mut claims);
        jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret)).unwrap()
    }

    #[test]
    fn a_token_has_the_documented_header_and_claims() {
        let (jwt, _) = jwt_with(settings());
        let token = jwt.sign(&user(), SessionId::from_i64(3)).unwrap();
        assert_eq!(part(&token, 0), json!({"alg": "HS256", "typ": "JWT"}));
        let claims = part(&token, 1);
        assert_eq!(claims["nameid"], "user_456");
        assert_eq!(claims["tenantid"], "tenant_789");
        assert_eq!(claims["role"], "Admin");
        assert_eq!(
            (&claims["nbf"], &claims["iat"], &claims["exp"]),
            (&json!(NOW), &json!(NOW), &json!(NOW + 3_600))
        );
        let names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["aud", "exp", "iat", "iss", "jti", "nameid", "nbf", "role", "sid", "tenantid"]
        );
        let bearer = jwt.verify(&token).unwrap();
        assert_eq!((bearer.user.get(), bearer.tenant.get(), bearer.session.get()), (456, 789, 3));
    }

    #[test]
    fn a_token_ends_exactly_on_time() {
        let (jwt, clock) = jwt_with(settings());
        let token = jwt.sign(&user(), SessionId::from_i64(3)).unwrap();
        clock.advance(Duration::from_secs(3_599));
        assert!(jwt.verify(&token).is_ok());
        clock.advance(Duration::from_secs(1));
        assert!(matches!(jwt.verify(&token), Err(TokenRejection::Expired(bearer)) if bearer.user == user().id));
    }

    #[test]
    fn a_clock_a_little_ahead_is_forgiven_a_far_one_not() {
        let (jwt, _) = jwt_with(settings());
        let secret = settings().secret;
        let at = |nbf: i64| forged(Algorithm::HS256, &secret, |claims| claims["nbf"] = json!(nbf));
        assert!(jwt.verify(&at(NOW + 5)).is_ok());
        assert_eq!(jwt.verify(&at(NOW + 6)), Err(TokenRejection::NotYet));
    }

    #[test]
    fn only_our_own_hs256_tokens_pass() {
        let (jwt, _) = jwt_with(settings());
        let secret = settings().secret;
        let good = forged(Algorithm::HS256, &secret, |_| {});
        assert!(jwt.verify(&good).is_ok());
        let (payload, signature) = (good.split('.').nth(1).unwrap(), good.split('.').nth(2).unwrap());
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let refused = [
            format!("{none}.{payload}."),
            format!("{none}.{payload}.{signature}"),
            forged(Algorithm::HS384, &secret, |_| {}),
            forged(Algorithm::HS512, &secret, |_| {}),
            forged(Algorithm::HS256, &[8; SECRET_MIN], |_| {}),
            forged(Algorithm::HS256, &secret, |claims| claims["iss"] = json!("somebody")),
            forged(Algorithm::HS256, &secret, |claims| claims["iss"] = json!(["crm", "somebody"])),
            forged(Algorithm::HS256, &secret, |claims| claims["aud"] = json!("other-api")),
            forged(Algorithm::HS256, &secret, |claims| claims["nameid"] = json!("456")),
            forged(Algorithm::HS256, &secret, |claims| claims["sid"] = Value::Null),
            forged(Algorithm::HS256, &secret, |claims| {
                claims.as_object_mut().unwrap().remove("exp");
            }),
            forged(Algorithm::HS256, &secret, |claims| claims["exp"] = json!("tomorrow")),
            format!("{good}x"),
            "a".repeat(20_000),
            String::new(),
            "..".to_owned(),
        ];
        for token in refused {
            assert_eq!(jwt.verify(&token), Err(TokenRejection::Invalid), "{token:.80}");
        }
    }

    #[test]
    fn a_short_secret_signs_and_accepts_nothing() {
        let secret = vec![7; SECRET_MIN - 1];
        let token = forged(Algorithm::HS256, &secret, |_| {});
        let (jwt, _) = jwt_with(JwtSettings { secret, ..settings() });
        assert!(jwt.sign(&user(), SessionId::from_i64(3)).is_err());
        assert_eq!(jwt.verify(&token), Err(TokenRejection::Invalid));
    }
}
