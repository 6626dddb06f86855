//! Rows that are opportunities.

mod known;
mod stages;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use time::Date;

use self::{
    known::{Known, identity},
    stages::{imagined, stages_of, unknown_stages},
};
use crate::{
    error::{Problem, Result},
    field::{Check, Patch},
    id::{OpportunityId, RecordId, StageId, UserId},
    stamp::Stamp,
    tenant::{
        TenantStore, UnitOfWork,
        change::EntityKind,
        opportunity::{Opportunity, OpportunityContext, OpportunityDraft, OpportunityFields, context, create_many, ensure_stages, revise},
        pipeline::{Pipeline, Stage, StageKind},
    },
};

use super::{
    columns::Columns,
    company::{ACCOUNT_EXTERNAL_ID, Links, NamedAccounts, account_of},
    custom::yes_or_no,
    noun::{Natural, Noun, Records, Row},
    slice::hash,
};

/// The field whose cell names a pipeline.
const PIPELINE: &str = "pipeline";

/// Opportunities.
pub(super) struct Opportunities {
    columns: Arc<Columns>,
    context: OpportunityContext,
    known: Arc<Known>,
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
    fn draft(&self, cells: &[String], current: Option<&Stage>, check: &mut Check) -> OpportunityDraft {
        let patch = |field| self.columns.patch(cells, field);
        let first_of = |field, other| match patch(field) {
            Patch::Keep => patch(other),
            given => given,
        };
        let closing = self.is_closing(cells, current);
        let (stage, stage_id) = match self.pipeline(cells) {
            None => (patch("stage"), Patch::Keep),
            Some(pipeline) => (Patch::Keep, self.stage_in(pipeline, cells, current, check)),
        };
        OpportunityDraft {
            external_id: patch("external_id"),
            name: self.name(cells, current.is_some()),
            account_id: Patch::Keep,
            contact_id: Patch::Keep,
            stage,
            stage_id,
            amount: patch("amount"),
            currency: self.columns.currency(cells, "amount"),
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
            lost_reason: patch("lost_reason"),
            competitors: patch("competitors"),
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

    fn forecast(&self, cells: &[String], check: &mut Check) -> Patch<bool> {
        let Some(word) = self.columns.text(cells, "include_in_forecast") else {
            return Patch::Keep;
        };
        match yes_or_no(word) {
            Some(is_included) => Patch::Set(is_included),
            None => {
                let allowed = ["yes", "no", "true", "false", "1", "0"].map(str::to_owned).to_vec();
                check.fail("include_in_forecast", Problem::Choice { allowed });
                Patch::Keep
            }
        }
    }

    /// Whether the row leaves the opportunity in a closing stage.
    fn is_closing(&self, cells: &[String], current: Option<&Stage>) -> bool {
        let pipeline = self.pipeline(cells).map_or_else(|| self.context.default_pipeline(), Result::ok);
        let name = self.columns.text(cells, "stage");
        let named = name.and_then(|name| pipeline?.stage_named(name));
        named.or(current).is_some_and(|stage| stage.fields.kind != StageKind::Open)
    }

    /// The pipeline that the row names; the name where there is none of it.
    fn pipeline<'a>(&'a self, cells: &'a [String]) -> Option<Result<&'a Pipeline, &'a str>> {
        let name = self.columns.text(cells, PIPELINE)?;
        let is_meant = |pipeline: &&Pipeline| pipeline.fields.name.to_lowercase() == name.to_lowercase();
        Some(self.context.pipelines.iter().find(is_meant).ok_or(name))
    }

    /// The row's stage in the pipeline that it names: without a stage the one that it is in, or the pipeline's first.
    fn stage_in(&self, pipeline: Result<&Pipeline, &str>, cells: &[String], current: Option<&Stage>, check: &mut Check) -> Patch<StageId> {
        let pipeline = match pipeline {
            Ok(pipeline) => pipeline,
            Err(name) => {
                check.fail(PIPELINE, Problem::Rule(format!("no pipeline is named {name:?}")));
                return Patch::Keep;
            }
        };
        match self.columns.text(cells, "stage") {
            Some(name) => match pipeline.stage_named(name) {
                Some(stage) => Patch::Set(stage.id),
                None => {
                    let allowed = pipeline.stages.iter().map(|stage| stage.fields.name.to_string()).collect();
                    check.fail("stage", Problem::Choice { allowed });
                    Patch::Keep
                }
            },
            None if current.is_some_and(|stage| stage.fields.pipeline_id == pipeline.id) => Patch::Keep,
            None => pipeline.first_stage().map(|stage| stage.id).into(),
        }
    }

    /// The same import among other stages.
    fn within(&self, context: OpportunityContext) -> Self {
        Self {
            columns: self.columns.clone(),
            context,
            known: self.known.clone(),
        }
    }

    /// The stages that do not exist yet.
    fn imagined_stages(&self) -> impl Iterator<Item = &Stage> {
        stages_of(&self.context).filter(|stage| stage.id.get() < 0)
    }

    fn imagines(&self) -> bool {
        self.imagined_stages().next().is_some()
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
    const KIND: EntityKind = EntityKind::Opportunity;
    const NATURAL: Natural = Natural::None;
    const ACCOUNT: &'static [&'static str] = &["account"];
    const NEEDS_ACCOUNT: bool = true;
    const HAS_CONTACT: bool = true;

    fn new(store: &dyn TenantStore, columns: Arc<Columns>, owner: UserId) -> Result<Self> {
        let (pipelines, preferences) = store.reading(|reader| Ok((reader.pipelines().all()?, reader.settings().lookup()?.preferences)))?;
        let context = OpportunityContext {
            owner,
            pipelines,
            // Never shown: see `without_invented_day`.
            today: Stamp::from_micros(0).date(),
            currency: preferences.default_currency,
        };
        let known = Arc::new(Known::read(store, &columns)?);
        Ok(Self { columns, context, known })
    }

    fn columns(&self) -> &Arc<Columns> {
        &self.columns
    }

    fn prepared(&self, rows: &[Row], store: &dyn TenantStore) -> Result<Option<Self>> {
        let mut context = self.context.clone();
        if self.imagines() {
            // What earlier rows imagined may have been made meanwhile; what is not made yet may still be, before these rows are written.
            context.pipelines = store.reading(|reader| reader.pipelines().all())?;
            context = imagined(context, self.imagined_stages().map(|stage| stage.fields.name.clone()));
        }
        let unknown = unknown_stages(&self.columns, &context, rows);
        if unknown.is_empty() && !self.imagines() {
            return Ok(None);
        }
        let context = imagined(context, unknown);
        Ok(Some(self.within(context)))
    }

    fn refreshed(&self, unit: &mut dyn UnitOfWork) -> Result<Option<Self>> {
        if !self.imagines() {
            return Ok(None);
        }
        let current = context(unit, self.context.owner)?;
        let known: HashSet<StageId> = stages_of(&self.context).map(|stage| stage.id).collect();
        if stages_of(&current).all(|stage| known.contains(&stage.id)) {
            return Ok(None);
        }
        let context = imagined(current, self.imagined_stages().map(|stage| stage.fields.name.clone()));
        Ok(Some(self.within(context)))
    }

    fn is_imagined(&self, stage: &str) -> bool {
        self.imagined_stages().any(|imagined| *imagined.fields.name == *stage)
    }

    fn with_stages(&self, unit: &mut dyn UnitOfWork, stages: &[String]) -> Result<Option<(Self, u64)>> {
        let before = stages_of(&context(unit, self.context.owner)?).count();
        let (made, others): (Vec<_>, Vec<_>) = self
            .imagined_stages()
            .map(|stage| stage.fields.name.clone())
            .partition(|name| stages.iter().any(|stage| **name == **stage));
        ensure_stages(unit, &made)?;
        let context = context(unit, self.context.owner)?;
        let made = stages_of(&context).count().saturating_sub(before) as u64;
        // Rows that fail still need theirs to be parsed.
        let context = imagined(context, others);
        Ok(Some((self.within(context), made)))
    }

    fn parse(&self, cells: &[String]) -> Result<OpportunityRow> {
        let mut check = Check::new();
        let draft = OpportunityDraft {
            include_in_forecast: self.forecast(cells, &mut check),
            ..self.draft(cells, None, &mut check)
        };
        let given = matches!(draft.closed_on, Patch::Set(_));
        let (fields, stage) = OpportunityFields::parse(draft, &self.context, check)?;
        Ok(Self::without_invented_day(OpportunityRow { fields, stage }, given, None))
    }

    fn merge(&self, current: &OpportunityRow, row: &Row, links: Links<'_>) -> Result<OpportunityRow> {
        let mut check = Check::new();
        let draft = OpportunityDraft {
            account_id: links.account_id().into(),
            contact_id: links.contact.into(),
            include_in_forecast: self.forecast(&row.cells, &mut check),
            owner_id: row.owner.into(),
            ..self.draft(&row.cells, Some(&current.stage), &mut check)
        };
        let given = matches!(draft.closed_on, Patch::Set(_));
        let (fields, stage) = current.fields.updated(draft, &self.context, check)?;
        let merged = OpportunityRow { fields, stage };
        Ok(Self::without_invented_day(merged, given, current.fields.closed_on))
    }

    fn complete(parsed: &mut OpportunityRow, owner: Option<UserId>, links: Links<'_>) {
        parsed.fields.owner_id = owner.unwrap_or(parsed.fields.owner_id);
        parsed.fields.contact_id = links.contact.or(parsed.fields.contact_id);
        parsed.fields.account_id = links.account_id().or(parsed.fields.account_id);
    }

    fn twin_key(&self, row: &Row, parsed: &OpportunityRow) -> Option<u64> {
        let text = |field| self.columns.text(&row.cells, field);
        let account = || (text("account").map(str::to_lowercase), text(ACCOUNT_EXTERNAL_ID));
        let fields = &parsed.fields;
        fields
            .external_id
            .is_none()
            .then(|| hash(&(fields.name.to_lowercase(), account(), self.known.day.of(fields))))
    }

    fn lookup_twins(
        &self,
        records: &mut Records<'_>,
        rows: &[Row],
        parsed: &[OpportunityRow],
        accounts: &NamedAccounts,
    ) -> Result<Vec<(usize, Opportunity)>> {
        let mut meant = HashMap::new();
        for (index, (row, parsed)) in rows.iter().zip(parsed).enumerate() {
            // A row whose account does not exist fails, or its account is new and has nothing yet.
            if let (None, Ok(account)) = (
                &parsed.fields.external_id,
                account_of(self, row, accounts).map(|account| account.map(|account| account.id)),
            ) && let Some(id) = self.known.nth(&parsed.fields, account, row.twin)
            {
                meant.insert(id, (index, identity(&parsed.fields, account, self.known.day)));
            }
        }
        let ids: Vec<OpportunityId> = meant.keys().copied().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::with_capacity(ids.len());
        for record in records.opportunities().lookup_many(&ids)? {
            // Somebody may have changed it since the import began.
            if let Some((index, expected)) = meant.get(&record.id)
                && *expected == identity(&record.fields, record.fields.account_id, self.known.day)
            {
                found.push((*index, record));
            }
        }
        Ok(found)
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
