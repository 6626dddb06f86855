//! The change feed in SQL.

mod wanted;

use crm_domain::{
    error::{Error, Result},
    stamp::Stamp,
    tenant::change::{Change, ChangeFilter, ChangeKind, ChangeReads, EntityKind, NewChange, Stretch},
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, TextExpressionMethods,
    dsl::max,
};

use super::{
    Session, Writing,
    counter::next,
    schema::{change, counter},
};
use crate::{connection::Connection, error::map, insert_rows};

#[derive(Debug, Queryable, Insertable)]
#[diesel(table_name = change, treat_none_as_default_value = false)]
pub(crate) struct ChangeRow {
    seq: i64,
    stamp: i64,
    entity: String,
    entity_id: i64,
    kind: String,
    actor: String,
    family: String,
    fields: String,
}

impl TryFrom<ChangeRow> for Change {
    type Error = Error;

    fn try_from(row: ChangeRow) -> Result<Self> {
        let unknown = |what: &str| Error::Internal(format!("change {}: unknown {what}", row.seq));
        Ok(Self {
            seq: row.seq,
            stamp: Stamp::from_micros(row.stamp),
            entity: EntityKind::parse(&row.entity).ok_or_else(|| unknown("entity"))?,
            entity_id: row.entity_id,
            kind: ChangeKind::parse(&row.kind).ok_or_else(|| unknown("kind"))?,
            actor: row.actor,
            family: row.family,
            fields: row.fields,
        })
    }
}

/// What the unit recorded; sequence numbers are taken here, when the unit has succeeded, so that a unit undone leaves no gap.
pub(crate) fn take_recorded(session: &mut Session<'_, Writing<'_>>) -> Vec<ChangeRow> {
    let state = &mut session.state;
    let recorded = std::mem::take(&mut state.changes);
    let carried = std::mem::take(&mut state.carried);
    if recorded.is_empty() && carried.is_empty() {
        return Vec::new();
    }
    let (stamp, actor, family) = (state.stamp.micros(), state.origin.actor.to_string(), state.origin.family);
    let own = recorded.into_iter().map(|new| (new, actor.clone(), family.to_owned()));
    let others = carried.into_iter().map(|carried| (carried.change, carried.actor, carried.family));
    let row = |(new, actor, family): (NewChange, String, String)| ChangeRow {
        seq: next(&mut state.counters.change_seq),
        stamp,
        entity: new.entity.as_str().to_owned(),
        entity_id: new.entity_id,
        kind: new.kind.as_str().to_owned(),
        actor,
        family,
        fields: new.fields,
    };
    own.chain(others).map(row).collect()
}

/// Appends changes to the feed.
pub(crate) fn insert(connection: &mut Connection, rows: &Vec<ChangeRow>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    insert_rows!(connection, change::table, rows).map_err(map)
}

