//! Lists of random rows under random conditions, orders and pages are what a filter and a sort in memory give (contract C-131 … C-137).

use std::{cmp::Ordering, fmt::Debug, sync::Arc};

use crm_domain::{
    error::Result,
    field::{Check, Patch},
    id::{AccountId, RecordId, UserId},
    page::{Cursor, Direction, Page, Sort, Start, Window},
    query::{Condition, Field, Filter, Kind, Operator, Spec, Value},
    tenant::{
        TenantStore,
        account::{self as accounts, AccountDraft, AccountField},
        activity::{self as activities, ActivityDraft, ActivityField, ActivityFields},
        contact::{self as contacts, ContactDraft, ContactField, ContactFields},
        lead::{self as leads, LeadDraft, LeadField, LeadFields},
        opportunity::{self as opportunities, OpportunityDraft, OpportunityField, OpportunityFields},
        task::{self as tasks, TaskDraft, TaskField, TaskStatus},
        webhook::{self as webhooks, WebhookDraft, WebhookFamily, WebhookField},
    },
    usecase::single,
};
use crm_tests::{
    database::{Backend, Database},
    each_backend_shared,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{account_of, open, set, user, webhook::parse as webhook_of, write};

each_backend_shared!(
    accounts_are_filtered_as_in_memory,
    contacts_are_filtered_as_in_memory,
    leads_are_filtered_as_in_memory,
    opportunities_are_filtered_as_in_memory,
    activities_are_filtered_as_in_memory,
    tasks_are_filtered_as_in_memory,
    webhooks_are_filtered_as_in_memory,
);

/// Enough that some conditions are met by many and some by few, of which stores make different plans.
const ROWS: usize = 300;
const WORDS: [Option<&str>; 8] = [
    Some("Steel"),
    None,
    Some("Steelworks"),
    Some("steel"),
    Some("Ärger"),
    Some("🚀 co"),
    Some("a_b%c"),
    Some("ΟΔΟΣ"),
];

fn word(number: usize) -> Patch<String> {
    // Half of the rows share one word.
    let index = if number.is_multiple_of(2) { 0 } else { number / 2 % WORDS.len() };
    WORDS[index].map(str::to_owned).into()
}

fn name(number: usize) -> Patch<String> {
    set(WORDS[number % WORDS.len()].unwrap_or("Nameless"))
}

fn figure(number: usize, range: usize) -> Patch<String> {
    (!number.is_multiple_of(5)).then(|| (1_000 + number * 7 % range).to_string()).into()
}

fn owner(number: usize) -> Patch<UserId> {
    Patch::Set(UserId::from_i64((number % 3) as i64))
}

/// What one case asks; numbers choose among what there is.
#[derive(Debug, Clone)]
struct Asked {
    conditions: Vec<(usize, usize, Vec<usize>)>,
    deleted: bool,
    key: usize,
    direction: bool,
    size: u32,
}

fn asked() -> impl Strategy<Value = Asked> {
    let condition = (any::<usize>(), any::<usize>(), prop::collection::vec(any::<usize>(), 1..4));
    (
        prop::collection::vec(condition, 0..3),
        prop::bool::weighted(0.15),
        any::<usize>(),
        any::<bool>(),
        1..90_u32,
    )
        .prop_map(|(conditions, deleted, key, direction, size)| Asked {
            conditions,
            deleted,
            key,
            direction,
            size,
        })
}

/// The texts of values that a condition may ask for: those of the records themselves.
fn text_of(value: &Value, kind: Kind) -> String {
    match (value, kind) {
        (Value::Integer(minor), Kind::Money) => format!(
            "{}{}.{:02}",
            if *minor < 0 { "-" } else { "" },
            minor.abs() / 100,
            minor.abs() % 100
        ),
        (Value::Integer(micros), Kind::Stamp) => crm_domain::stamp::Stamp::from_micros(*micros).to_microsecond_precision(),
        (Value::Integer(place), Kind::Ranked(words)) => words[usize::try_from(*place).unwrap()].to_owned(),
        (Value::Integer(number), _) => number.to_string(),
        (Value::Bool(flag), _) => flag.to_string(),
        (Value::Text(text), _) => text.clone(),
    }
}

fn condition<F: Field>(records: &[F::Record], (field, operator, picks): &(usize, usize, Vec<usize>)) -> Option<Condition<F>> {
    let filterable: Vec<F> = F::ALL.iter().copied().filter(|field| field.spec().is_filterable).collect();
    let field = filterable[field % filterable.len()];
    let operators: Vec<Operator> = field.spec().operators().collect();
    let operator = operators[operator % operators.len()];
    let values: Vec<String> = records
        .iter()
        .filter_map(|record| field.value(record))
        .map(|value| text_of(&value, field.spec().kind))
        .collect();
    let pick = |number: &usize| values.get(number % values.len().max(1)).cloned();
    let text = match operator {
        Operator::IsNull => Some((picks[0].is_multiple_of(2)).to_string()),
        Operator::In => picks.iter().map(pick).collect::<Option<Vec<_>>>().map(|texts| texts.join(",")),
        Operator::StartsWith => pick(&picks[0]).map(|text| text.chars().take(1 + picks[0] % 4).collect()),
        Operator::Contains => pick(&picks[0]).map(|text| text.chars().skip(picks[0] % 2).take(4).collect()),
        _ => pick(&picks[0]),
    };
    // What is too short to be looked for is refused, as a test of its own says.
    Condition::parse(field, operator, &text?, Spec::read).ok()
}

/// Independent of how the domain judges a record: by the words of the operators.
fn meets<F: Field>(record: &F::Record, condition: &Condition<F>) -> bool {
    use crm_domain::query::{Comparison, Test};
    let value = condition.field().value(record);
    let order = |with: &Value| value.as_ref().map(|value| value.cmp(with));
    match condition.test() {
        Test::Compare(Comparison::Equal, with) => order(with) == Some(Ordering::Equal),
        Test::Compare(Comparison::Less, with) => order(with) == Some(Ordering::Less),
        Test::Compare(Comparison::LessOrEqual, with) => matches!(order(with), Some(Ordering::Less | Ordering::Equal)),
        Test::Compare(Comparison::Greater, with) => order(with) == Some(Ordering::Greater),
        Test::Compare(Comparison::GreaterOrEqual, with) => matches!(order(with), Some(Ordering::Greater | Ordering::Equal)),
        Test::Differs(with) => order(with) != Some(Ordering::Equal),
        Test::NotLess(with) => order(with) != Some(Ordering::Less),
        Test::In(values) => values.iter().any(|with| order(with) == Some(Ordering::Equal)),
        Test::StartsWith(prefix) => matches!(&value, Some(Value::Text(text)) if text.find(prefix.as_str()) == Some(0)),
        Test::Contains(part) => matches!(&value, Some(Value::Text(text)) if text.replace('ς', "σ").contains(part.as_str())),
        Test::IsNull(is_null) => value.is_none() == *is_null,
    }
}

/// Checks a noun: `live` and `deleted` are all of its records.
fn check<F: Field<Record: Clone + PartialEq + Debug>>(
    database: &Database,
    live: &[F::Record],
    deleted: &[F::Record],
    list: impl Fn(&Filter<F>, Sort<F>, &Window) -> Result<Page<F::Record>>,
) {
    assert!(live.len() > ROWS / 2 && !deleted.is_empty());
    let config = Config {
        cases: if database.backend == Backend::Sqlite { 120 } else { 60 },
        failure_persistence: None,
        ..Config::default()
    };
    let ids = |records: &[F::Record]| records.iter().map(F::id).collect::<Vec<_>>();
    TestRunner::new(config)
        .run(&asked(), |asked| {
            let conditions = asked.conditions.iter().filter_map(|chosen| condition(live, chosen));
            let filter = Filter {
                deleted: asked.deleted,
                ..Filter::of(conditions)
            };
            let sort = Sort {
                key: F::ALL[asked.key % F::ALL.len()],
                direction: if asked.direction {
                    Direction::Ascending
                } else {
                    Direction::Descending
                },
            };
            let all = if asked.deleted { deleted } else { live };
            let mut expected: Vec<_> = all.to_vec();
            expected.retain(|record| filter.conditions.iter().all(|condition| meets(record, condition)));
            for record in all {
                let both = filter
                    .conditions
                    .iter()
                    .map(|condition| (condition.is_met_by(record), meets(record, condition)));
                both.for_each(|(domain, naive)| assert_eq!(domain, naive));
            }
            // Nulls come first ascending; ids decide.
            let place = |record: &F::Record| (sort.key.value(record).filter(|_| !sort.key.spec().is_in_id_order), F::id(record));
            expected.sort_by_key(place);
            if sort.direction == Direction::Descending {
                expected.reverse();
            }
            for by_cursor in [false, true] {
                let mut walked: Vec<F::Record> = Vec::new();
                let mut start = Start::Offset(0);
                loop {
                    let window = Window { limit: asked.size, start };
                    let page = list(&filter, sort, &window).unwrap();
                    prop_assert_eq!(page.total, expected.len() as u64, "the total of {:?}", filter);
                    walked.extend(page.items);
                    prop_assert_eq!(page.has_more, walked.len() < expected.len());
                    let Some(last) = walked.last().filter(|_| page.has_more) else {
                        break;
                    };
                    start = if by_cursor {
                        Start::After(Cursor {
                            value: sort.key.place(last),
                            id: F::id(last),
                            seen: page.seen,
                            list: 0,
                        })
                    } else {
                        Start::Offset(walked.len() as u64)
                    };
                }
                prop_assert_eq!(ids(&walked), ids(&expected), "{:?} {:?}, by cursor: {}", &filter, sort, by_cursor);
                prop_assert_eq!(&walked, &expected);
            }
            Ok(())
        })
        .unwrap();
}

/// Makes rows one unit for every 50, so that stamps differ, changes some, and deletes every ninth; gives the live and the deleted ones.
fn make<T: Clone + Send + 'static>(
    store: &Arc<dyn TenantStore>,
    add: impl Fn(&mut dyn crm_domain::tenant::UnitOfWork, usize) -> Result<T> + Copy + Send + 'static,
) -> Vec<T> {
    (0..ROWS)
        .step_by(50)
        .flat_map(|begin| {
            write(store, move |unit| {
                (begin..begin + 50).map(|number| add(unit, number)).collect::<Result<Vec<_>>>()
            })
            .unwrap()
        })
        .collect()
}

