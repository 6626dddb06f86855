//! What users have set for themselves: JSON objects, which the server keeps for the programs that they use (contract D-165 … D-172, X-146).

use serde_json::{Map, Value};

use crate::{
    error::{Problem, Result},
    id::UserId,
};

/// Most bytes of a section as JSON.
pub const SECTION_MAX: usize = 16 * 1024;

/// The parts that settings are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words of the contract")]
pub enum Section {
    Profile,
    Notifications,
    System,
    Appearance,
}

impl Section {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Notifications => "notifications",
            Self::System => "system",
            Self::Appearance => "appearance",
        }
    }
}

/// The settings of one section: any JSON object of at most [`SECTION_MAX`] bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserSettings(Map<String, Value>);

impl UserSettings {
    /// Checks the size.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(members: Map<String, Value>) -> Result<Self, Problem> {
        let settings = Self(members);
        if settings.to_json().len() > SECTION_MAX {
            return Err(Problem::Rule(format!("must be at most {SECTION_MAX} bytes of JSON")));
        }
        Ok(settings)
    }

    /// Trusts what was checked before it was stored.
    pub fn from_store(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// The members.
    pub fn into_inner(self) -> Map<String, Value> {
        self.0
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// Reads what users have set.
pub trait UserSettingReads {
    /// A user's settings of a section; none are empty ones.
    fn lookup(&mut self, user: UserId, section: Section) -> Result<UserSettings>;
}

/// Keeps what users have set.
pub trait UserSettingRepository: UserSettingReads {
    /// Keeps a user's settings of a section in place of those before.
    fn keep(&mut self, user: UserId, section: Section, settings: &UserSettings) -> Result<()>;
    /// Forgets everything that a user has set.
    fn remove_all(&mut self, user: UserId) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_section_is_bounded() {
        let of = |length: usize| {
            let Value::Object(members) = json!({ "a": "x".repeat(length) }) else {
                unreachable!()
            };
            UserSettings::parse(members)
        };
        assert!(of(SECTION_MAX - 8).is_ok());
        assert!(of(SECTION_MAX - 7).is_err());
    }
}
