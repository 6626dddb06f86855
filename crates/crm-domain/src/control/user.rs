//! Users, their roles and their passwords.

mod draft;
mod list;
mod record;

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use icu_normalizer::ComposingNormalizerBorrowed;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    control::ControlStore,
    error::{Error, Problem, Result},
    field::{Check, Email, Patch, Text},
    id::{RecordId, TenantId, UserId},
    stamp::Stamp,
};

pub use draft::{UserChanges, UserDraft, UserFields};
pub use list::{UserField, UserFilter, page};
pub use record::{add, add_itself, update};

/// What a user may do (contract C-29, X-29, X-86).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[allow(missing_docs, reason = "the words of the contract")]
pub enum Role {
    User,
    Manager,
    Admin,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 3] = [Self::User, Self::Manager, Self::Admin];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Manager => "Manager",
            Self::Admin => "Admin",
        }
    }

    /// Reads the word, whatever its case; document A's `Sales Manager` is `Manager`.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        match word.trim().to_lowercase().as_str() {
            "user" => Ok(Self::User),
            "manager" | "sales manager" => Ok(Self::Manager),
            "admin" => Ok(Self::Admin),
            _ => Err(Problem::Choice {
                allowed: Self::ALL.map(|role| role.as_str().to_owned()).to_vec(),
            }),
        }
    }

    /// Whether this role may do something.
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Read | Permission::Write => true,
            Permission::Delete
            | Permission::Moderate
            | Permission::Configure
            | Permission::ReadAudit
            | Permission::ReadInvitations
            | Permission::ManageSettings
            | Permission::ManageApiKeys
            | Permission::ReadRequestLog => self >= Self::Manager,
            Permission::ManageUsers | Permission::ManageWebhooks => self == Self::Admin,
        }
    }
}

/// What can be permitted: the one table is [`Role::may`] (contract ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read records, and who the users are.
    Read,
    /// Create and update records, and act on them.
    Write,
    /// Delete, restore and merge records.
    Delete,
    /// Change what others wrote under their names.
    Moderate,
    /// Change what shapes records: pipelines, stages, tags, custom fields, SLA policies, partners.
    Configure,
    /// Read who changed what.
    ReadAudit,
    /// Read who was invited, by whom, and what became of it.
    ReadInvitations,
    /// Create, change, deactivate and invite users.
    ManageUsers,
    /// Create, change and delete webhooks.
    ManageWebhooks,
    /// Change the tenant's settings.
    ManageSettings,
    /// Mint, change and revoke API keys.
    ManageApiKeys,
    /// Read the request log.
    ReadRequestLog,
}

/// A user. One without a password cannot sign in: imports make such users for the owners that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id; shown as `user_<id>`, and by family A as a number.
    pub id: UserId,
    /// The tenant it belongs to.
    pub tenant_id: TenantId,
    /// Unique over the deployment, whatever its case (contract C-10).
    pub email: Option<Email>,
    /// The display name.
    pub name: Option<Text<255>>,
    /// What it may do.
    pub role: Role,
    /// How its password is kept.
    pub password: Option<PasswordHash>,
    /// `false` keeps it out; its tokens die at once.
    pub is_active: bool,
    /// The user it reports to.
    pub manager_id: Option<UserId>,
    /// The office or region it works in.
    pub office: Option<Text<100>>,
    /// When it was made.
    pub created_at: Stamp,
    /// When it was last changed.
    pub updated_at: Stamp,
    /// When it last signed in with its password.
    pub last_login_at: Option<Stamp>,
}

/// A user on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of User")]
pub struct NewUser {
    pub tenant_id: TenantId,
    pub email: Option<Email>,
    pub name: Option<Text<255>>,
    pub role: Role,
    pub password: Option<PasswordHash>,
    pub manager_id: Option<UserId>,
    pub office: Option<Text<100>>,
}

/// Reads users.
pub trait UserReads {
    /// The user with this id, active or not.
    fn lookup(&mut self, id: UserId) -> Result<Option<User>>;
    /// The user with this email, whatever its case.
    fn lookup_email(&mut self, email: &str) -> Result<Option<User>>;
    /// Every user of a tenant, oldest first.
    fn list(&mut self, tenant: TenantId) -> Result<Vec<User>>;
    /// Those of a tenant's users that have one of these ids, in any order.
    fn lookup_many(&mut self, tenant: TenantId, ids: &[UserId]) -> Result<Vec<User>>;
}

/// Writes users. Callers use [`add`] and [`update`], which also record the change.
pub trait UserRepository: UserReads {
    /// Keeps a new user; [`Error::Duplicate`] when the email is taken.
    fn add(&mut self, new: NewUser) -> Result<User>;
    /// Keeps a user's new values; raises the credential epoch.
    fn update(&mut self, user: &User) -> Result<()>;
    /// Notes that the user signed in now; does not raise the credential epoch.
    fn note_login(&mut self, id: UserId) -> Result<()>;
}

/// Judges the owner that a draft of a record names: an active user of the tenant. A problem is noted as `owner_id`'s; the drafts forgive it
/// where the record is that user's already.
pub fn check_owner(control: &dyn ControlStore, tenant: TenantId, owner: &Patch<UserId>, check: &mut Check) -> Result<()> {
    let Patch::Set(id) = *owner else { return Ok(()) };
    let user = control.reading(|reader| reader.users().lookup(id))?;
    if user.is_none_or(|user| user.tenant_id != tenant || !user.is_active) {
        check.fail("owner_id", Problem::Reference { noun: UserId::NOUN });
    }
    Ok(())
}

