//! Lists with conditions on custom fields, and in their order, are what a filter and a sort in memory give.

use crm_domain::usecase::single;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crm_domain::{
    id::{AccountId, RecordId},
    page::{Cursor, Direction, Sort, Start, Window},
    query::{Comparison, Condition, Field, Filter, Operator, Test, Value},
    tenant::{
        TenantStore,
        account::{self as accounts, Account, AccountDraft, AccountField, AccountFilter},
        custom_field::{CustomDraft, CustomField, Definitions, FieldType},
        label,
        opportunity::{OpportunityField, OpportunityFilter},
    },
};
use crm_tests::{
    database::{Backend, Database},
    each_backend_shared,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use super::{
    super::{account_of, open, set, write},
    ACCOUNT, create, define, draft,
};

each_backend_shared!(
    accounts_are_listed_by_custom_fields_as_in_memory,
    a_joined_noun_is_listed_by_custom_fields_too,
    a_cursor_of_another_kind_of_value_is_refused,
);

const ROWS: usize = 300;
/// Half of the rows have a value in a field, or nearly all, or few: stores make different plans of them.
const FIELDS: [(&str, FieldType, usize); 5] = [
    ("code", FieldType::Text, 2),
    ("score", FieldType::Number, 7),
    ("renewal", FieldType::Date, 5),
    ("vip", FieldType::Bool, 1),
    ("tier", FieldType::Choice, 3),
];

/// The rows, with the sort keys of their values by field.
struct Rows {
    fields: Vec<CustomField>,
    live: Vec<Account>,
    deleted: Vec<Account>,
    values: HashMap<i64, BTreeMap<i64, String>>,
}

fn value(holds: FieldType, number: usize) -> serde_json::Value {
    match holds {
        FieldType::Text => json!(["Steel", "steelworks", "Ärger", "🚀 co", "a_b%c", "ΟΔΟΣ", "x"][number / 3 % 7]),
        FieldType::Number => json!((number as f64 * 13.0 % 40.0 - 20.0) / 4.0),
        FieldType::Date => json!(format!("202{}-0{}-15", number % 3, number % 9 + 1)),
        FieldType::Bool => json!(number.is_multiple_of(4)),
        FieldType::Choice => json!(["Gold", "Silver", "Ärger"][number % 3]),
    }
}

fn rows(store: &Arc<dyn TenantStore>) -> Rows {
    let fields: Vec<CustomField> = FIELDS.iter().map(|(key, holds, _)| define(store, key, *holds)).collect();
    let made: Vec<(Account, CustomDraft)> = (0..ROWS)
        .map(|number| {
            let of_row = FIELDS
                .iter()
                .filter(|(_, _, every)| *every == 1 || !(number / 2).is_multiple_of(*every));
            let values = of_row.map(|(key, holds, _)| ((*key).to_owned(), value(*holds, number)));
            let draft = AccountDraft {
                name: set(format!("Account {}", number * 7 % 100)),
                industry: set(if number.is_multiple_of(2) { "Steel" } else { "Software" }),
                ..AccountDraft::default()
            };
            (account_of(draft), CustomDraft(values.collect()))
        })
        .map(|(fields, draft)| {
            let again = draft.clone();
            let account = write(store, move |unit| {
                let definitions = Definitions::in_unit(unit, ACCOUNT)?;
                let mut check = crm_domain::field::Check::new();
                let values = definitions.parse_new(draft, &mut check);
                check.finish()?;
                let account = single::create_parsed::<accounts::Account>(unit, fields)?;
                crm_domain::tenant::custom_field::write_new(unit, &definitions, vec![(account.id.get(), values)])?;
                Ok(account)
            });
            (account.unwrap(), again)
        })
        .collect();
    let mut values: HashMap<i64, BTreeMap<i64, String>> = HashMap::new();
    for (account, draft) in &made {
        for field in &fields {
            let given = draft.0.get(&*field.fields.key).map(|given| field.parse(given).unwrap().unwrap());
            if let Some(value) = given {
                values.entry(account.id.get()).or_default().insert(field.id.get(), value.sort_key());
            }
        }
    }
    let gone: Vec<AccountId> = made.iter().map(|(account, _)| account.id).filter(|id| id.get() % 9 == 0).collect();
    let ids = gone.clone();
    write(store, move |unit| ids.into_iter().try_for_each(|id| unit.accounts().remove(id))).unwrap();
    let (deleted, live) = made
        .into_iter()
        .map(|(account, _)| account)
        .partition(|account| gone.contains(&account.id));
    Rows {
        fields,
        live,
        deleted,
        values,
    }
}

impl Rows {
    fn value(&self, field: AccountField, account: &Account) -> Option<Value> {
        match field.custom() {
            Some(column) => {
                let key = self.values.get(&account.id.get())?.get(&column.id.get())?;
                Some(Value::Text(key.clone()))
            }
            None => field.value(account),
        }
    }

    fn meets(&self, condition: &Condition<AccountField>, account: &Account) -> bool {
        let value = self.value(*condition.field(), account);
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
            Test::StartsWith(prefix) => matches!(&value, Some(Value::Text(text)) if text.starts_with(prefix.as_str())),
            Test::Contains(_) => panic!("custom fields are not looked into"),
            Test::IsNull(is_null) => value.is_none() == *is_null,
        }
    }

    /// Conditions on custom fields, and some on the industry, which half of the rows share.
    fn condition(&self, (field, operator, picks): &(usize, usize, Vec<usize>)) -> Option<Condition<AccountField>> {
        let Some(custom) = self.fields.get(field % (self.fields.len() + 1)) else {
            return Some(Condition::equal(AccountField::Industry, "Steel"));
        };
        let column = AccountField::of_custom(custom.column())?;
        let operators: Vec<Operator> = column.spec().operators().collect();
        let operator = operators[operator % operators.len()];
        let text_of = |pick: &usize| match value(custom.fields.field_type, *pick) {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let text = match operator {
            Operator::IsNull => picks[0].is_multiple_of(2).to_string(),
            Operator::In => picks.iter().map(text_of).collect::<Vec<_>>().join(","),
            Operator::StartsWith => text_of(&picks[0]).chars().take(1 + picks[0] % 4).collect(),
            _ => text_of(&picks[0]),
        };
        Some(Condition::parse(column, operator, &text, |spec, text| custom.read(spec, text)).unwrap())
    }
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
    let condition = (any::<usize>(), any::<usize>(), prop::collection::vec(0..ROWS, 1..4));
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

fn accounts_are_listed_by_custom_fields_as_in_memory(database: &Database) {
    let store = open(database);
    let rows = rows(&store);
    let config = Config {
        cases: if database.backend == Backend::Sqlite { 200 } else { 100 },
        failure_persistence: None,
        ..Config::default()
    };
    let ids = |accounts: &[Account]| accounts.iter().map(|account| account.id.get()).collect::<Vec<_>>();
    TestRunner::new(config)
        .run(&asked(), |asked| {
            let filter = AccountFilter {
                deleted: asked.deleted,
                ..Filter::of(asked.conditions.iter().filter_map(|chosen| rows.condition(chosen)))
            };
            let custom = rows.fields.get(asked.key % (rows.fields.len() + 2));
            let own = [AccountField::CreatedAt, AccountField::Name][asked.key % 2];
            let sort = Sort {
                key: custom.and_then(|field| AccountField::of_custom(field.column())).unwrap_or(own),
                direction: if asked.direction {
                    Direction::Ascending
                } else {
                    Direction::Descending
                },
            };
            let mut expected = if asked.deleted { rows.deleted.clone() } else { rows.live.clone() };
            expected.retain(|account| filter.conditions.iter().all(|condition| rows.meets(condition, account)));
            // Records without a value come first ascending; ids decide.
            expected.sort_by_key(|account| {
                (
                    rows.value(sort.key, account).filter(|_| !sort.key.spec().is_in_id_order),
                    account.id,
                )
            });
            if sort.direction == Direction::Descending {
                expected.reverse();
            }
            for by_cursor in [false, true] {
                let mut walked: Vec<Account> = Vec::new();
                let mut start = Start::Offset(0);
                loop {
                    let window = Window { limit: asked.size, start };
                    let page = store.reading(|reader| reader.accounts().list(&filter, sort, &window)).unwrap();
                    prop_assert_eq!(page.total, expected.len() as u64, "the total of {:?}", filter);
                    walked.extend(page.items);
                    prop_assert_eq!(
                        page.has_more,
                        walked.len() < expected.len(),
                        "{:?} {:?}, by cursor: {}",
                        &filter,
                        sort,
                        by_cursor
                    );
                    let Some(last) = walked.last().filter(|_| page.has_more) else {
                        break;
                    };
                    start = if by_cursor {
                        Start::After(Cursor {
                            value: sort.key.place_of(rows.value(sort.key, last)),
                            id: last.id.get(),
                            seen: page.seen,
                            list: 0,
                        })
                    } else {
                        Start::Offset(walked.len() as u64)
                    };
                }
                prop_assert_eq!(ids(&walked), ids(&expected), "{:?} {:?}, by cursor: {}", &filter, sort, by_cursor);
            }
            // Beyond the end there is nothing, and still the total.
            let beyond = Window {
                limit: 5,
                start: Start::Offset(1_000),
            };
            let page = store.reading(|reader| reader.accounts().list(&filter, sort, &beyond)).unwrap();
            prop_assert_eq!((page.items.len(), page.total, page.has_more), (0, expected.len() as u64, false));
            Ok(())
        })
        .unwrap();
}

fn a_joined_noun_is_listed_by_custom_fields_too(database: &Database) {
    use super::super::opportunity;
    let store = open(database);
    let kind = crm_domain::tenant::change::EntityKind::Opportunity;
    let field = create(&store, draft(kind, "score", FieldType::Number)).unwrap();
    let deals: Vec<i64> = (0..5)
        .map(|number| {
            opportunity::create(&store, opportunity::deal(&format!("Deal {number}")))
                .unwrap()
                .id
                .get()
        })
        .collect();
    let scores = [Some(3), None, Some(-1), Some(10), None];
    for (deal, score) in deals.iter().copied().zip(scores) {
        let Some(score) = score else { continue };
        write(&store, move |unit| {
            let definitions = Definitions::in_unit(unit, kind)?;
            let values = CustomDraft([("score".to_owned(), json!(score))].into());
            let values = definitions.parse_changes(values, &mut crm_domain::field::Check::new());
            crm_domain::tenant::custom_field::write(unit, &definitions, vec![(deal, values)])
        })
        .unwrap();
    }
    let key = OpportunityField::of_custom(field.column()).unwrap();
    let list = |filter: &OpportunityFilter, direction| {
        let sort = Sort { key, direction };
        let page = store
            .reading(|reader| reader.opportunities().list(filter, sort, &Window::first(10)))
            .unwrap();
        page.items
            .iter()
            .map(|deal| deals.iter().position(|id| *id == deal.id.get()).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&Filter::default(), Direction::Ascending), [1, 4, 2, 0, 3]);
    assert_eq!(list(&Filter::default(), Direction::Descending), [3, 0, 2, 4, 1]);
    let positive = Condition::parse(key, Operator::Gt, "0", |spec, text| field.read(spec, text)).unwrap();
    assert_eq!(list(&Filter::of([positive]), Direction::Descending), [3, 0]);
    let labels = store.reading(|reader| label::of(reader.labels(), kind, &deals)).unwrap();
    assert_eq!(labels.len(), 3);
}

fn a_cursor_of_another_kind_of_value_is_refused(database: &Database) {
    let store = open(database);
    let field = define(&store, "score", FieldType::Number);
    let sort = Sort {
        key: AccountField::of_custom(field.column()).unwrap(),
        direction: Direction::Ascending,
    };
    for value in [
        crm_domain::page::SortValue::Id,
        crm_domain::page::SortValue::Integer(Some(1)),
        crm_domain::page::SortValue::Text(Some("a\0".to_owned())),
    ] {
        let cursor = Cursor {
            value,
            id: 1,
            seen: crm_domain::stamp::Stamp::default(),
            list: 0,
        };
        let window = Window {
            limit: 5,
            start: Start::After(cursor),
        };
        let refused = store.reading(|reader| reader.accounts().list(&Filter::default(), sort, &window));
        assert!(matches!(refused, Err(crm_domain::Error::Invalid(_))), "{refused:?}");
    }
}