impl<State> ChangeReads for Session<'_, State> {
    fn list(&mut self, filter: &ChangeFilter, stretch: &Stretch) -> Result<Vec<Change>> {
        let Some(statement) = wanted::statement(filter, stretch) else {
            return Ok(Vec::new());
        };
        let rows: Vec<ChangeRow> = statement.load(self.connection).map_err(map)?;
        rows.into_iter().map(Change::try_from).collect()
    }

    fn count(&mut self, filter: &ChangeFilter) -> Result<u64> {
        if let (Some(unwanted), None, None) = (&filter.but_by, &filter.actor, &filter.record) {
            // Two counts within indexes, where one would look at every row for its actor.
            let all = ChangeFilter {
                but_by: None,
                ..filter.clone()
            };
            let theirs = ChangeFilter {
                actor: Some(unwanted.clone()),
                ..all.clone()
            };
            return Ok(self.count(&all)?.saturating_sub(self.count(&theirs)?));
        }
        let mut count = 0;
        for branch in wanted::counts(filter) {
            let part: i64 = branch.get_result(self.connection).map_err(map)?;
            count += u64::try_from(part).unwrap_or(0);
        }
        Ok(count)
    }

    fn last_but(&mut self, filter: &ChangeFilter, skipped: u64) -> Result<Option<i64>> {
        let Some(statement) = wanted::last_but(filter, skipped) else {
            return Ok(None);
        };
        statement.get_result(self.connection).optional().map_err(map)
    }

    fn first_since(&mut self, stamp: Stamp) -> Result<i64> {
        // Numbers and stamps ascend together: halving finds the place in as many looks as the last number has binary digits, without an
        // index that every change would have to be entered in.
        let (mut first, mut end) = (1, self.last_seq()? + 1);
        while first < end {
            let middle = first + (end - first) / 2;
            let at = change::table.find(middle).select(change::stamp).first::<i64>(self.connection);
            match at.optional().map_err(map)? {
                Some(at) if at < stamp.micros() => first = middle + 1,
                Some(_) => end = middle,
                None => return Err(Error::Internal(format!("the change feed lacks number {middle}"))),
            }
        }
        Ok(first)
    }

    fn list_after(&mut self, seq: i64, limit: u32) -> Result<Vec<Change>> {
        let rows = change::table
            .filter(change::seq.gt(seq))
            .order(change::seq.asc())
            .limit(i64::from(limit));
        rows.load::<ChangeRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Change::try_from)
            .collect()
    }

    fn list_of(&mut self, entity: EntityKind, entity_id: i64, before: i64, limit: u32) -> Result<Vec<Change>> {
        let of = change::table
            .filter(change::entity.eq(entity.as_str()))
            .filter(change::entity_id.eq(entity_id))
            .filter(change::seq.lt(before));
        let rows = of.order(change::seq.desc()).limit(i64::from(limit));
        rows.load::<ChangeRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Change::try_from)
            .collect()
    }

    fn list_of_unit(&mut self, seq: i64) -> Result<Vec<Change>> {
        let stamp: Option<i64> = change::table
            .find(seq)
            .select(change::stamp)
            .first(self.connection)
            .optional()
            .map_err(map)?;
        let Some(stamp) = stamp else { return Ok(Vec::new()) };
        // Numbers and stamps ascend together: the unit lies between its neighbours, and the search for those ends with the unit.
        let before: Option<i64> = change::table
            .filter(change::seq.lt(seq))
            .filter(change::stamp.lt(stamp))
            .order(change::seq.desc())
            .select(change::seq)
            .first(self.connection)
            .optional()
            .map_err(map)?;
        let behind: Option<i64> = change::table
            .filter(change::seq.gt(seq))
            .filter(change::stamp.gt(stamp))
            .order(change::seq.asc())
            .select(change::seq)
            .first(self.connection)
            .optional()
            .map_err(map)?;
        let rows = change::table
            .filter(change::seq.gt(before.unwrap_or(0)))
            .filter(change::seq.lt(behind.unwrap_or(i64::MAX)))
            .order(change::seq.asc());
        rows.load::<ChangeRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Change::try_from)
            .collect()
    }

    fn list_of_field(&mut self, entity: EntityKind, entity_id: i64, field: &str) -> Result<Vec<Change>> {
        let of = change::table
            .filter(change::entity.eq(entity.as_str()))
            .filter(change::entity_id.eq(entity_id));
        // The underscores of a name fit any character: others of the record's changes may come along.
        let named = of.filter(change::fields.like(format!("%\"{field}\":%")));
        named
            .order(change::seq.asc())
            .load::<ChangeRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Change::try_from)
            .collect()
    }

    fn list_later(&mut self, kind: EntityKind, ids: &[i64], after: i64, place: Option<(i64, i64)>, limit: u32) -> Result<Vec<Change>> {
        let (record, seq) = place.unwrap_or((i64::MAX, i64::MAX));
        let left: Vec<i64> = ids.iter().copied().filter(|id| *id <= record).collect();
        let of = change::table
            .filter(change::entity.eq(kind.as_str()))
            .filter(change::entity_id.eq_any(left))
            .filter(change::seq.gt(after));
        let behind = of.filter(change::entity_id.ne(record).or(change::seq.lt(seq)));
        // In the order of the index: any other would let the planner look at every change behind `after` for its record.
        let rows = behind.order((change::entity_id.desc(), change::seq.desc())).limit(i64::from(limit));
        rows.load::<ChangeRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Change::try_from)
            .collect()
    }

    fn stamps_before(&mut self, kind: EntityKind, ids: &[i64], before: i64) -> Result<Vec<(i64, Stamp)>> {
        let stamping: Vec<&str> = ChangeKind::ALL
            .iter()
            .filter(|kind| kind.gives_stamp())
            .map(|kind| kind.as_str())
            .collect();
        let last = change::table
            .filter(change::entity.eq(kind.as_str()))
            .filter(change::entity_id.eq_any(ids.to_vec()))
            .filter(change::seq.lt(before))
            .filter(change::kind.eq_any(stamping))
            .group_by(change::entity_id)
            .select((change::entity_id, max(change::stamp)));
        let rows: Vec<(i64, Option<i64>)> = last.load(self.connection).map_err(map)?;
        let stamped = rows.into_iter().filter_map(|(id, stamp)| Some((id, Stamp::from_micros(stamp?))));
        Ok(stamped.collect())
    }

    fn last_seq(&mut self) -> Result<i64> {
        counter::table
            .find(1)
            .select(counter::change_seq)
            .first(self.connection)
            .map_err(map)
    }
}
