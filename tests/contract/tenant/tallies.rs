//! Counts and orders of filters that are kept are those that the records give: after any history, whichever process wrote it.

use std::sync::Arc;

use crm_domain::{
    control::change::ControlChange,
    error::Result,
    field::{Check, Patch, search_key},
    id::{PipelineId, RecordId, StageId, TenantId, UserId},
    page::{Direction, Page, Sort, Start, Window},
    query::{Comparison, Condition, Field, Filter, Operator, Spec},
    tenant::{
        TenantReader, TenantStore, UnitOfWork,
        account::{self as accounts, Account, AccountDraft, AccountField, AccountFields},
        change::{ChangeKind, EntityKind, NewChange},
        contact::{Contact, ContactDraft},
        label as labels,
        opportunity::{self as opportunities, Opportunity, OpportunityDraft, OpportunityField, OpportunityFields},
        pipeline::{self as pipelines, StageDraft},
        tag::TagName,
    },
    usecase::{restore::restore, single},
};
use crm_tests::{
    database::{Backend, Database},
    each_backend_shared,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{account_of, changed_after, new_tenant, set, user, write};

each_backend_shared!(
    any_history_leaves_exact_counts_and_orders_in_every_process,
    a_unit_of_work_counts_what_it_has_written,
);

/// So many that their counts are brought up to date instead of being made again.
const ACCOUNTS: usize = 1_300;
const INDUSTRIES: [&str; 3] = ["Steel", "Finance", "Retail"];

/// One step of a history; numbers choose among what is there.
#[derive(Debug, Clone)]
enum Step {
    Create(u8),
    /// More than are looked at one by one.
    CreateMany,
    Change(u16, u8),
    Remove(u16),
    Restore(u16),
    Tag(u16),
    Move(u8, u8),
    RenameStage(u8, u8),
    /// Nothing that the lists show.
    Contact(u16),
    /// What is carried from the control plane.
    User,
    /// Does some of it and then fails.
    Fail(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u8>().prop_map(Step::Create),
        1 => Just(Step::CreateMany),
        6 => (any::<u16>(), any::<u8>()).prop_map(|(which, value)| Step::Change(which, value)),
        4 => any::<u16>().prop_map(Step::Remove),
        3 => any::<u16>().prop_map(Step::Restore),
        1 => any::<u16>().prop_map(Step::Tag),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(which, stage)| Step::Move(which, stage)),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(stage, name)| Step::RenameStage(stage, name)),
        2 => any::<u16>().prop_map(Step::Contact),
        1 => Just(Step::User),
        1 => any::<u16>().prop_map(Step::Fail),
    ]
}

fn account(number: usize) -> AccountFields {
    account_of(AccountDraft {
        name: set(format!("{} {number}", ["Acme", "Globex", "Steelworks"][number % 3])),
        industry: if number.is_multiple_of(4) {
            Patch::Clear
        } else {
            set(INDUSTRIES[number % 3])
        },
        employees: if number.is_multiple_of(5) {
            Patch::Clear
        } else {
            set(number % 100)
        },
        owner_id: Patch::Set(UserId::from_i64(1 + (number % 2) as i64)),
        ..AccountDraft::default()
    })
}

fn everything<F: Field>(deleted: bool) -> Filter<F> {
    Filter {
        deleted,
        ..Filter::default()
    }
}

fn all_accounts(reader: &mut dyn TenantReader, deleted: bool) -> Result<Vec<Account>> {
    let page = reader
        .accounts()
        .list(&everything(deleted), Sort::default(), &Window::first(100_000))?;
    assert_eq!(page.total, page.items.len() as u64);
    Ok(page.items)
}

fn all_opportunities(reader: &mut dyn TenantReader) -> Result<Vec<Opportunity>> {
    let page = reader
        .opportunities()
        .list(&everything(false), Sort::default(), &Window::first(100_000))?;
    Ok(page.items)
}

