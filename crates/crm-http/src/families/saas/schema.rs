//! One body type, two schemas: what a creation requires, a change may leave out (contract X-93).

use utoipa::openapi::{RefOr, schema::Schema};

/// The same schema with nothing required.
pub(crate) fn without_required(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.required.clear();
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}

/// Declares the schema of changes: that of a creation with nothing required.
macro_rules! changes_schema {
    ($(#[$doc:meta])* $name:ident = $schema:literal of $creation:ident) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::families::saas::schema::without_required(<$creation as utoipa::PartialSchema>::schema())
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }
        }
    };
}
pub(crate) use changes_schema;
