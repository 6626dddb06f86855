//! Lists of a tenant's users. They are few (a team, not a record set) and live beside all other tenants' users: a list is filtered and
//! sorted here, so that it is the same whatever the database folds and collates.

use std::{cmp::Ordering, mem::discriminant};

use super::{Role, User};
use crate::{
    error::Result,
    field::{Email, search_key},
    fields,
    id::RecordId,
    page::{Cursor, Direction, Page, Sort, SortValue, Start, Window},
    query::{Field, Filter},
    stamp::Stamp,
};

const ROLES: [&str; 3] = [Role::User.as_str(), Role::Manager.as_str(), Role::Admin.as_str()];

fields! {
    /// The fields of users that lists know. Ids ascend in the order of creation; texts are compared whatever their case.
    pub enum UserField of user: User {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => user.created_at;
        Id: Spec::id("id").filterable().in_id_order() => user.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => user.updated_at;
        LastLoginAt: Spec::stamp("last_login_at").nullable().filterable() => user.last_login_at;
        Email: Spec::email("email").nullable().filterable().searchable() => user.email.as_ref();
        Name: Spec::key("name").nullable().filterable().searchable() => user.name.as_ref();
        Role: Spec::choice("role", &ROLES).filterable() => user.role.as_str();
        IsActive: Spec::boolean("is_active").filterable() => user.is_active;
        ManagerId: Spec::id("manager_id").nullable().filterable() => user.manager_id;
        Office: Spec::key("office").nullable().filterable().searchable() => user.office.as_ref();
    }
}

/// Which users are wanted; all conditions hold. None is ever deleted.
pub type UserFilter = Filter<UserField>;

fn admits(filter: &UserFilter, user: &User) -> bool {
    !filter.deleted
        && filter.conditions.iter().all(|condition| condition.is_met_by(user))
        && filter.search.as_ref().is_none_or(|term| holds(user, &search_key(term.trim())))
}

fn holds(user: &User, term: &str) -> bool {
    let texts = [user.email.as_ref().map(Email::as_str), user.name.as_deref(), user.office.as_deref()];
    texts.into_iter().flatten().any(|text| search_key(text).contains(term))
}

/// A page of these users; `seen` is when they were read.
///
/// # Errors
/// [`Cursor::refusal`] for a cursor of another order.
pub fn page(users: Vec<User>, filter: &UserFilter, sort: Sort<UserField>, window: &Window, seen: Stamp) -> Result<Page<User>> {
    let mut users: Vec<_> = users
        .into_iter()
        .filter(|user| admits(filter, user))
        .map(|user| place(sort.key, user))
        .collect();
    let order = |a: (&SortValue, i64), b: (&SortValue, i64)| {
        let ascending = compare(a.0, b.0).then(a.1.cmp(&b.1));
        if sort.direction == Direction::Ascending {
            ascending
        } else {
            ascending.reverse()
        }
    };
    users.sort_by(|(a, first), (b, second)| order((a, first.id.get()), (b, second.id.get())));
    let total = users.len();
    let skipped = match &window.start {
        Start::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX).min(total),
        Start::After(cursor) if accepts(sort.key, &cursor.value) => {
            let is_before =
                |(value, user): &(SortValue, User)| order((value, user.id.get()), (&cursor.value, cursor.id)) != Ordering::Greater;
            users.partition_point(is_before)
        }
        Start::After(_) => return Err(Cursor::refusal()),
    };
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    Ok(Page {
        has_more: total - skipped > limit,
        items: users.into_iter().skip(skipped).take(limit).map(|(_, user)| user).collect(),
        total: total as u64,
        seen,
    })
}

fn place(key: UserField, user: User) -> (SortValue, User) {
    (key.place(&user), user)
}

/// Whether a cursor's value is one of this order's.
fn accepts(key: UserField, value: &SortValue) -> bool {
    discriminant(&key.place_of(None)) == discriminant(value)
}

