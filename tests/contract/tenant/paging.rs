//! Order, offsets and cursors of every list: each walk visits what a sort in memory gives.

use std::{cmp::Ordering, fmt::Debug, sync::Arc};

use crm_domain::{
    error::Error,
    field::{Check, Patch},
    id::{RecordId, UserId},
    page::{Cursor, Direction, Page, Sort, SortValue, Start, Window},
    query::Field,
    stamp::Stamp,
    tenant::{
        TenantStore,
        account::{self as accounts, Account, AccountDraft, AccountField, AccountFilter},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{account_of, add_account, changed_after, open, set, user, write};

each_backend_shared!(
    accounts_walk_in_every_order,
    changed_accounts_walk_in_every_order,
    a_cursor_of_another_kind_is_refused,
    an_empty_page_still_tells_the_newest_stamp,
);

mod opportunity;
mod person;
mod webhook;

const ROWS: usize = 40;
const PAGE: u32 = 7;

/// Values with nulls, repetitions, case, accents and characters beyond the basic plane: code points must decide, not a locale.
const VALUES: [Option<&str>; 11] = [
    Some("beta"),
    None,
    Some("Alpha"),
    Some("alpha"),
    Some("Ärger"),
    Some("zebra"),
    Some("\u{fffd}"),
    Some("🚀"),
    None,
    Some("a-b"),
    Some("a b"),
];

fn value(number: usize) -> Patch<String> {
    VALUES[number % VALUES.len()].map(str::to_owned).into()
}

fn name(number: usize) -> Patch<String> {
    set(VALUES[(number * 3) % VALUES.len()].unwrap_or("Alpha"))
}

fn owner(number: usize) -> Patch<UserId> {
    Patch::Set(UserId::from_i64((number % 3) as i64))
}

fn compare(a: &SortValue, b: &SortValue) -> Ordering {
    match (a, b) {
        (SortValue::Id, SortValue::Id) => Ordering::Equal,
        (SortValue::Integer(a), SortValue::Integer(b)) => a.cmp(b),
        (SortValue::Text(a), SortValue::Text(b)) => a.cmp(b),
        _ => panic!("one list has one kind of sort value: {a:?}, {b:?}"),
    }
}

/// A list under test.
struct List<'a, T, K> {
    /// Every record that it shows, in any order.
    all: Vec<T>,
    keys: &'a [K],
    value: &'a dyn Fn(K, &T) -> SortValue,
    id: &'a dyn Fn(&T) -> i64,
    list: &'a dyn Fn(Sort<K>, &Window) -> Page<T>,
}

impl<T: Clone + PartialEq + Debug, K: Copy + Debug> List<'_, T, K> {
    fn assert_walks(&self) {
        for key in self.keys {
            for direction in [Direction::Ascending, Direction::Descending] {
                let sort = Sort { key: *key, direction };
                let expected = self.sorted(sort);
                let whole = (self.list)(sort, &Window::first(1_000));
                assert_eq!(self.ids(&whole.items), self.ids(&expected), "{sort:?}");
                assert_eq!(whole.items, expected);
                assert_eq!(self.ids(&self.walk_by_offset(sort)), self.ids(&expected), "by offset, {sort:?}");
                assert_eq!(self.ids(&self.walk_by_cursor(sort)), self.ids(&expected), "by cursor, {sort:?}");
                self.assert_beyond_the_end(sort);
            }
        }
    }

    fn ids(&self, items: &[T]) -> Vec<i64> {
        items.iter().map(self.id).collect()
    }

    /// Nulls first ascending; equal keys by id; descending is exactly the reverse.
    fn sorted(&self, sort: Sort<K>) -> Vec<T> {
        let mut sorted = self.all.clone();
        sorted.sort_by(|a, b| {
            let keys = compare(&(self.value)(sort.key, a), &(self.value)(sort.key, b));
            keys.then((self.id)(a).cmp(&(self.id)(b)))
        });
        if sort.direction == Direction::Descending {
            sorted.reverse();
        }
        sorted
    }

    fn walk_by_offset(&self, sort: Sort<K>) -> Vec<T> {
        self.walk(sort, |_, walked| Start::Offset(walked))
    }

    fn walk_by_cursor(&self, sort: Sort<K>) -> Vec<T> {
        self.walk(sort, |page, _| {
            let last = page.items.last().unwrap();
            let cursor = Cursor {
                value: (self.value)(sort.key, last),
                id: (self.id)(last),
                seen: page.seen,
                list: 9,
            };
            Start::After(Cursor::decode(&cursor.encode(), 9).unwrap())
        })
    }

    fn walk(&self, sort: Sort<K>, next: impl Fn(&Page<T>, u64) -> Start) -> Vec<T> {
        let mut walked = Vec::new();
        let mut start = Start::Offset(0);
        loop {
            let page = (self.list)(sort, &Window { limit: PAGE, start });
            assert_eq!(page.total, self.all.len() as u64, "the total of a page of {sort:?}");
            walked.extend(page.items.iter().cloned());
            assert!(walked.len() <= self.all.len(), "the walk does not end, {sort:?}");
            assert_eq!(page.has_more, walked.len() < self.all.len());
            if !page.has_more {
                return walked;
            }
            start = next(&page, walked.len() as u64);
        }
    }

    fn assert_beyond_the_end(&self, sort: Sort<K>) {
        for offset in [self.all.len() as u64, 1_000_000, u64::MAX] {
            let window = Window {
                limit: PAGE,
                start: Start::Offset(offset),
            };
            let page = (self.list)(sort, &window);
            assert_eq!((page.items.len(), page.has_more, page.total), (0, false, self.all.len() as u64));
        }
    }
}