/// Every ninth record is deleted; what remains, and what lists of deleted records show.
macro_rules! delete_some {
    ($store:expr, $reader:ident, $made:expr) => {
        delete_some!($store, $reader, $made, record => record.id)
    };
    ($store:expr, $reader:ident, $made:expr, $record:ident => $named:expr) => {{
        let made = $made;
        let records: Vec<_> = made.iter().filter(|record| record.id.get() % 9 == 0).cloned().collect();
        let gone: Vec<_> = records.iter().map(|record| record.id).collect();
        write($store, move |unit| {
            records.into_iter().try_for_each(|$record| unit.$reader().remove($named))
        })
        .unwrap();
        let live: Vec<_> = made.into_iter().filter(|record| !gone.contains(&record.id)).collect();
        let filter = Filter {
            deleted: true,
            ..Filter::default()
        };
        let page = $store
            .reading(|reader| reader.$reader().list(&filter, Sort::default(), &Window::first(1_000)))
            .unwrap();
        let ids: Vec<_> = page.items.iter().map(|record| record.id).collect();
        assert_eq!((ids, page.total), (gone.clone(), gone.len() as u64));
        (live, page.items)
    }};
}

fn accounts_are_filtered_as_in_memory(database: &Database) {
    let store = open(database);
    let made = make(&store, |unit, number| {
        let fields = account_of(AccountDraft {
            name: name(number),
            external_id: (number.is_multiple_of(4)).then(|| format!("x-{number}")).into(),
            category: word(number + 1),
            country: word(number),
            industry: word(number / 3),
            employees: figure(number, 40),
            annual_revenue: figure(number + 1, 60),
            owner_id: owner(number),
            parent_id: (number > 3 && number.is_multiple_of(6))
                .then(|| AccountId::from_i64(number as i64 % 3 + 1))
                .into(),
            city: word(number + 3),
            ..AccountDraft::default()
        });
        single::create_parsed::<accounts::Account>(unit, fields)
    });
    let (live, deleted) = delete_some!(&store, accounts, made);
    check::<AccountField>(database, &live, &deleted, |filter, sort, window| {
        store.reading(|reader| reader.accounts().list(filter, sort, window))
    });
}

