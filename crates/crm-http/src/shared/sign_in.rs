//! What signing in needs, whatever the family: access tokens, the guard against guessing, and passwords checked at one price.

use std::sync::{Arc, OnceLock};

use crm_domain::{
    Result,
    clock::{Clock, Entropy},
    control::user::{Password, PasswordHash},
    error::Problem,
    field::{Check, Patch},
};

use super::{
    json_body::Given,
    jwt::{Jwt, JwtSettings},
    login_guard::LoginGuard,
    thread_pool::ThreadPool,
};
use crate::settings::TokenSettings;

/// Signs users in; one per process.
pub struct SignIn {
    /// Signs and verifies access tokens.
    pub tokens: Jwt,
    /// Slows down guessing.
    pub guard: LoginGuard,
    hashing: Arc<ThreadPool>,
    bcrypt_cost: u32,
    decoy: Arc<OnceLock<PasswordHash>>,
}

impl SignIn {
    pub(crate) fn new(
        secret: &[u8],
        settings: &TokenSettings,
        bcrypt_cost: u32,
        hashing: Arc<ThreadPool>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let settings = JwtSettings {
            secret: secret.to_vec(),
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            lifetime: settings.access_lifetime(),
        };
        Self {
            tokens: Jwt::new(settings, Arc::clone(&clock), entropy),
            guard: LoginGuard::new(clock),
            hashing,
            bcrypt_cost,
            decoy: Arc::default(),
        }
    }

    /// Hashes a new password on the bounded pool.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash> {
        let cost = self.bcrypt_cost;
        self.hashing.run(move || password.hash(cost)).await?
    }

    /// Whether `password` is the one that `hash` was made of, on the bounded pool. Without a hash the answer is no and takes as long, so
    /// that nobody learns by a watch which emails are known.
    pub async fn verify(&self, hash: Option<PasswordHash>, password: Password) -> Result<bool> {
        let (cost, decoy) = (self.bcrypt_cost, Arc::clone(&self.decoy));
        let job = move || match hash {
            Some(hash) => Ok(hash.verify(&password)),
            None => known_decoy(&decoy, cost).map(|decoy| decoy.verify(&password)),
        };
        self.hashing.run(job).await?
    }
}

/// The email and the password of a login.
///
/// # Errors
/// [`crm_domain::Error::Invalid`] when one of them is missing.
pub fn credentials(email: Given<String>, password: Given<String>) -> Result<(String, Password)> {
    let mut check = Check::new();
    let email = required("email", email, &mut check);
    let password = required("password", password, &mut check).map(|text| Password::candidate(&text));
    check.finish_with(email.zip(password))
}

/// A text that must be there; what it holds is judged by comparing.
pub fn required(field: &str, given: Given<String>, check: &mut Check) -> Option<String> {
    let given: Patch<String> = given.patch(field, check);
    check.required(field, given, None, |text| {
        if text.is_empty() {
            Err(Problem::Required)
        } else {
            Ok(text.to_owned())
        }
    })
}

/// Made once: making it takes as long as a verification.
fn known_decoy(decoy: &OnceLock<PasswordHash>, cost: u32) -> Result<&PasswordHash> {
    if let Some(known) = decoy.get() {
        return Ok(known);
    }
    let made = PasswordHash::decoy(cost)?;
    Ok(decoy.get_or_init(|| made))
}

#[cfg(test)]
mod tests {
    use crm_domain::clock::{SystemClock, SystemEntropy};

    use super::*;

    #[actix_web::test]
    async fn only_the_right_password_of_a_known_user_passes() {
        let hashing = Arc::new(ThreadPool::new("password hashing", 1, 4));
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let sign_in = SignIn::new(&[1; 32], &TokenSettings::default(), 4, hashing, clock, entropy);
        let hash = sign_in.hash(Password::candidate("Admin@123")).await.unwrap();
        assert!(sign_in.verify(Some(hash.clone()), Password::candidate("Admin@123")).await.unwrap());
        assert!(!sign_in.verify(Some(hash), Password::candidate("admin@123")).await.unwrap());
        for _ in 0..2 {
            assert!(!sign_in.verify(None, Password::candidate("Admin@123")).await.unwrap());
        }
    }
}
