//! Reads which changes are asked for: the same for the feed, its stream and the audit log.

use crm_domain::{
    error::Problem,
    id::{AccountId, RecordId},
    tenant::change::{ChangeFilter, EntityKind},
};

use crate::families::saas::{
    page::Query,
    word::{noun_of, prefix_of},
};

/// `entity`: of these kinds of record.
pub(crate) fn of_entities(query: &mut Query) -> ChangeFilter {
    ChangeFilter {
        entities: query.parsed("entity", kinds),
        ..ChangeFilter::default()
    }
}

/// `entity` and `entityId`: of these kinds of record, and of this record.
pub(crate) fn asked(query: &mut Query) -> ChangeFilter {
    let mut filter = of_entities(query);
    filter.record = query.parsed("entityId", record);
    let is_among = |(kind, _)| filter.entities.as_ref().is_none_or(|kinds| kinds.contains(&kind));
    if filter.record.is_some_and(|record| !is_among(record)) {
        query.fail("entityId", Problem::Rule("must be of a kind that entity names".to_owned()));
    }
    filter
}

/// Kinds of record in this family's words, one or many of each, separated by commas.
fn kinds(text: &str) -> Result<Vec<EntityKind>, Problem> {
    let is_called = |kind: &EntityKind, word: &str| {
        let noun = noun_of(kind.as_str());
        word == noun || word == plural(noun)
    };
    let kind = |word: &str| EntityKind::ALL.into_iter().find(|kind| is_called(kind, word));
    let kinds: Option<Vec<_>> = text.split(',').map(|word| kind(word.trim())).collect();
    kinds.ok_or_else(|| Problem::Choice {
        allowed: EntityKind::ALL.map(|kind| noun_of(kind.as_str()).to_owned()).into(),
    })
}

fn plural(noun: &str) -> String {
    let stem = noun.strip_suffix('y').filter(|stem| !stem.ends_with('e'));
    stem.map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

/// A record's id, whose prefix tells its kind.
fn record(text: &str) -> Result<(EntityKind, i64), Problem> {
    // Which noun's number it is, the prefix says.
    let number = |kind: EntityKind| AccountId::parse_prefixed(text, prefix_of(kind)).map(RecordId::get);
    let found = EntityKind::ALL.into_iter().find_map(|kind| number(kind).map(|id| (kind, id)));
    found.ok_or_else(|| Problem::Rule("must be a record's id such as deal_7".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_in_this_familys_words() {
        assert_eq!(kinds("deal").unwrap(), [EntityKind::Opportunity]);
        assert_eq!(kinds("company, lead").unwrap(), [EntityKind::Account, EntityKind::Lead]);
        assert_eq!(
            kinds("companies,deals,slaPolicies,apiKeys").unwrap(),
            [
                EntityKind::Account,
                EntityKind::Opportunity,
                EntityKind::SlaPolicy,
                EntityKind::ApiKey
            ]
        );
        for bad in ["account", "", "deal,", "deal;lead", "Deal", "companys"] {
            assert!(kinds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_tells_its_kind() {
        for kind in EntityKind::ALL {
            assert_eq!(record(&format!("{}12", prefix_of(kind))).unwrap(), (kind, 12));
        }
        for bad in ["", "12", "deal", "deal_", "deal_x", "deal_07", "tenant_1", "Deal_1"] {
            assert!(record(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_record_of_another_kind_is_refused() {
        let read = |text: &str| {
            let mut query = Query::parse(text);
            let filter = asked(&mut query);
            query.finish().map(|()| filter.record)
        };
        assert_eq!(read("entity=deal,lead&entityId=lead_3").unwrap(), Some((EntityKind::Lead, 3)));
        assert_eq!(read("entityId=lead_3").unwrap(), Some((EntityKind::Lead, 3)));
        assert!(read("entity=deal&entityId=lead_3").is_err());
    }
}
