//! Taking changes of contacts back.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    field::{Check, Patch},
    id::{ContactId, JobId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Change, ChangeKind, EntityKind},
        contact::{Contact, ContactDraft},
        custom_field::{CustomDraft, MEMBER},
        import::RowFailure,
    },
    usecase::bulk::{self, Drafted},
};

/// Changes of a record looked at at once.
const PAGE: u32 = 20;

/// What became of changes that were to be taken back.
#[derive(Default)]
pub(super) struct Done {
    pub(super) deleted: u64,
    pub(super) reverted: u64,
    /// The contacts that stay as they are: each by its id, with uuid, name and email as cells.
    pub(super) left: Vec<RowFailure>,
}

/// Takes back changes of one unit, which is one of the first of `own`; none of their units counts as somebody else's.
pub(super) fn revert(unit: &mut dyn UnitOfWork, own: &[JobId], changes: &[Change], user: UserId) -> Result<Done> {
    let (mut created, mut updated, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let id = ContactId::from_i64(change.entity_id);
        if let Some(since) = since(unit, own, change)? {
            left.push((id, format!("was {} by {} since", since.kind.as_str(), since.actor)));
        } else if change.kind == ChangeKind::Created {
            created.push(id);
        } else {
            updated.push((id, before(change)?));
        }
    }
    let mut done = Done::default();
    let removed = bulk::remove::<Contact>(unit, created.iter().copied().map(Ok).collect())?;
    for (id, outcome) in created.into_iter().zip(removed) {
        match outcome {
            Ok(()) => done.deleted += 1,
            Err(error) => left.push((id, reason(error)?)),
        }
    }
    let ids: Vec<ContactId> = updated.iter().map(|(id, _)| *id).collect();
    let reverted = bulk::update::<Contact>(unit, updated.into_iter().map(Ok).collect(), user)?;
    for (id, outcome) in ids.into_iter().zip(reverted) {
        match outcome {
            Ok(_) => done.reverted += 1,
            Err(error) => left.push((id, reason(error)?)),
        }
    }
    done.left = name(unit, left)?;
    Ok(done)
}

/// What is wrong with one contact; what is wrong with more than that stops everything.
fn reason(error: Error) -> Result<String> {
    match error {
        Error::Unavailable { .. } | Error::Internal(_) => Err(error),
        of_contact => Ok(of_contact.to_string()),
    }
}

/// The last change of the contact after this one that nobody of `own` made.
fn since(unit: &mut dyn UnitOfWork, own: &[JobId], change: &Change) -> Result<Option<Change>> {
    let mut end = i64::MAX;
    loop {
        let page = unit.changes().list_of(EntityKind::Contact, change.entity_id, end, PAGE)?;
        let later: Vec<Change> = page.iter().take_while(|later| later.seq > change.seq).cloned().collect();
        let stamps: Vec<Stamp> = later.iter().map(|change| change.stamp).collect();
        let ours: HashSet<Stamp> = match stamps.is_empty() {
            true => HashSet::new(),
            false => unit.imports().parts_among(own, &stamps)?.into_iter().collect(),
        };
        let is_whole = later.len() < page.len() || page.is_empty();
        end = page.last().map_or(0, |oldest| oldest.seq);
        if let Some(other) = later.into_iter().find(|change| !ours.contains(&change.stamp)) {
            return Ok(Some(other));
        }
        if is_whole {
            return Ok(None);
        }
    }
}

/// What a contact is to be again.
fn before(change: &Change) -> Result<Drafted<Contact>> {
    let broken = |error: serde_json::Error| Error::Internal(format!("change {}: {error}", change.seq));
    let pairs: Map<String, Value> = serde_json::from_str(&change.fields).map_err(broken)?;
    let values: HashMap<String, Value> = pairs
        .into_iter()
        .map(|(field, mut pair)| (field, pair.get_mut(0).map(Value::take).unwrap_or_default()))
        .collect();
    let prefix = format!("{MEMBER}.");
    let custom = values
        .iter()
        .filter_map(|(field, value)| Some((field.strip_prefix(&prefix)?.to_owned(), value.clone())));
    Ok(Drafted {
        custom: CustomDraft(custom.collect()),
        ..Drafted::new(draft(&values), Check::new())
    })
}

fn draft(values: &HashMap<String, Value>) -> ContactDraft {
    macro_rules! of_texts {
        ($($field:ident),* $(,)?) => {
            ContactDraft {
                $($field: text(values.get(stringify!($field))),)*
                technologies: list(values.get("technologies")),
                account_id: id(values.get("account_id")),
                owner_id: id(values.get("owner_id")),
                needs_name: false,
            }
        };
    }
    of_texts! {
        external_id, full_name, first_name, last_name, email, phone, other_phone, home_phone, corporate_phone, title, company, employees,
        employee_size_bracket, industry, website, company_linkedin, person_linkedin, annual_revenue, city, state, country, company_address,
        company_city, company_state, company_country, description,
    }
}

fn text(value: Option<&Value>) -> Patch<String> {
    match value {
        None => Patch::Keep,
        Some(Value::Null) => Patch::Clear,
        Some(Value::String(text)) => Patch::Set(text.clone()),
        Some(other) => Patch::Set(other.to_string()),
    }
}

fn list(value: Option<&Value>) -> Patch<Vec<String>> {
    match value {
        None => Patch::Keep,
        Some(Value::Array(items)) => Patch::Set(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        Some(_) => Patch::Clear,
    }
}

fn id<I: RecordId>(value: Option<&Value>) -> Patch<I> {
    match value {
        None => Patch::Keep,
        Some(value) => value.as_i64().map_or(Patch::Clear, |id| Patch::Set(I::from_i64(id))),
    }
}

/// The contacts that were left alone, as people know them.
fn name(unit: &mut dyn UnitOfWork, left: Vec<(ContactId, String)>) -> Result<Vec<RowFailure>> {
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<ContactId> = left.iter().map(|(id, _)| *id).collect();
    let uuids: HashMap<ContactId, String> = unit
        .contacts()
        .uuids_of(&ids)?
        .into_iter()
        .map(|(id, uuid)| (id, uuid.to_string()))
        .collect();
    let live = unit.contacts().lookup_many(&ids)?;
    let live: HashMap<ContactId, Contact> = live.into_iter().map(|contact| (contact.id, contact)).collect();
    let failure = |(id, reason): (ContactId, String)| {
        let fields = live.get(&id).map(|contact| &contact.fields);
        let name = fields.and_then(|fields| fields.full_name.as_ref()).map(ToString::to_string);
        let email = fields
            .and_then(|fields| fields.email.as_ref())
            .map(|email| email.as_str().to_owned());
        RowFailure {
            record: id.get().unsigned_abs(),
            line: 0,
            column: String::new(),
            reason,
            cells: vec![
                uuids.get(&id).cloned().unwrap_or_default(),
                name.unwrap_or_default(),
                email.unwrap_or_default(),
            ],
            raw: None,
        }
    };
    Ok(left.into_iter().map(failure).collect())
}