fn take(unit: &mut dyn UnitOfWork, step: Step, deleted: &[Account]) -> Result<()> {
    let live = unit
        .accounts()
        .list(&everything(false), Sort::default(), &Window::first(100_000))?
        .items;
    let pick = |which: u16| live[usize::from(which) % live.len()].id;
    let stage = |number: u8| StageId::from_i64(1 + i64::from(number % 4));
    match step {
        Step::Create(number) => single::create_parsed::<Account>(unit, account(number.into())).map(drop),
        Step::CreateMany => accounts::create_many(unit, (0..600).map(account).collect()).map(drop),
        Step::Change(which, value) => {
            let draft = AccountDraft {
                industry: set(INDUSTRIES[usize::from(value) % 3]),
                employees: set(value),
                ..AccountDraft::default()
            };
            single::update::<Account>(unit, pick(which), draft, user(), Check::new()).map(drop)
        }
        Step::Remove(which) => single::remove::<Account>(unit, pick(which)),
        Step::Restore(which) => {
            let Some(gone) = (!deleted.is_empty()).then(|| &deleted[usize::from(which) % deleted.len()]) else {
                return Ok(());
            };
            restore::<Account>(unit, gone.id).map(drop)
        }
        Step::Tag(which) => {
            let tags = vec![TagName::from_store("key account".to_owned())];
            labels::assign(unit, EntityKind::Account, &[pick(which).get()], tags).map(drop)
        }
        Step::Move(which, to) => {
            let open = unit
                .opportunities()
                .list(&everything(false), Sort::default(), &Window::first(100_000))?
                .items;
            let draft = OpportunityDraft {
                stage_id: Patch::Set(stage(to)),
                amount: set(to),
                ..OpportunityDraft::default()
            };
            single::update::<Opportunity>(unit, open[usize::from(which) % open.len()].id, draft, user(), Check::new()).map(drop)
        }
        Step::RenameStage(which, name) => {
            let draft = StageDraft {
                name: set(format!("Stage {which} {name}")),
                ..StageDraft::default()
            };
            pipelines::update_stage(unit, PipelineId::from_i64(1), stage(which), draft, Check::new()).map(drop)
        }
        Step::Contact(which) => {
            let draft = ContactDraft {
                last_name: set("Hopper"),
                account_id: Patch::Set(pick(which)),
                ..ContactDraft::default()
            };
            single::create::<Contact>(unit, draft, user(), Check::new()).map(drop)
        }
        Step::User => {
            let id = unit.carried().last()? + 1;
            let change = NewChange {
                entity: EntityKind::User,
                entity_id: 1,
                kind: ChangeKind::Updated,
                fields: "{}".to_owned(),
            };
            let (actor, family) = ("system".to_owned(), "server".to_owned());
            let waiting = ControlChange {
                id,
                tenant_id: TenantId::from_i64(1),
                actor,
                family,
                change,
            };
            unit.carried().append(vec![waiting])
        }
        Step::Fail(which) => {
            single::remove::<Account>(unit, pick(which))?;
            Err(crm_domain::Error::Internal("on purpose".to_owned()))
        }
    }
}

fn parsed<F: Field>(field: F, operator: Operator, text: &str) -> Condition<F> {
    Condition::parse(field, operator, text, Spec::read).unwrap()
}

fn account_filters(stamp: crm_domain::stamp::Stamp) -> Vec<Filter<AccountField>> {
    use AccountField::{Employees, Industry, Name, OwnerId, UpdatedAt};
    use Operator::{Contains, Eq, Gte, In, IsNull, Lt, Ne, StartsWith};
    let steel = || parsed(Industry, Eq, "Steel");
    let single = [
        steel(),
        parsed(Industry, Ne, "Steel"),
        parsed(Industry, In, "Steel,Retail"),
        parsed(Industry, IsNull, "true"),
        parsed(Industry, IsNull, "false"),
        parsed(Employees, Gte, "10"),
        parsed(Name, StartsWith, "a"),
        parsed(Name, Contains, "cme"),
        parsed(OwnerId, Eq, "1"),
        changed_after(UpdatedAt, stamp),
        Condition::compare(UpdatedAt, Comparison::LessOrEqual, stamp),
    ];
    let mut filters: Vec<_> = single.into_iter().map(|condition| Filter::of([condition])).collect();
    filters.extend([
        Filter::of([parsed(OwnerId, Eq, "2"), parsed(Employees, Lt, "90")]),
        Filter::search("steel"),
        Filter {
            deleted: true,
            ..Filter::of([steel()])
        },
        everything(true),
    ]);
    filters
}

/// Compares pages of a filter with what a look at each record gives.
fn check<F: Field>(
    all: &[F::Record],
    keys: &[F],
    filter: &Filter<F>,
    text: impl Fn(&F::Record) -> String,
    mut list: impl FnMut(&Filter<F>, Sort<F>, &Window) -> Result<Page<F::Record>>,
) -> Result<()> {
    let meets = |record: &&F::Record| {
        let holds = |term: &String| text(record).contains(&search_key(term));
        filter.conditions.iter().all(|condition| condition.is_met_by(record)) && filter.search.as_ref().is_none_or(holds)
    };
    let mut matching: Vec<&F::Record> = all.iter().filter(meets).collect();
    for key in keys {
        matching.sort_by_key(|record| (key.value(record), F::id(record)));
        for direction in [Direction::Ascending, Direction::Descending] {
            let expected: Vec<i64> = matching.iter().map(|record| F::id(record)).collect();
            for offset in [0, 2, expected.len() as u64, 1] {
                let window = Window {
                    limit: 3,
                    start: Start::Offset(offset),
                };
                let page = list(filter, Sort { key: *key, direction }, &window)?;
                assert_eq!(page.total, expected.len() as u64, "the count of {filter:?}");
                let shown: Vec<i64> = page.items.iter().map(F::id).collect();
                let wanted: Vec<i64> = expected.iter().skip(offset as usize).take(3).copied().collect();
                assert_eq!(shown, wanted, "{filter:?} by {key:?} {direction:?} from {offset}");
                assert_eq!(page.has_more, expected.len() as u64 > offset + 3);
            }
            matching.reverse();
        }
    }
    Ok(())
}

