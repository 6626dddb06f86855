//! Rows that are opportunities.

use std::{collections::HashSet, sync::Arc};

use time::Date;

use crate::{
    error::Result,
    field::{Check, Patch, Text},
    id::{AccountId, OpportunityId, RecordId, StageId, UserId},
    stamp::Stamp,
    tenant::{
        TenantStore, UnitOfWork,
        opportunity::{Opportunity, OpportunityContext, OpportunityDraft, OpportunityFields, context, create_many, ensure_stages, revise},
        pipeline::{Pipeline, Stage, StageFields, StageKind},
    },
};

use super::{
    columns::Columns,
    noun::{Gate, Natural, Noun, Records, Row},
};

/// Opportunities.
pub(super) struct Opportunities {
    columns: Arc<Columns>,
    context: OpportunityContext,
}

/// A valid row. The stage is that of the fields, so that it adds nothing to a comparison.
pub(super) struct OpportunityRow {
    fields: OpportunityFields,
    stage: Stage,
}

impl PartialEq for OpportunityRow {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Opportunities {
    /// What the row says of an opportunity in `current` stage.
    fn draft(&self, cells: &[String], current: Option<&Stage>) -> OpportunityDraft {
        let patch = |field| self.columns.patch(cells, field);
        let first_of = |field, other| match patch(field) {
            Patch::Keep => patch(other),
            given => given,
        };
        let closing = self.is_closing(cells, current);
        OpportunityDraft {
            external_id: patch("external_id"),
            name: self.name(cells, current.is_some()),
            account_id: Patch::Keep,
            contact_id: Patch::Keep,
            stage: patch("stage"),
            stage_id: Patch::Keep,
            amount: patch("amount"),
            currency: patch("currency"),
            probability: patch("probability"),
            expected_close_date: first_of("expected_close_date", "close_date"),
            closed_on: if closing {
                first_of("closed_on", "close_date")
            } else {
                Patch::Keep
            },
            engaged_on: patch("engaged_on"),
            description: patch("description"),
            lead_source: patch("lead_source"),
            next_step: patch("next_step"),
            include_in_forecast: Patch::Keep,
            owner_id: Patch::Keep,
        }
    }

    /// A row without a name is called by its product. An opportunity that is there keeps a name that people gave it.
    fn name(&self, cells: &[String], exists: bool) -> Patch<String> {
        match self.columns.patch(cells, "name") {
            Patch::Keep if !exists || !self.columns.has("name") => self.columns.patch(cells, "product"),
            given => given,
        }
    }

    /// Whether the row leaves the opportunity in a closing stage.
    fn is_closing(&self, cells: &[String], current: Option<&Stage>) -> bool {
        let named = self.columns.text(cells, "stage").and_then(|name| self.stage_named(name));
        named.or(current).is_some_and(|stage| stage.fields.kind != StageKind::Open)
    }

    fn stage_named(&self, name: &str) -> Option<&Stage> {
        self.context.default_pipeline().and_then(|pipeline| pipeline.stage_named(name))
    }

    /// The stages that the rows name and that do not exist, in the order of the rows.
    fn unknown_stages(&self, rows: &[Row]) -> Vec<Text<100>> {
        let (mut seen, mut unknown) = (HashSet::new(), Vec::new());
        for row in rows {
            let Some(name) = self.columns.text(&row.cells, "stage") else {
                continue;
            };
            // A name that is no valid one fails its row, when that is parsed.
            if seen.insert(name.to_lowercase())
                && self.stage_named(name).is_none()
                && let Ok(name) = Text::parse(name)
            {
                unknown.push(name);
            }
        }
        unknown
    }

    /// The day of closing is the row's or the record's own: a day that nobody gave is not made up.
    fn without_invented_day(mut row: OpportunityRow, given: bool, before: Option<Date>) -> OpportunityRow {
        if !given && row.stage.fields.kind != StageKind::Open {
            row.fields.closed_on = before;
        }
        row
    }
}

impl Noun for Opportunities {
    type Record = Opportunity;
    type Parsed = OpportunityRow;
    const NOUN: &'static str = OpportunityId::NOUN;
    const NATURAL: Natural = Natural::None;
    const ACCOUNT: Option<&'static str> = Some("account");
    const NEEDS_ACCOUNT: bool = true;

    fn new(store: &dyn TenantStore, columns: Arc<Columns>, owner: UserId) -> Result<Self> {
        let pipelines = store.reading(|reader| reader.pipelines().list())?;
        let context = OpportunityContext {
            owner,
            pipelines,
            // Never shown: see `without_invented_day`.
            today: Stamp::from_micros(0).date(),
        };
        Ok(Self { columns, context })
    }