fn account_draft(number: usize) -> AccountDraft {
    let host = value(number + 4).or_current(None).map(|_| format!("h{}.example.com", number % 5));
    AccountDraft {
        name: name(number),
        category: value(number),
        website: host.clone().into(),
        phone: value(number + 1),
        email: host.map(|host| format!("Mail@{host}")).into(),
        city: value(number + 2),
        state: value(number + 3),
        zip_code: value(number + 4),
        country: value(number + 5),
        industry: value(number + 6),
        employees: (!number.is_multiple_of(4)).then(|| (number % 6).to_string()).into(),
        annual_revenue: (!number.is_multiple_of(5)).then(|| format!("{}.50", number % 7)).into(),
        founded_year: (!number.is_multiple_of(3)).then(|| (1990 + number % 4).to_string()).into(),
        owner_id: owner(number),
        ..AccountDraft::default()
    }
}

/// Accounts of which some were changed later, and some removed.
fn fill_accounts(store: &Arc<dyn TenantStore>) -> Vec<Account> {
    let made: Vec<Account> = (0..ROWS + 2)
        .map(|number| {
            let fields = account_of(account_draft(number));
            write(store, move |unit| single::create_parsed::<accounts::Account>(unit, fields)).unwrap()
        })
        .collect();
    let ids: Vec<_> = made.iter().map(|account| account.id).collect();
    write(store, move |unit| {
        single::remove::<accounts::Account>(unit, ids[3])?;
        single::remove::<accounts::Account>(unit, ids[ROWS])
    })
    .unwrap();
    for account in made.iter().rev().filter(|account| account.id.get() % 5 == 0) {
        let draft = AccountDraft {
            description: set("changed"),
            ..AccountDraft::default()
        };
        let id = account.id;
        write(store, move |unit| {
            single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
        })
        .unwrap();
    }
    let ids: Vec<_> = made.iter().map(|account| account.id).collect();
    store.reading(|reader| reader.accounts().lookup_many(&ids)).unwrap()
}

fn list_accounts(store: &Arc<dyn TenantStore>, filter: &AccountFilter, sort: Sort<AccountField>, window: &Window) -> Page<Account> {
    store.reading(|reader| reader.accounts().list(filter, sort, window)).unwrap()
}

fn accounts_walk_in_every_order(database: &Database) {
    let store = open(database);
    let all = fill_accounts(&store);
    assert_eq!(all.len(), ROWS);
    let list = List {
        all,
        keys: AccountField::ALL,
        value: &|key, account| key.place(account),
        id: &|account: &Account| account.id.get(),
        list: &|sort, window| list_accounts(&store, &AccountFilter::default(), sort, window),
    };
    list.assert_walks();
}

