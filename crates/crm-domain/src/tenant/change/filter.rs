//! Which changes of the feed a reader wants.

use super::{Change, ChangeKind, EntityKind};
use crate::page::Direction;

/// Which changes are wanted: all that is asked must hold, and what is `None` is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Of one of these kinds of record; an empty list wants none.
    pub entities: Option<Vec<EntityKind>>,
    /// Of the record of this kind with this id.
    pub record: Option<(EntityKind, i64)>,
    /// Of one of these sorts; an empty list wants none.
    pub kinds: Option<Vec<ChangeKind>>,
    /// By this actor, as [`Actor`](super::Actor) shows.
    pub actor: Option<String>,
    /// By anybody but this actor.
    pub but_by: Option<String>,
    /// With a greater number than this one; 0 asks for nothing.
    pub behind: i64,
}

impl ChangeFilter {
    /// The changes of these kinds of record.
    pub fn of_entities(entities: Vec<EntityKind>) -> Self {
        Self {
            entities: Some(entities),
            ..Self::default()
        }
    }

    /// Whether a change is wanted.
    pub fn meets(&self, change: &Change) -> bool {
        let Self {
            entities,
            record,
            kinds,
            actor,
            but_by,
            behind,
        } = self;
        entities.as_ref().is_none_or(|wanted| wanted.contains(&change.entity))
            && record.is_none_or(|wanted| wanted == (change.entity, change.entity_id))
            && kinds.as_ref().is_none_or(|wanted| wanted.contains(&change.kind))
            && actor.as_ref().is_none_or(|wanted| *wanted == change.actor)
            && but_by.as_ref().is_none_or(|unwanted| *unwanted != change.actor)
            && change.seq > *behind
    }
}

/// A stretch of the feed, and how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// It begins behind this number.
    pub after: i64,
    /// It ends before this number.
    pub before: i64,
    /// Ascending reads the oldest first.
    pub direction: Direction,
    /// Most changes read.
    pub limit: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{stamp::Stamp, tenant::change::KeptActor};

    #[test]
    fn all_that_is_asked_must_hold() {
        let change = Change {
            seq: 1,
            stamp: Stamp::from_micros(0),
            entity: EntityKind::Lead,
            entity_id: 3,
            kind: ChangeKind::Updated,
            actor: "user:7".to_owned(),
            family: "saas".to_owned(),
            fields: "{}".to_owned(),
        };
        let right = ChangeFilter {
            entities: Some(vec![EntityKind::Account, EntityKind::Lead]),
            record: Some((EntityKind::Lead, 3)),
            kinds: Some(vec![ChangeKind::Updated]),
            actor: Some("user:7".to_owned()),
            but_by: Some("user:8".to_owned()),
            behind: 0,
        };
        assert!(right.meets(&change) && ChangeFilter::default().meets(&change));
        for wrong in [
            ChangeFilter::of_entities(vec![EntityKind::Account]),
            ChangeFilter {
                record: Some((EntityKind::Account, 3)),
                ..right.clone()
            },
            ChangeFilter {
                record: Some((EntityKind::Lead, 4)),
                ..right.clone()
            },
            ChangeFilter {
                kinds: Some(Vec::new()),
                ..right.clone()
            },
            ChangeFilter {
                actor: Some("user:8".to_owned()),
                ..right.clone()
            },
            ChangeFilter {
                but_by: Some("user:7".to_owned()),
                ..right.clone()
            },
            ChangeFilter {
                behind: 1,
                ..right.clone()
            },
        ] {
            assert!(!wrong.meets(&change), "{wrong:?}");
        }
    }

    #[test]
    fn an_actor_reads_back() {
        use super::super::Actor;
        use crate::id::{ApiKeyId, RecordId, UserId};
        let (user, key) = (UserId::from_i64(7), ApiKeyId::from_i64(3));
        for (actor, kept) in [
            (Actor::User(user), KeptActor::User(user)),
            (Actor::ApiKey(key), KeptActor::ApiKey(key)),
            (Actor::Job("import"), KeptActor::Job("import")),
            (Actor::System, KeptActor::System),
        ] {
            assert_eq!(KeptActor::parse(&actor.to_string()), Some(kept));
        }
        for unknown in ["", "user", "user:", "user:x", "user:07", "robot:1", "system:1"] {
            assert_eq!(KeptActor::parse(unknown), None, "{unknown}");
        }
    }
}
