//! From a lead to a prospect to an opportunity, as family B goes (contract B-35 … B-59, X-60 … X-62).

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{LeadId, OpportunityId},
    tenant::{
        UnitOfWork,
        activity::{self, ActivityDraft, ActivityFields},
        lead::{self, Lead, ProspectStatus, Qualification, QualificationDraft, prospect},
        opportunity::{self, Opportunity, OpportunityDraft, OpportunityStatus, ReopeningDraft},
        pipeline::{Stage, StageKind},
    },
    usecase::{
        convert_lead::{self, Conversion, Converted, completed},
        single,
    },
};

/// How a lead becomes a prospect, unparsed.
#[derive(Debug, Clone, Default)]
pub struct Promotion {
    /// What was found out about it.
    pub qualification: QualificationDraft,
    /// Whether an opportunity is opened at once.
    pub with_opportunity: bool,
    /// Whether a note tells the team.
    pub notify_team: bool,
}

/// Makes a lead a prospect: it is converted, as by any family, and what was found out is kept with it. The note that tells the team is an activity
/// of the lead, and so a row of the change feed.
///
/// # Errors
/// Those of [`convert_lead::convert`].
pub fn promote(unit: &mut dyn UnitOfWork, id: LeadId, promotion: Promotion, mut check: Check) -> Result<Converted> {
    let conversion = Conversion {
        qualification: Qualification::parse(promotion.qualification, &mut check),
        opportunity: promotion.with_opportunity.then(OpportunityDraft::default),
        ..Conversion::default()
    };
    let converted = convert_lead::convert(unit, id, conversion, check)?;
    if promotion.notify_team {
        note(unit, &converted)?;
    }
    Ok(converted)
}

/// Tells the team that a lead has become a prospect.
fn note(unit: &mut dyn UnitOfWork, converted: &Converted) -> Result<()> {
    let lead = &converted.lead;
    let draft = ActivityDraft {
        activity_type: Patch::Set("note".to_owned()),
        subject: Patch::Set("Lead converted to prospect".to_owned()),
        occurred_at: Patch::Set(unit.stamp().to_second_precision()),
        completed: Patch::Set(true),
        lead_id: Patch::Set(lead.id),
        contact_id: Patch::Set(converted.contact.id),
        account_id: Patch::from(converted.account.as_ref().map(|account| account.id)),
        opportunity_id: Patch::from(converted.opportunity.as_ref().map(|opportunity| opportunity.id)),
        ..ActivityDraft::default()
    };
    let fields = ActivityFields::parse(draft, lead.fields.owner_id, Check::new())?;
    activity::create_many(unit, vec![fields]).map(drop)
}

/// Opens an opportunity for a qualified prospect. It belongs to the account and contact that the lead was converted into, as far as they are
/// still there, and without a name it has the company's or the prospect's. The first one is what the lead has come to.
///
/// # Errors
/// [`Error::NotFound`] for the prospect; [`Error::State`] when it is not qualified; [`Error::Invalid`].
pub fn open_opportunity(unit: &mut dyn UnitOfWork, id: LeadId, draft: OpportunityDraft, check: Check) -> Result<Opportunity> {
    let (lead, status) = prospect::known(unit, id)?;
    if !status.may_buy() {
        return Err(not_ready(&lead, status));
    }
    let outcome = &lead.fields.outcome;
    let account = match outcome.converted_account_id {
        Some(id) => unit.accounts().lookup(id)?,
        None => None,
    };
    let contact = match outcome.converted_contact_id {
        Some(id) => unit.contacts().lookup(id)?,
        None => None,
    };
    let draft = OpportunityDraft {
        account_id: Patch::from(account.as_ref().map(|account| account.id)),
        contact_id: Patch::from(contact.map(|contact| contact.id)),
        ..completed(draft, &lead.fields, account.as_ref())
    };
    let opened = single::create::<Opportunity>(unit, draft, lead.fields.owner_id, check)?;
    if outcome.converted_opportunity_id.is_none() {
        let mut fields = lead.fields.clone();
        fields.outcome.converted_opportunity_id = Some(opened.id);
        lead::revise(unit, &lead, fields)?;
    }
    Ok(opened)
}

fn not_ready(lead: &Lead, status: ProspectStatus) -> Error {
    Error::state(prospect::NOUN, lead.id, status.as_str(), "made an opportunity")
}

/// How far an opportunity is, unparsed.
#[derive(Debug, Clone, Default)]
pub struct ProgressDraft {
    /// A word of [`OpportunityStatus`].
    pub status: Patch<String>,
    /// In major units of the currency that it has, or else the tenant's.
    pub value: Patch<String>,
    /// Per cent.
    pub probability: Patch<String>,
    /// What there is to say of it.
    pub notes: Patch<String>,
}

/// Says how far an opportunity is. A status that it has already moves it nowhere; another one moves it into the first stage of its pipeline that
/// means it, and a closed one that is to be open again is reopened. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] when it was won and is to be lost, or the other way round; [`Error::Invalid`], also for a status that
/// no stage of its pipeline means.
pub fn progress(unit: &mut dyn UnitOfWork, id: OpportunityId, draft: ProgressDraft, mut check: Check) -> Result<Opportunity> {
    let before: Opportunity = single::known(unit, id)?;
    let wanted: Option<OpportunityStatus> = match draft.status {
        Patch::Set(word) => check.keep("status", OpportunityStatus::parse(&word).map(Some)),
        Patch::Clear => check.keep("status", Err(Problem::Required)),
        Patch::Keep => None,
    };
    let stage = match wanted.filter(|wanted| *wanted != before.status()) {
        Some(wanted) => stage_for(unit, &before, wanted, &mut check)?,
        None => None,
    };
    let mut fields = OpportunityDraft {
        amount: draft.value,
        probability: draft.probability,
        description: draft.notes,
        ..OpportunityDraft::default()
    };
    let owner = before.fields.owner_id;
    let Some(stage) = stage else {
        return single::update_known(unit, before, fields, owner, check);
    };
    if before.stage.fields.kind == StageKind::Open || stage.fields.kind != StageKind::Open {
        fields.stage_id = Patch::Set(stage.id);
        return single::update_known(unit, before, fields, owner, check);
    }
    check.finish()?;
    let stage_id = Patch::Set(stage.id);
    let reopened = opportunity::reopen(unit, id, ReopeningDraft { stage_id }, Check::new())?;
    single::update_known(unit, reopened, fields, owner, Check::new())
}

/// The first stage of the opportunity's pipeline that means this; noted as a problem where it has none.
fn stage_for(unit: &mut dyn UnitOfWork, of: &Opportunity, wanted: OpportunityStatus, check: &mut Check) -> Result<Option<Stage>> {
    let pipelines = unit.pipelines().all()?;
    let own = pipelines.iter().find(|pipeline| pipeline.id == of.stage.fields.pipeline_id);
    let stage = own.and_then(|pipeline| wanted.stage_in(pipeline));
    if stage.is_none() {
        let rule = format!("is {}, which no stage of the opportunity's pipeline means", wanted.as_str());
        check.fail("status", Problem::Rule(rule));
    }
    Ok(stage.cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-52, X-62
    #[test]
    fn only_who_was_qualified_may_buy() {
        let may: Vec<_> = ProspectStatus::ALL.into_iter().filter(|status| status.may_buy()).collect();
        assert_eq!(may, [ProspectStatus::Qualified, ProspectStatus::Converted]);
    }
}
