//! What callers say of a custom field, and how it becomes valid fields.

use std::{collections::HashSet, fmt, ops::Deref};

use serde::Serialize;

use super::{CHOICES_MAX, CUSTOMIZED, Choice, CustomFieldFields, FieldType, POSITION_MAX};
use crate::{
    error::{Problem, Result},
    field::{Check, Patch, Text, parse_integer},
    query::Field,
    tenant::{
        account::AccountField, activity::ActivityField, change::EntityKind, contact::ContactField, lead::LeadField,
        opportunity::OpportunityField, task::TaskField, ticket::TicketField,
    },
};

/// Most characters of a key.
const KEY_MAX: usize = 40;

/// What callers name a custom field by: a small ASCII letter, then up to 39 letters, digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct FieldKey(String);

impl FieldKey {
    /// Trims and checks `value`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(value: &str) -> Result<Self, Problem> {
        let value = value.trim();
        if value.is_empty() {
            return Err(Problem::Required);
        }
        let is_key = value.starts_with(|first: char| first.is_ascii_lowercase())
            && value.len() <= KEY_MAX
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_key {
            return Ok(Self(value.to_owned()));
        }
        Err(Problem::Rule(format!(
            "must be a small letter and then at most {} letters, digits and underscores",
            KEY_MAX - 1
        )))
    }

    /// Trusts a value that was parsed before it was stored.
    pub fn from_store(value: String) -> Self {
        Self(value)
    }

    /// The key itself.
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl Deref for FieldKey {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a caller says of a custom field, unparsed; the position as its decimal text. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of CustomFieldFields")]
pub struct CustomFieldDraft {
    pub entity: Patch<EntityKind>,
    pub key: Patch<String>,
    /// The key when left out.
    pub label: Patch<String>,
    pub field_type: Patch<String>,
    pub required: Patch<bool>,
    pub unique: Patch<bool>,
    /// Set as a whole.
    pub choices: Patch<Vec<String>>,
    /// Behind the others when left out.
    pub position: Patch<String>,
}

impl CustomFieldDraft {
    /// The kind of record that it names, when that can have custom fields.
    pub(super) fn entity(&self) -> Option<EntityKind> {
        match &self.entity {
            Patch::Set(entity) => Some(*entity).filter(|entity| CUSTOMIZED.contains(entity)),
            Patch::Keep | Patch::Clear => None,
        }
    }
}

impl CustomFieldFields {
    /// Parses a new field; `position` is the one it has unless the draft says otherwise.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with everything that is wrong.
    pub fn parse(draft: CustomFieldDraft, position: i64, check: Check) -> Result<Self> {
        Self::merge(None, draft, position, check)
    }

    /// Parses an update of `self`: what the draft does not mention stays.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with everything that is wrong.
    pub fn updated(&self, draft: CustomFieldDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.position, check)
    }

    fn merge(current: Option<&Self>, draft: CustomFieldDraft, position: i64, mut check: Check) -> Result<Self> {
        let entity = entity(current.map(|c| c.entity), &draft, &mut check);
        let key = check.required("key", draft.key, current.map(|c| c.key.clone()), FieldKey::parse);
        if let (Some(entity), Some(key)) = (entity, &key)
            && is_built_in(entity, key)
        {
            let rule = "must not be the name of a field that these records have anyway";
            check.fail("key", Problem::Rule(rule.to_owned()));
        }
        let label = check.optional("label", draft.label, current.map(|c| c.label.clone()), Text::parse);
        let field_type = check.required("field_type", draft.field_type, current.map(|c| c.field_type), FieldType::parse);
        let flag = |given: Patch<bool>, current: Option<bool>| given.or_current(current).unwrap_or(false);
        let required = flag(draft.required, current.map(|c| c.required));
        let unique = flag(draft.unique, current.map(|c| c.unique));
        if unique && field_type == Some(FieldType::Bool) {
            let rule = "cannot be asked of a field of two values";
            check.fail("unique", Problem::Rule(rule.to_owned()));
        }
        let choices = choices(current, draft.choices, field_type, &mut check);
        let parse_position = |text: &str| parse_integer(text, 0, POSITION_MAX);
        let position = check.optional("position", draft.position, Some(position), parse_position);
        let named = entity.zip(key).zip(field_type);
        let fields = named.map(|((entity, key), field_type)| Self {
            entity,
            label: label.unwrap_or_else(|| Text::from_store(key.to_string())),
            key,
            field_type,
            required,
            unique,
            choices,
            position: position.unwrap_or_default(),
        });
        check.finish_with(fields)
    }
}