fn contacts_are_filtered_as_in_memory(database: &Database) {
    let store = open(database);
    let made = make(&store, |unit, number| {
        let draft = ContactDraft {
            first_name: word(number),
            last_name: name(number),
            email: (!number.is_multiple_of(3)).then(|| format!("Mail{number}@Example.com")).into(),
            company: word(number / 2),
            owner_id: owner(number),
            external_id: (number.is_multiple_of(4)).then(|| format!("x-{number}")).into(),
            employees: (!number.is_multiple_of(5)).then(|| (number * 7 % 900).to_string()).into(),
            industry: word(number / 3),
            country: word(number + 1),
            home_phone: (number.is_multiple_of(6)).then(|| "+1 555".to_owned()).into(),
            person_linkedin: (number.is_multiple_of(7))
                .then(|| format!("https://www.linkedin.com/in/P{}", number % 3))
                .into(),
            ..ContactDraft::default()
        };
        single::create_parsed::<contacts::Contact>(unit, ContactFields::parse(draft, user(), Check::new())?)
    });
    let (live, deleted) = delete_some!(&store, contacts, made, record => &record);
    check::<ContactField>(database, &live, &deleted, |filter, sort, window| {
        store.reading(|reader| reader.contacts().list(filter, sort, window))
    });
}