/// Those of these users who are no active users of the tenant, and so can own no records of it; one read for all of them.
pub fn unknown_owners(control: &dyn ControlStore, tenant: TenantId, owners: &[UserId]) -> Result<Vec<UserId>> {
    let users = control.reading(|reader| reader.users().lookup_many(tenant, owners))?;
    let active: HashSet<UserId> = users.iter().filter(|user| user.is_active).map(|user| user.id).collect();
    Ok(owners.iter().filter(|owner| !active.contains(owner)).copied().collect())
}

/// A password as somebody typed it: 8 to 128 characters. Never shown, never stored. Keyboards write `é` as one character or as two: it
/// is kept in Unicode's composed form (NFC), so that both are the same password.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Fewest characters of a password.
pub const PASSWORD_MIN: usize = 8;
/// Most characters of a password.
pub const PASSWORD_MAX: usize = 128;

impl Password {
    /// Checks the length in characters.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let Self(text) = Self::candidate(text);
        match text.chars().count() {
            0 => Err(Problem::Required),
            n if n < PASSWORD_MIN => Err(Problem::TooShort { min: PASSWORD_MIN }),
            n if n > PASSWORD_MAX => Err(Problem::TooLong { max: PASSWORD_MAX }),
            _ => Ok(Self(text)),
        }
    }

    /// A candidate for a login: any text may be tried.
    pub fn candidate(text: &str) -> Self {
        Self(ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned())
    }

    /// Hashes with bcrypt at `cost` (12 in production). Takes some 200 ms: call it on a bounded pool.
    pub fn hash(&self, cost: u32) -> Result<PasswordHash> {
        let hash = bcrypt::hash(self.digest(), cost).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(PasswordHash(hash))
    }

    /// bcrypt reads 72 bytes and stops at a NUL: the base64 of a digest has neither problem.
    fn digest(&self) -> String {
        STANDARD.encode(Sha256::digest(self.0.as_bytes()))
    }
}

/// The production cost of bcrypt.
pub const BCRYPT_COST: u32 = 12;

/// A password's bcrypt hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// From the stored text.
    pub fn from_store(hash: String) -> Self {
        Self(hash)
    }

    /// The stored text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `candidate` is the password. Takes as long as [`Password::hash`].
    pub fn verify(&self, candidate: &Password) -> bool {
        bcrypt::verify(candidate.digest(), &self.0).unwrap_or(false)
    }

    /// A hash that no password matches, to spend the same time on unknown emails.
    pub fn decoy(cost: u32) -> Result<Self> {
        Password("an unguessable decoy, since no digest has this length".to_owned())
            .hash(cost)
            .map(|hash| {
                let mut text = hash.0;
                // Another last character: the digest of no candidate leads to it but by a bcrypt collision.
                let last = if text.ends_with('u') { 'e' } else { 'u' };
                text.pop();
                text.push(last);
                Self(text)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_more_may_all_that_the_weaker_may() {
        use Permission::{
            Configure, Delete, ManageApiKeys, ManageSettings, ManageUsers, ManageWebhooks, Read, ReadAudit, ReadInvitations,
            ReadRequestLog, Write,
        };
        let of_user = [Read, Write];
        let of_manager = [
            Delete,
            Configure,
            ReadAudit,
            ReadInvitations,
            ManageSettings,
            ManageApiKeys,
            ReadRequestLog,
        ];
        let of_admin = [ManageUsers, ManageWebhooks];
        let everybody = of_user.map(|permission| (permission, Role::User));
        let managers = of_manager.map(|permission| (permission, Role::Manager));
        let admins = of_admin.map(|permission| (permission, Role::Admin));
        for (permission, weakest) in everybody.into_iter().chain(managers).chain(admins) {
            for role in Role::ALL {
                assert_eq!(role.may(permission), role >= weakest, "{role:?} {permission:?}");
            }
        }
    }

    #[test]
    fn nothing_of_a_long_password_is_cut() {
        let long = "x".repeat(100);
        let hash = Password::parse(&format!("{long}a")).unwrap().hash(4).unwrap();
        assert!(hash.verify(&Password::candidate(&format!("{long}a"))));
        assert!(!hash.verify(&Password::candidate(&format!("{long}b"))));
        assert!(!hash.verify(&Password::candidate(&long)));
    }

    #[test]
    fn a_letter_with_an_accent_is_one_however_it_is_written() {
        let (composed, apart) = ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me");
        for (set, tried) in [(composed, apart), (apart, composed)] {
            let hash = Password::parse(set).unwrap().hash(4).unwrap();
            assert!(hash.verify(&Password::candidate(tried)));
            assert!(!hash.verify(&Password::candidate("cafe creme")));
        }
        assert_eq!(
            Password::parse("e\u{301}e\u{301}e\u{301}e\u{301}"),
            Err(Problem::TooShort { min: 8 })
        );
    }

    #[test]
    fn a_decoy_takes_no_password() {
        let decoy = PasswordHash::decoy(4).unwrap();
        assert!(!decoy.verify(&Password::candidate("an unguessable decoy, since no digest has this length")));
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(Password::parse("äöüßäöü"), Err(Problem::TooShort { min: 8 }));
        assert!(Password::parse("äöüßäöüß").is_ok());
        assert_eq!(Password::parse(&"é".repeat(129)), Err(Problem::TooLong { max: 128 }));
    }
}
