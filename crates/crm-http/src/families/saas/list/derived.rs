//! Conditions on members that a record has by another field: a deal's `status` and `stage` by the stage that it is in. The words that the
//! tenant knows, each with the values of that field that it stands for, are read only for requests that name such a member.

use crm_domain::{
    error::{Problem, Result},
    query::{Condition, Field, Operator},
    tenant::TenantReader,
};

use super::query::{split, unknown};
use crate::{
    families::saas::{error::SaasError, page::Query},
    shared::tenant::TenantSession,
};

/// Words, each with the values that it stands for.
pub(crate) type Words = Vec<(String, Vec<i64>)>;

/// A member of a resource that its lists filter by, although the record has no such field.
pub(crate) struct Derived<F: 'static> {
    /// The member.
    pub name: &'static str,
    /// The field that it follows from. It has a value in every record.
    pub field: F,
    /// Reads the words.
    pub words: fn(&mut dyn TenantReader) -> Result<Words>,
}

/// What conditions on them may ask.
const OPERATORS: [Operator; 3] = [Operator::Eq, Operator::Ne, Operator::In];

impl<F: 'static> Derived<F> {
    /// The parameter, and what the documentation says of it.
    pub fn parameter(&self) -> (String, String) {
        let name = format!("filter[{}]", self.name);
        let description = format!(
            "Only records with this value, whatever its case; also `{name}[eq]`, `{name}[ne]`, `{name}[in]`. Values of `in` stand between commas."
        );
        (name, description)
    }
}

/// The derived members of a list, with their words where a request names them.
pub(super) struct DerivedFields<F: 'static>(Vec<(&'static Derived<F>, Words)>);

/// What a request asks of derived members.
pub(super) struct Asked<F> {
    /// The conditions on the fields that they follow from.
    pub conditions: Vec<Condition<F>>,
    /// The same as it was asked: what the words stand for may change, and a cursor is bound to the words.
    pub text: String,
}

impl<F: Field> DerivedFields<F> {
    /// None.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Those of a list, as far as the request names them.
    pub async fn meant_by(tenant: &TenantSession, query: &Query, all: &'static [Derived<F>]) -> Result<Self, SaasError> {
        let mut known = Vec::with_capacity(all.len());
        for derived in all {
            let is_named = query.beginning_with(&format!("filter[{}]", derived.name)).next().is_some();
            let words = match is_named {
                true => tenant.read(derived.words).await?,
                false => Words::new(),
            };
            known.push((derived, words));
        }
        Ok(Self(known))
    }

    /// Whether a parameter is a condition on one of them.
    pub fn asks(&self, parameter: &str) -> bool {
        split(parameter).is_some_and(|(name, _)| self.names().any(|known| known == name))
    }

    /// The members' names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(derived, _)| derived.name)
    }

    /// Reads the conditions on them.
    pub fn asked(&self, query: &mut Query) -> Asked<F> {
        let mut given: Vec<(String, String)> = query.beginning_with("filter").filter(|(name, _)| self.asks(name)).collect();
        given.sort();
        let (mut conditions, mut asked) = (Vec::new(), String::new());
        for (parameter, text) in given {
            asked = format!("{asked} {parameter}={text:?}");
            match self.condition(&parameter, &text) {
                Ok(condition) => conditions.extend(condition),
                Err(problem) => query.fail(&parameter, problem),
            }
        }
        Asked { conditions, text: asked }
    }

    fn condition(&self, parameter: &str, text: &str) -> Result<Option<Condition<F>>, Problem> {
        let found = split(parameter).and_then(|(name, operator)| {
            let derived = self.0.iter().find(|(derived, _)| derived.name == name);
            derived.map(|(derived, words)| (derived.field, words, operator))
        });
        let Some((field, words, operator)) = found else { return Ok(None) };
        let operator = OPERATORS.into_iter().find(|known| known.word() == operator).ok_or_else(|| {
            let words = OPERATORS.map(|operator| operator.word().to_owned());
            unknown("operator", &words)
        })?;
        let wanted: Vec<&str> = match operator {
            Operator::In => text.split(',').collect(),
            _ => vec![text],
        };
        let mut values = Vec::new();
        for word in wanted {
            values.extend(values_of(words, word)?);
        }
        if operator == Operator::Ne {
            let all = words.iter().flat_map(|(_, values)| values.iter().copied());
            values = all.filter(|value| !values.contains(value)).collect();
        }
        values.sort_unstable();
        values.dedup();
        Ok(Some(Condition::one_of(field, values)))
    }
}

fn values_of<'w>(words: &'w [(String, Vec<i64>)], word: &str) -> Result<&'w [i64], Problem> {
    let wanted = word.trim().to_lowercase();
    let found = words.iter().find(|(known, _)| known.to_lowercase() == wanted);
    found.map(|(_, values)| values.as_slice()).ok_or_else(|| Problem::Choice {
        allowed: words.iter().map(|(known, _)| known.clone()).collect(),
    })
}
