//! Custom fields in SQL: a value is a row of `custom_value`, which a record has or has not. One index, (field, sort key, record), serves
//! every condition on a custom field and its order.

use crm_domain::query::{CustomColumn, Test};

use super::{Listed, condition};
use crate::tenant::fragment::Sql;

/// The row of the value that a list is sorted by, where it is joined to the record's.
pub(super) const SORTED: &str = "sorted";

/// A record's value, null where it has none. A subquery that is asked of row by row: no planner makes a join of it.
pub(super) fn value<F: Listed>(field: CustomColumn) -> Sql {
    Sql::new("(SELECT held.sort_key FROM custom_value AS held WHERE ")
        .then(of_record::<F>("held", field))
        .sql(")")
}

/// A condition so that the index of the values serves it.
pub(super) fn indexed<F: Listed>(field: CustomColumn, test: &Test) -> Sql {
    let id = || Sql::new(F::TABLE.name).sql(".id");
    let held = |sql: Sql| sql.then(of_record::<F>("held", field));
    let none = || held(Sql::new("NOT EXISTS (SELECT 1 FROM custom_value AS held WHERE "));
    match test {
        // All but those that have the value: most, so that they are asked one by one.
        Test::Differs(value) => none().sql(" AND held.sort_key = ").bind(value.clone().into()).sql(")"),
        Test::NotLess(value) => none().sql(" AND held.sort_key < ").bind(value.clone().into()).sql(")"),
        Test::IsNull(true) => none().sql(")"),
        Test::Compare(..) | Test::In(_) | Test::Contains(_) | Test::StartsWith(_) | Test::IsNull(false) => {
            let values = id().sql(" IN (SELECT held.record_id FROM custom_value AS held WHERE held.field_id = ");
            let values = values.integer(field.id.into()).sql(" AND ");
            values
                .then(condition::tested(Sql::new("held.sort_key"), test, field.spec()))
                .sql(")")
        }
    }
}

/// The rows of a list in the order of a custom field, those that have a value of it: its index leads to them.
pub(super) fn from_values<F: Listed>() -> Sql {
    Sql::new("custom_value AS sorted CROSS JOIN ").sql(F::TABLE.from)
}

/// What joins the two.
pub(super) fn of_value<F: Listed>(field: CustomColumn) -> Sql {
    let values = Sql::new("sorted.field_id = ").integer(field.id.into());
    values.sql(" AND ").sql(F::TABLE.name).sql(".id = sorted.record_id")
}

/// The rows of a list, each with its value of a custom field if it has one.
pub(super) fn from_records<F: Listed>(field: CustomColumn) -> Sql {
    let records = Sql::new(F::TABLE.from).sql(" LEFT JOIN custom_value AS sorted ON (");
    records.then(of_record::<F>(SORTED, field)).sql(")")
}

/// The primary key of a record's value.
fn of_record<F: Listed>(row: &'static str, field: CustomColumn) -> Sql {
    let entity = Sql::new(row).sql(".entity = '").sql(F::TABLE.name).sql("' AND ").sql(row);
    let record = entity.sql(".record_id = ").sql(F::TABLE.name).sql(".id AND ").sql(row);
    record.sql(".field_id = ").integer(field.id.into())
}