fn entity(current: Option<EntityKind>, draft: &CustomFieldDraft, check: &mut Check) -> Option<EntityKind> {
    let problem = match (current, &draft.entity) {
        (Some(current), Patch::Keep) => return Some(current),
        (Some(current), Patch::Set(entity)) if *entity == current => return Some(current),
        (Some(_), Patch::Set(_) | Patch::Clear) => Problem::Rule("cannot be changed".to_owned()),
        (None, Patch::Keep | Patch::Clear) => Problem::Required,
        (None, Patch::Set(entity)) if CUSTOMIZED.contains(entity) => return Some(*entity),
        (None, Patch::Set(_)) => Problem::Choice {
            allowed: CUSTOMIZED.map(|kind| kind.as_str().to_owned()).to_vec(),
        },
    };
    check.fail("entity", problem);
    None
}

/// Whether it is the name of one of the fields that the kind of record has in every tenant, however its words are joined.
fn is_built_in(entity: EntityKind, key: &str) -> bool {
    fn names<F: Field>() -> Vec<&'static str> {
        F::ALL.iter().map(|field| field.spec().name).collect()
    }
    let mut known = match entity {
        EntityKind::Account => names::<AccountField>(),
        EntityKind::Contact => names::<ContactField>(),
        EntityKind::Lead => names::<LeadField>(),
        EntityKind::Activity => names::<ActivityField>(),
        EntityKind::Task => names::<TaskField>(),
        EntityKind::Opportunity => names::<OpportunityField>(),
        EntityKind::Ticket => names::<TicketField>(),
        _ => Vec::new(),
    };
    known.extend(["uuid", "tags", "tenant_id", super::MEMBER]);
    let squeezed = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let key = squeezed(key);
    known.iter().any(|name| squeezed(name) == key)
}

fn choices(
    current: Option<&CustomFieldFields>,
    given: Patch<Vec<String>>,
    field_type: Option<FieldType>,
    check: &mut Check,
) -> Vec<Choice> {
    let (texts, are_given) = match given {
        Patch::Set(texts) => (texts, true),
        Patch::Clear => (Vec::new(), true),
        Patch::Keep => {
            let kept = current.map_or(&[][..], |c| &c.choices);
            (kept.iter().map(ToString::to_string).collect(), false)
        }
    };
    match field_type {
        Some(FieldType::Choice) if texts.is_empty() => check.fail("choices", Problem::Required),
        Some(FieldType::Choice) | None => {}
        // What another type had falls away with it.
        Some(_) if texts.is_empty() || !are_given => return Vec::new(),
        Some(_) => check.fail("choices", Problem::Rule("are only for the type choice".to_owned())),
    }
    if texts.len() > CHOICES_MAX {
        check.fail("choices", Problem::Rule(format!("must be at most {CHOICES_MAX}")));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut parsed = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match parse_choice(text) {
            Ok(choice) if seen.insert(choice.to_lowercase()) => parsed.push(choice),
            Ok(_) => check.fail(&format!("choices[{index}]"), Problem::Rule("must not stand there twice".to_owned())),
            Err(problem) => check.fail(&format!("choices[{index}]"), problem),
        }
    }
    parsed
}

