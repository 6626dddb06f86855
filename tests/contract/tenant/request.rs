//! The request log.

use std::sync::Arc;

use crm_domain::{
    page::{Cursor, Direction, Page, Sort, SortValue, Start, Window},
    query::{Comparison, Condition, Operator, Spec},
    stamp::Stamp,
    tenant::{
        TenantStore,
        request::{LoggedRequest, RequestField, RequestFilter, RequestRecord},
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, feed, open, write};

each_backend_shared!(
    a_logged_request_reads_back,
    filters_narrow_the_list_and_its_total,
    the_log_reads_newest_first_by_offset_and_by_cursor,
    old_requests_are_purged,
);

fn record(number: i64) -> RequestRecord {
    let endpoints = [
        "/api/deals/{id}",
        "/api/deals",
        "/api/dealsx",
        "/api/d%als",
        "/api/d_als",
        "/api/🚀",
    ];
    let index = usize::try_from(number).unwrap();
    RequestRecord {
        received_at: Stamp::from_micros(1_000 + number),
        family: "saas",
        endpoint: endpoints[index % endpoints.len()].to_owned(),
        method: "GET".to_owned(),
        status: if number % 3 == 0 { 404 } else { 200 },
        latency_micros: 10 * number,
        api_key_id: (number % 2 == 0).then_some(number % 5),
        api_key_name: (number % 2 == 0).then(|| TEXTS[index % TEXTS.len()].to_owned()),
        user_id: (number % 2 == 1).then_some(7),
        client: "2001:db8::1".to_owned(),
        trace_id: format!("trace-{number}"),
    }
}

fn log(store: &Arc<dyn TenantStore>, numbers: std::ops::Range<i64>) -> Vec<RequestRecord> {
    let records: Vec<_> = numbers.map(record).collect();
    let batch = records.clone();
    write(store, move |unit| unit.requests().add(&batch)).unwrap();
    records
}

const NEWEST_FIRST: Sort<RequestField> = Sort {
    key: RequestField::Id,
    direction: Direction::Descending,
};

fn begins(prefix: &str) -> Condition<RequestField> {
    Condition::parse(RequestField::Endpoint, Operator::StartsWith, prefix, Spec::read).unwrap()
}

fn list(store: &Arc<dyn TenantStore>, filter: &RequestFilter, window: &Window) -> Page<LoggedRequest> {
    store
        .reading(|reader| reader.requests().list(filter, NEWEST_FIRST, window))
        .unwrap()
}

fn is(logged: &LoggedRequest, record: &RequestRecord) -> bool {
    let same = (logged.received_at, &*logged.family, &logged.endpoint, &logged.method)
        == (record.received_at, record.family, &record.endpoint, &record.method);
    let numbers = (logged.status, logged.latency_micros, logged.api_key_id, logged.user_id)
        == (i64::from(record.status), record.latency_micros, record.api_key_id, record.user_id);
    let texts = (&logged.api_key_name, &logged.client, &logged.trace_id) == (&record.api_key_name, &record.client, &record.trace_id);
    same && numbers && texts
}

fn a_logged_request_reads_back(database: &Database) {
    let store = open(database);
    let mut records = log(&store, 0..3);
    records.extend(log(&store, 3..100));
    log(&store, 0..0);
    let page = list(&store, &RequestFilter::default(), &Window::first(200));
    assert_eq!((page.items.len(), page.total, page.has_more), (100, 100, false));
    for (index, (logged, record)) in page.items.iter().rev().zip(&records).enumerate() {
        assert!(is(logged, record), "{logged:?} is not {record:?}");
        assert_eq!(logged.id, i64::try_from(index).unwrap() + 1);
    }
    assert_eq!(feed(&store), [], "the log is no change");
}

fn filters_narrow_the_list_and_its_total(database: &Database) {
    let store = open(database);
    let records = log(&store, 0..100);
    let check = |filter: RequestFilter, matches: &dyn Fn(&RequestRecord) -> bool| {
        let expected: Vec<_> = records.iter().rev().filter(|record| matches(record)).collect();
        let page = list(&store, &filter, &Window::first(200));
        assert_eq!(page.total, expected.len() as u64, "{filter:?}");
        assert!(page.items.len() == expected.len() && page.items.iter().zip(expected).all(|(logged, record)| is(logged, record)));
        assert_eq!(list(&store, &filter, &Window::first(1)).total, page.total);
    };
    for prefix in ["/api/deals", "/api/d%", "/api/d_", "/api/🚀", "/api/", "/other", "/api/deals/{id}x"] {
        let filter = RequestFilter::of([begins(prefix)]);
        check(filter, &|record| record.endpoint.starts_with(prefix));
    }
    for status in [200, 404, 500] {
        let filter = RequestFilter::of([Condition::equal(RequestField::Status, status)]);
        check(filter, &|record| i64::from(record.status) == status);
    }
    for id in [0, 1, 99] {
        let filter = RequestFilter::of([Condition::equal(RequestField::ApiKeyId, id)]);
        check(filter, &|record| record.api_key_id == Some(id));
    }
    let since = Stamp::from_micros(1_050);
    let arrived = Condition::compare(RequestField::ReceivedAt, Comparison::GreaterOrEqual, since);
    let filter = RequestFilter::of([arrived.clone()]);
    check(filter, &|record| record.received_at >= since);
    let filter = RequestFilter::of([
        arrived,
        Condition::equal(RequestField::Status, 404),
        Condition::equal(RequestField::ApiKeyId, 0),
        begins("/api/d"),
    ]);
    check(filter, &|record| {
        record.received_at >= since && record.status == 404 && record.api_key_id == Some(0) && record.endpoint.starts_with("/api/d")
    });
}

fn the_log_reads_newest_first_by_offset_and_by_cursor(database: &Database) {
    let store = open(database);
    log(&store, 0..50);
    let filter = RequestFilter::of([Condition::equal(RequestField::Status, 200)]);
    for filter in [RequestFilter::default(), filter] {
        let all = list(&store, &filter, &Window::first(100)).items;
        let (mut by_offset, mut by_cursor) = (Vec::new(), Vec::new());
        let mut start = Start::Offset(0);
        loop {
            let page = list(
                &store,
                &filter,
                &Window {
                    limit: 7,
                    start: Start::Offset(by_offset.len() as u64),
                },
            );
            by_offset.extend(page.items);
            if !page.has_more {
                break;
            }
        }
        loop {
            let page = list(&store, &filter, &Window { limit: 7, start });
            let id = page.items.last().unwrap().id;
            by_cursor.extend(page.items);
            if !page.has_more {
                break;
            }
            start = Start::After(Cursor {
                value: SortValue::Id,
                id,
                seen: page.seen,
                list: 0,
            });
        }
        assert_eq!(by_offset, all);
        assert_eq!(by_cursor, all);
    }
}

fn old_requests_are_purged(database: &Database) {
    let store = open(database);
    log(&store, 0..100);
    let purge = |before, limit| write(&store, move |unit| unit.requests().purge(Stamp::from_micros(before), limit)).unwrap();
    assert_eq!(purge(1_040, 30), 30);
    let page = list(&store, &RequestFilter::default(), &Window::first(100));
    assert_eq!((page.total, page.items.len()), (70, 70));
    assert_eq!(page.items.last().unwrap().received_at, Stamp::from_micros(1_030));
    assert_eq!(purge(1_040, 1_000), 10);
    assert_eq!(purge(1_040, 1_000), 0);
    log(&store, 0..1);
    let newest = list(&store, &RequestFilter::default(), &Window::first(1));
    assert_eq!((newest.total, newest.items[0].id), (61, 101), "ids are not used again");
}