fn leads_are_filtered_as_in_memory(database: &Database) {
    let store = open(database);
    let made = make(&store, |unit, number| {
        let draft = LeadDraft {
            first_name: word(number),
            last_name: name(number),
            email: (!number.is_multiple_of(3))
                .then(|| format!("Mail{}@Example.com", number % 50))
                .into(),
            company: word(number / 2),
            source: word(number / 5),
            status: set(["New", "Contacted", "Qualified"][number % 7 % 3]),
            owner_id: owner(number),
            ..LeadDraft::default()
        };
        // Made as imports do: they may share emails.
        let fields = LeadFields::parse(draft, user(), Check::new())?;
        Ok(leads::create_many(unit, vec![fields])?.remove(0))
    });
    let (live, deleted) = delete_some!(&store, leads, made, record => &record);
    check::<LeadField>(database, &live, &deleted, |filter, sort, window| {
        store.reading(|reader| reader.leads().list(filter, sort, window))
    });
}

fn opportunities_are_filtered_as_in_memory(database: &Database) {
    let store = open(database);
    let made = make(&store, |unit, number| {
        let stages = ["Prospecting", "Negotiation", "Closed Won", "Closed Lost"];
        let draft = OpportunityDraft {
            name: name(number),
            stage: set(stages[number % 11 % stages.len()]),
            amount: (!number.is_multiple_of(4)).then(|| format!("-{}.25", number % 7)).into(),
            expected_close_date: (!number.is_multiple_of(5))
                .then(|| format!("2024-0{}-1{}", 1 + number % 3, number % 4))
                .into(),
            closed_on: (number % 11 % 4 > 1 && number.is_multiple_of(7))
                .then(|| format!("19{}-01-01", 90 - number % 9))
                .into(),
            lead_source: word(number),
            include_in_forecast: Patch::Set(!number.is_multiple_of(3)),
            owner_id: owner(number),
            ..OpportunityDraft::default()
        };
        let context = opportunities::context(unit, user())?;
        let new = OpportunityFields::parse(draft, &context, Check::new())?;
        Ok(opportunities::create_many(unit, vec![new])?.remove(0))
    });
    let (live, deleted) = delete_some!(&store, opportunities, made, record => &record);
    check::<OpportunityField>(database, &live, &deleted, |filter, sort, window| {
        store.reading(|reader| reader.opportunities().list(filter, sort, window))
    });
}

fn activities_are_filtered_as_in_memory(database: &Database) {
    let store = open(database);
    let made = make(&store, |unit, number| {
        let draft = ActivityDraft {
            activity_type: set(["call", "email", "meeting", "note"][number % 4]),
            subject: name(number),
            occurred_at: (!number.is_multiple_of(5))
                .then(|| format!("2025-01-{:02}T10:00:00Z", 1 + number % 28))
                .into(),
            completed: Patch::Set(number.is_multiple_of(3)),
            owner_id: owner(number),
            ..ActivityDraft::default()
        };
        single::create_parsed::<activities::Activity>(unit, ActivityFields::parse(draft, user(), Check::new())?)
    });
    let (live, deleted) = delete_some!(&store, activities, made);
    check::<ActivityField>(database, &live, &deleted, |filter, sort, window| {
        store.reading(|reader| reader.activities().list(filter, sort, window))
    });
}

fn tasks_are_filtered_as_in_memory(database: &Database) {
    let store = open(database);
    let made = make(&store, |unit, number| {
        let draft = TaskDraft {
            title: name(number),
            description: word(number / 3),
            priority: set(["Low", "Normal", "High", "Urgent"][number % 9 % 4]),
            status: set(TaskStatus::WORDS[number % 7 % 4]),
            due_at: (!number.is_multiple_of(5))
                .then(|| format!("2025-01-{:02}T10:00:00Z", 1 + number % 28))
                .into(),
            completed_at: (number.is_multiple_of(2))
                .then(|| format!("2025-02-{:02}T10:00:00Z", 1 + number % 3))
                .into(),
            owner_id: owner(number),
            ..TaskDraft::default()
        };
        single::create::<tasks::Task>(unit, draft, user(), Check::new())
    });
    let (live, deleted) = delete_some!(&store, tasks, made, record => &record);
    check::<TaskField>(database, &live, &deleted, |filter, sort, window| {
        store.reading(|reader| reader.tasks().list(filter, sort, window))
    });
}

fn webhooks_are_filtered_as_in_memory(database: &Database) {
    let store = open(database);
    let made = make(&store, |unit, number| {
        let draft = WebhookDraft {
            url: set(format!("https://example.com/{}", (number * 7) % ROWS)),
            description: word(number),
            is_active: Patch::Set(number % 3 != 0),
            ..WebhookDraft::default()
        };
        let family = [WebhookFamily::Saas, WebhookFamily::Halopsa, WebhookFamily::Elevate][number % 7 % 3];
        webhooks::create(unit, webhook_of(draft, family))
    });
    let (live, deleted) = delete_some!(&store, webhooks, made);
    check::<WebhookField>(database, &live, &deleted, |filter, sort, window| {
        store.reading(|reader| reader.webhooks().list(filter, sort, window))
    });
}