/// Few changed accounts are read through the stamp's index, many by walking the list's own order: the pages must be the same.
fn changed_accounts_walk_in_every_order(database: &Database) {
    let store = open(database);
    let batch: Vec<_> = (0..600).map(|number| account_of(account_draft(number))).collect();
    let mut all = write(&store, move |unit| accounts::create_many(unit, batch)).unwrap();
    all.extend(fill_accounts(&store));
    let mut stamps: Vec<_> = all.iter().map(|account| account.updated_at).collect();
    stamps.sort();
    let few = stamps[stamps.len() - 20];
    for (after, count) in [(few, 19), (Stamp::from_micros(stamps[0].micros() - 1), all.len())] {
        let matching: Vec<_> = all.iter().filter(|account| account.updated_at > after).cloned().collect();
        assert_eq!(matching.len(), count);
        let filter = AccountFilter::of([changed_after(AccountField::UpdatedAt, after)]);
        let list = List {
            all: matching,
            keys: if count < 100 { AccountField::ALL } else { &AccountField::ALL[2..5] },
            value: &|key, account| key.place(account),
            id: &|account: &Account| account.id.get(),
            list: &|sort, window| list_accounts(&store, &filter, sort, window),
        };
        list.assert_walks();
    }
    let none = AccountFilter::of([changed_after(AccountField::UpdatedAt, *stamps.last().unwrap())]);
    let page = list_accounts(&store, &none, Sort::default(), &Window::first(5));
    assert_eq!(
        (page.items, page.total),
        (Vec::new(), 0),
        "the newest stamp itself is not after itself"
    );
}

/// A cursor is opaque, not secret: whoever forges one gets a refusal, never a database error.
fn a_cursor_of_another_kind_is_refused(database: &Database) {
    let store = open(database);
    add_account(&store, "Acme");
    let forged = [
        (AccountField::CreatedAt, SortValue::Integer(Some(5))),
        (AccountField::CreatedAt, SortValue::Text(None)),
        (AccountField::Name, SortValue::Integer(Some(5))),
        (AccountField::Name, SortValue::Id),
        (AccountField::Name, SortValue::Text(None)),
        (AccountField::Name, SortValue::Text(Some("nul\0".to_owned()))),
        (AccountField::Employees, SortValue::Text(Some("5".to_owned()))),
        (AccountField::Employees, SortValue::Text(None)),
        (AccountField::UpdatedAt, SortValue::Integer(None)),
    ];
    for (key, value) in forged {
        for direction in [Direction::Ascending, Direction::Descending] {
            let start = Start::After(Cursor {
                value: value.clone(),
                id: 1,
                seen: Stamp::default(),
                list: 0,
            });
            let window = Window { limit: 5, start };
            let listed = store.reading(|reader| reader.accounts().list(&AccountFilter::default(), Sort { key, direction }, &window));
            match listed {
                Err(Error::Invalid(errors)) => assert_eq!(errors[0].field, "cursor"),
                other => panic!("{key:?} after {value:?} gives {other:?}"),
            }
        }
    }
}

fn an_empty_page_still_tells_the_newest_stamp(database: &Database) {
    let store = open(database);
    let page = list_accounts(&store, &AccountFilter::default(), Sort::default(), &Window::first(5));
    assert_eq!((page.total, page.seen), (0, Stamp::default()));
    let account = add_account(&store, "Acme");
    let beyond = Window {
        limit: 5,
        start: Start::Offset(10),
    };
    let filter = AccountFilter::of([changed_after(AccountField::UpdatedAt, account.updated_at)]);
    for page in [
        list_accounts(&store, &AccountFilter::default(), Sort::default(), &Window::first(5)),
        list_accounts(&store, &AccountFilter::default(), Sort::default(), &beyond),
        list_accounts(&store, &filter, Sort::default(), &Window::first(5)),
    ] {
        assert_eq!(page.seen, account.updated_at);
    }
}