fn assert_counts(store: &Arc<dyn TenantStore>, stamp: crm_domain::stamp::Stamp) {
    store
        .reading_snapshot(|reader| {
            let (live, deleted) = (all_accounts(reader, false)?, all_accounts(reader, true)?);
            let by = [AccountField::default(), AccountField::Employees, AccountField::UpdatedAt];
            for filter in account_filters(stamp) {
                let all = if filter.deleted { &deleted } else { &live };
                let text = |account: &Account| account.fields.search_text();
                check(all, &by, &filter, text, |filter, sort, window| {
                    reader.accounts().list(filter, sort, window)
                })?;
            }
            let open = all_opportunities(reader)?;
            let by_amount = [OpportunityField::default(), OpportunityField::Amount];
            for condition in [
                parsed(OpportunityField::StageId, Operator::Eq, "2"),
                parsed(OpportunityField::Amount, Operator::Gte, "100"),
                parsed(OpportunityField::Probability, Operator::Lt, "50"),
                changed_after(OpportunityField::UpdatedAt, stamp),
            ] {
                let text = |opportunity: &Opportunity| opportunity.fields.search_text();
                let filter = Filter::of([condition]);
                check(&open, &by_amount, &filter, text, |filter, sort, window| {
                    reader.opportunities().list(filter, sort, window)
                })?;
            }
            Ok(())
        })
        .unwrap();
}

fn any_history_leaves_exact_counts_and_orders_in_every_process(database: &Database) {
    let config = Config {
        cases: if database.backend == Backend::Sqlite { 3 } else { 2 },
        failure_persistence: None,
        ..Config::default()
    };
    let other = database.node_that_keeps_orders();
    let histories = prop::collection::vec((any::<bool>(), prop::collection::vec(step(), 1..3)), 3..7);
    TestRunner::new(config)
        .run(&histories, |units| {
            let tenant = new_tenant(database);
            let nodes = [database.tenants(), other.tenants()].map(|tenants| tenants.open(&tenant).unwrap());
            let half = write(&nodes[0], |unit| {
                accounts::create_many(unit, (0..ACCOUNTS).map(account).collect())?;
                let context = opportunities::context(unit, user())?;
                let open = (0..40_usize).map(|number| {
                    let draft = OpportunityDraft {
                        name: set("Deal"),
                        stage_id: Patch::Set(StageId::from_i64(1 + number as i64 % 4)),
                        amount: set(number * 7),
                        ..OpportunityDraft::default()
                    };
                    OpportunityFields::parse(draft, &context, Check::new())
                });
                let open = open.collect::<Result<Vec<_>>>()?;
                opportunities::create_many(unit, open)?;
                Ok(unit.stamp())
            })
            .unwrap();
            nodes.iter().for_each(|node| assert_counts(node, half));
            for (writer, steps) in units {
                let writer = &nodes[usize::from(writer)];
                let deleted = writer.reading(|reader| all_accounts(reader, true)).unwrap();
                // A failing step undoes the whole unit; that it failed is all that is expected.
                let _ = write(writer, move |unit| {
                    steps.into_iter().try_for_each(|step| take(unit, step, &deleted))
                });
                nodes.iter().for_each(|node| assert_counts(node, half));
            }
            Ok(())
        })
        .unwrap();
}

fn a_unit_of_work_counts_what_it_has_written(database: &Database) {
    let store = database.tenants().open(&new_tenant(database)).unwrap();
    write(&store, |unit| accounts::create_many(unit, (0..ACCOUNTS).map(account).collect())).unwrap();
    let filter = || Filter::of([parsed(AccountField::OwnerId, Operator::Eq, "1")]);
    let count = |store: &Arc<dyn TenantStore>| {
        store
            .reading_snapshot(|reader| reader.accounts().list(&filter(), Sort::default(), &Window::first(1)))
            .unwrap()
            .total
    };
    let before = count(&store);
    let within = write(&store, move |unit| {
        single::create_parsed::<Account>(unit, account(0))?;
        Ok(unit.accounts().list(&filter(), Sort::default(), &Window::first(1))?.total)
    })
    .unwrap();
    assert_eq!((within, count(&store)), (before + 1, before + 1));
}