/// No comma: conditions name several values between commas.
fn parse_choice(text: &str) -> Result<Choice, Problem> {
    if text.contains(',') {
        return Err(Problem::Rule("must not contain a comma".to_owned()));
    }
    Text::parse(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    fn set(text: &str) -> Patch<String> {
        Patch::Set(text.to_owned())
    }

    fn draft(field_type: &str) -> CustomFieldDraft {
        CustomFieldDraft {
            entity: Patch::Set(EntityKind::Account),
            key: set("tier"),
            field_type: set(field_type),
            ..CustomFieldDraft::default()
        }
    }

    fn with_choices(choices: &[&str]) -> CustomFieldDraft {
        CustomFieldDraft {
            choices: Patch::Set(choices.iter().map(|choice| (*choice).to_owned()).collect()),
            ..draft("choice")
        }
    }

    fn parse(draft: CustomFieldDraft) -> Result<CustomFieldFields> {
        CustomFieldFields::parse(draft, 7, Check::new())
    }

    fn wrong(result: Result<CustomFieldFields>) -> Vec<String> {
        match result {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let fields = parse(draft("NUMBER")).unwrap();
        assert_eq!((&*fields.label, fields.field_type, fields.position), ("tier", FieldType::Number, 7));
        assert_eq!((fields.required, fields.unique, fields.choices), (false, false, Vec::new()));
    }

    #[test]
    fn every_wrong_part_is_told_at_once() {
        assert_eq!(wrong(parse(CustomFieldDraft::default())), ["entity", "field_type", "key"]);
        let bad = CustomFieldDraft {
            entity: Patch::Set(EntityKind::Partner),
            key: set("9lives"),
            label: Patch::Set("x".repeat(101)),
            unique: Patch::Set(true),
            choices: Patch::Set(vec!["a".to_owned()]),
            position: set("-1"),
            ..draft("bool")
        };
        assert_eq!(wrong(parse(bad)), ["choices", "entity", "key", "label", "position", "unique"]);
    }

    #[test]
    fn choices_are_distinct_and_only_for_choices() {
        let fields = parse(with_choices(&[" Gold ", "Silver"])).unwrap();
        assert_eq!(
            fields.choices.iter().map(|choice| &**choice).collect::<Vec<_>>(),
            ["Gold", "Silver"]
        );
        assert_eq!(wrong(parse(with_choices(&[]))), ["choices"]);
        assert_eq!(
            wrong(parse(with_choices(&["Gold", " ", "gold", "a,b"]))),
            ["choices[1]", "choices[2]", "choices[3]"]
        );
        assert_eq!(wrong(parse(with_choices(&vec!["x"; 101]))), ["choices"]);
        // Another type has none; the one that there was before falls away.
        let plain = fields.updated(
            CustomFieldDraft {
                field_type: set("text"),
                ..CustomFieldDraft::default()
            },
            Check::new(),
        );
        assert_eq!(plain.unwrap().choices, []);
    }

    #[test]
    fn the_names_of_built_in_fields_are_no_keys() {
        for key in [
            "name",
            "annualRevenue",
            "annual_revenue",
            "ownerId",
            "id",
            "customFields",
            "tenantId",
        ] {
            let named = CustomFieldDraft {
                key: set(key),
                ..draft("text")
            };
            assert_eq!(wrong(parse(named)), ["key"], "{key}");
        }
        let other = CustomFieldDraft {
            entity: Patch::Set(EntityKind::Contact),
            key: set("annualRevenue"),
            ..draft("text")
        };
        assert!(parse(other).is_ok());
    }

    #[test]
    fn the_kind_of_record_stays() {
        let fields = parse(draft("text")).unwrap();
        let change = |entity| {
            let draft = CustomFieldDraft {
                entity,
                ..CustomFieldDraft::default()
            };
            fields.updated(draft, Check::new())
        };
        assert_eq!(change(Patch::Set(EntityKind::Account)).unwrap(), fields);
        assert_eq!(wrong(change(Patch::Set(EntityKind::Lead))), ["entity"]);
        assert_eq!(wrong(change(Patch::Clear)), ["entity"]);
    }

    proptest! {
        #[test]
        fn a_key_is_what_the_rule_says(text in "[ a-zA-Z0-9_é-]{0,44}") {
            let trimmed = text.trim();
            let mut letters = trimmed.chars();
            let expected = letters.next().is_some_and(|first| first.is_ascii_lowercase())
                && trimmed.chars().count() <= 40
                && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            prop_assert_eq!(FieldKey::parse(&text).is_ok(), expected);
        }

        #[test]
        fn no_definition_panics(key in ".*", label in ".*", kind in ".*", choices in prop::collection::vec(".*", 0..5), position in ".*") {
            let draft = CustomFieldDraft {
                key: Patch::Set(key),
                label: Patch::Set(label),
                field_type: Patch::Set(kind),
                choices: Patch::Set(choices),
                position: Patch::Set(position),
                ..draft("choice")
            };
            let _ = parse(draft);
        }
    }
}
