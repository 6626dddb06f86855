//! Documents a list's parameters, from the domain's table of the noun's fields.

use std::marker::PhantomData;

use crm_domain::{
    query::{Field, Kind, Operator, Spec},
    tenant::change::Entity,
};
use utoipa::{
    IntoParams,
    openapi::{
        RefOr, Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{AnyOfBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::{
    custom::has_custom_fields,
    query::{Nature, names_of},
};
use crate::families::saas::{
    include::IncludeParam,
    page::PageParams,
    word::{field_of, fields},
};

/// The query parameters of a noun's list.
pub(crate) struct ListParams<F>(PhantomData<F>);

impl<F: Field<Record: Entity>> IntoParams for ListParams<F> {
    fn into_params(parameter_in_provider: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut params = PlainListParams::<F>::into_params(parameter_in_provider);
        params.extend(IncludeParam::<F>::into_params(|| None));
        let deleted = "`true` shows the deleted records instead of the live ones.";
        params.push(words("deleted", deleted, ["true", "false"].map(str::to_owned).to_vec()));
        if has_custom_fields::<F>() {
            let description = "Only records with this value in a custom field; also with the operators of its type: `ne`, `in` and \
                               `isNull` for all, `startsWith` for texts, `lt`, `lte`, `gt` and `gte` for numbers and dates, as in \
                               `filter[customFields.score][gte]`.";
            params.push(text("filter[customFields.{key}]", description));
        }
        if Nature::of::<F::Record>().is_labelled {
            params.push(text(
                "filter[tags]",
                "Only records that carry this tag, or one of several between commas.",
            ));
        }
        params
    }
}

/// The query parameters of a list of what is no record of the tenant's database.
pub(crate) struct PlainListParams<F>(PhantomData<F>);

impl<F: Field> IntoParams for PlainListParams<F> {
    fn into_params(parameter_in_provider: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut params = PageParams::into_params(parameter_in_provider);
        params.push(order::<F>());
        params.push(words(
            "sortOrder",
            "`asc` when left out.",
            ["asc", "desc"].map(str::to_owned).to_vec(),
        ));
        if F::ALL.iter().any(|field| field.spec().is_searchable) {
            params.push(text("search", "Only records that hold this text, whatever its case."));
        }
        params.push(text("fields", "Comma-separated: only these members of each item, and `id`."));
        let filterable = fields::<F>().map(|field| field.spec()).filter(|spec| spec.is_filterable);
        params.extend(filterable.map(condition));
        params
    }
}

/// One of the noun's fields, or a custom one.
fn order<F: Field>() -> Parameter {
    let description = "A field of the resource that has an index; `createdAt` when left out.";
    if !has_custom_fields::<F>() {
        return words("sortBy", description, orders::<F>());
    }
    let own = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(orders::<F>()));
    let custom = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^customFields\.[a-z][a-zA-Z0-9_]{0,39}$"));
    parameter("sortBy", description, AnyOfBuilder::new().item(own).item(custom))
}

fn orders<F: Field>() -> Vec<String> {
    let mut names = names_of::<F>(Spec::is_sortable);
    names.push("tenantId".to_owned());
    names
}

/// `filter[name]` with its operators.
fn condition(spec: &Spec) -> Parameter {
    let name = format!("filter[{}]", field_of(spec.name));
    let operators: Vec<String> = spec.operators().map(|operator| format!("`{name}[{}]`", operator.word())).collect();
    let many = if spec.operators().any(|operator| operator == Operator::In) {
        " Values of `in` stand between commas."
    } else {
        ""
    };
    let case = case_rule(spec);
    text(
        &name,
        &format!("Only records with this value{case}; also {}.{many}", operators.join(", ")),
    )
}

/// How a field's texts are compared, in conditions and in orders alike.
fn case_rule(spec: &Spec) -> &'static str {
    match spec.kind {
        Kind::Text if !spec.words.is_empty() => ", of the usual words whatever the case",
        Kind::Text => ", in upper and lower case as it was written",
        Kind::Key | Kind::Choice(_) | Kind::Ranked(_) => ", whatever its case",
        Kind::Bool | Kind::Date | Kind::Decimal | Kind::Id | Kind::Integer | Kind::Money | Kind::Stamp => "",
    }
}

pub(crate) fn text(name: &str, description: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    parameter(name, description, schema)
}

fn words(name: &str, description: &str, words: Vec<String>) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    parameter(name, description, schema)
}

fn parameter(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