/// Nulls come first. Values of one order are of one kind.
fn compare(a: &SortValue, b: &SortValue) -> Ordering {
    match (a, b) {
        (SortValue::Integer(a), SortValue::Integer(b)) => a.cmp(b),
        (SortValue::Text(a), SortValue::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        field::Text,
        id::{TenantId, UserId},
        query::Condition,
    };

    fn user(id: i64, number: u32) -> User {
        let stamp = |number: u32| Stamp::from_micros(i64::from(number % 3));
        let odd = number % 2 == 1;
        User {
            id: UserId::from_i64(id),
            tenant_id: TenantId::from_i64(1),
            email: odd.then(|| Email::parse(&format!("u{id}@acme.test")).unwrap()),
            name: (!number.is_multiple_of(5)).then(|| Text::parse(["ada", "Ada", "Grace"][(number % 3) as usize]).unwrap()),
            role: Role::ALL[(number % 3) as usize],
            password: None,
            is_active: !number.is_multiple_of(4),
            manager_id: odd.then(|| UserId::from_i64(i64::from(number % 3))),
            office: None,
            created_at: Stamp::from_micros(id),
            updated_at: stamp(number),
            last_login_at: odd.then(|| stamp(number)),
        }
    }

    fn ids(page: &Page<User>) -> Vec<i64> {
        page.items.iter().map(|user| user.id.get()).collect()
    }

    proptest! {
        #[test]
        fn pages_by_offset_and_by_cursor_walk_through_all_users_once(
            numbers in proptest::collection::vec(0_u32..60, 0..40), key in 0..UserField::ALL.len(), descending: bool, limit in 1_u32..7,
        ) {
            let users: Vec<User> = (1..).zip(numbers).map(|(id, number)| user(id, number)).collect();
            let direction = if descending { Direction::Descending } else { Direction::Ascending };
            let sort = Sort { key: UserField::ALL[key], direction };
            let list = |start| page(users.clone(), &UserFilter::default(), sort, &Window { limit, start }, Stamp::default()).unwrap();
            let whole = page(users.clone(), &UserFilter::default(), sort, &Window::first(1000), Stamp::default()).unwrap();
            let (mut by_offset, mut by_cursor) = (Vec::new(), Vec::new());
            let mut start = Start::Offset(0);
            loop {
                let offset = list(Start::Offset(by_offset.len() as u64));
                let cursor = list(start);
                prop_assert_eq!(ids(&offset), ids(&cursor));
                prop_assert_eq!((offset.total, offset.has_more), (users.len() as u64, cursor.has_more));
                by_offset.extend(ids(&offset));
                by_cursor.extend(ids(&cursor));
                let Some(last) = cursor.items.last().filter(|_| cursor.has_more) else { break };
                start = Start::After(Cursor { value: sort.key.place(last), id: last.id.get(), seen: Stamp::default(), list: 0 });
            }
            prop_assert_eq!(&by_offset, &ids(&whole));
            prop_assert_eq!(by_cursor, by_offset);
        }
    }

    #[test]
    fn a_filter_takes_those_that_meet_all_of_it() {
        let users: Vec<User> = (1..=30).map(|id| user(i64::from(id), id)).collect();
        let list = |filter: &UserFilter| {
            let found = page(users.clone(), filter, Sort::default(), &Window::first(1000), Stamp::default()).unwrap();
            ids(&found)
        };
        let admins = UserFilter::of([
            Condition::equal(UserField::Role, Role::Admin.as_str()),
            Condition::equal(UserField::IsActive, true),
        ]);
        assert_eq!(list(&admins), [2, 5, 11, 14, 17, 23, 26, 29]);
        let searched = UserFilter {
            search: Some(" GRACE ".to_owned()),
            ..admins
        };
        assert_eq!(list(&searched), [2, 11, 14, 17, 23, 26, 29]);
        let led = UserFilter::of([Condition::equal(UserField::ManagerId, UserId::from_i64(1))]);
        assert_eq!(list(&led), [1, 7, 13, 19, 25]);
        let deleted = UserFilter {
            deleted: true,
            ..UserFilter::default()
        };
        assert!(list(&deleted).is_empty(), "users are deactivated");
    }

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let cursor = Cursor {
            value: SortValue::Id,
            id: 1,
            seen: Stamp::default(),
            list: 0,
        };
        let by_name = Sort {
            key: UserField::Name,
            direction: Direction::Ascending,
        };
        let window = Window {
            limit: 1,
            start: Start::After(cursor),
        };
        assert!(page(vec![user(1, 1)], &UserFilter::default(), by_name, &window, Stamp::default()).is_err());
    }
}