    fn columns(&self) -> &Arc<Columns> {
        &self.columns
    }

    fn prepared(&self, rows: &[Row], gate: &Gate<'_>) -> Result<Option<(Self, u64)>> {
        let unknown = self.unknown_stages(rows);
        if unknown.is_empty() {
            return Ok(None);
        }
        let made = unknown.len() as u64;
        let context = if gate.dry_run {
            imagined(&self.context, unknown)
        } else {
            with_stages(gate, unknown, self.context.owner)?
        };
        let columns = self.columns.clone();
        Ok(Some((Self { columns, context }, made)))
    }

    fn parse(&self, cells: &[String]) -> Result<OpportunityRow> {
        let draft = self.draft(cells, None);
        let given = matches!(draft.closed_on, Patch::Set(_));
        let (fields, stage) = OpportunityFields::parse(draft, &self.context, Check::new())?;
        Ok(Self::without_invented_day(OpportunityRow { fields, stage }, given, None))
    }

    fn merge(&self, current: &OpportunityRow, row: &Row, account: Option<AccountId>) -> Result<OpportunityRow> {
        let draft = OpportunityDraft {
            account_id: account.into(),
            owner_id: row.owner.into(),
            ..self.draft(&row.cells, Some(&current.stage))
        };
        let given = matches!(draft.closed_on, Patch::Set(_));
        let (fields, stage) = current.fields.updated(draft, &self.context, Check::new())?;
        let merged = OpportunityRow { fields, stage };
        Ok(Self::without_invented_day(merged, given, current.fields.closed_on))
    }

    fn complete(parsed: &mut OpportunityRow, owner: Option<UserId>, account: Option<AccountId>) {
        parsed.fields.owner_id = owner.unwrap_or(parsed.fields.owner_id);
        parsed.fields.account_id = account.or(parsed.fields.account_id);
    }

    fn external_id(parsed: &OpportunityRow) -> Option<&str> {
        parsed.fields.external_id.as_deref()
    }

    fn natural_key(_parsed: &OpportunityRow) -> Option<String> {
        None
    }

    fn stage(parsed: &OpportunityRow) -> Option<&str> {
        Some(&parsed.stage.fields.name)
    }

    fn lookup_external(records: &mut Records<'_>, ids: &[String]) -> Result<Vec<Opportunity>> {
        records.opportunities().lookup_external(ids)
    }

    fn lookup_natural(_records: &mut Records<'_>, _keys: &[String]) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }

    fn id(record: &Opportunity) -> i64 {
        record.id.get()
    }

    fn fields(record: &Opportunity) -> OpportunityRow {
        OpportunityRow {
            fields: record.fields.clone(),
            stage: record.stage.clone(),
        }
    }

    fn add(unit: &mut dyn UnitOfWork, new: Vec<OpportunityRow>) -> Result<Vec<i64>> {
        let new = new.into_iter().map(|row| (row.fields, row.stage)).collect();
        let added = create_many(unit, new)?;
        Ok(added.iter().map(|opportunity| opportunity.id.get()).collect())
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Opportunity, row: OpportunityRow) -> Result<()> {
        revise(unit, before, row.fields, row.stage).map(drop)
    }
}

/// Adds the stages and reads the pipelines again.
fn with_stages(gate: &Gate<'_>, names: Vec<Text<100>>, owner: UserId) -> Result<OpportunityContext> {
    gate.store.writing(gate.origin.clone(), move |unit| {
        ensure_stages(unit, &names)?;
        context(unit, owner)
    })
}

/// The context as it would be with the stages: their ids, below zero, are those of no stage.
fn imagined(context: &OpportunityContext, names: Vec<Text<100>>) -> OpportunityContext {
    let mut context = context.clone();
    let default = context.pipelines.iter_mut().max_by_key(|pipeline| pipeline.is_default);
    if let Some(pipeline) = default {
        for name in names {
            pipeline.stages.push(imagined_stage(pipeline, name));
        }
    }
    context
}

fn imagined_stage(pipeline: &Pipeline, name: Text<100>) -> Stage {
    let count = i64::try_from(pipeline.stages.len()).unwrap_or(i64::MAX);
    Stage {
        id: StageId::from_i64(-count),
        fields: StageFields {
            pipeline_id: pipeline.id,
            name,
            position: count,
            probability: 0,
            kind: StageKind::Open,
        },
        created_at: Stamp::default(),
        updated_at: Stamp::default(),
    }
}
