//! The tenant plane's tables, as `migrations/tenant` make them.

diesel::table! {
    counter (id) {
        id -> BigInt,
        stamp -> BigInt,
        change_seq -> BigInt,
        account_id -> BigInt,
        account_live -> BigInt,
        contact_id -> BigInt,
        contact_live -> BigInt,
        lead_id -> BigInt,
        lead_live -> BigInt,
        opportunity_id -> BigInt,
        opportunity_forecast -> BigInt,
        opportunity_other -> BigInt,
        activity_id -> BigInt,
        activity_live -> BigInt,
        stage_id -> BigInt,
        request_id -> BigInt,
        request_total -> BigInt,
    }
}

diesel::table! {
    account (id) {
        id -> BigInt,
        uuid -> Text,
        external_id -> Nullable<Text>,
        name -> Text,
        name_key -> Text,
        category -> Nullable<Text>,
        website -> Nullable<Text>,
        phone -> Nullable<Text>,
        email -> Nullable<Text>,
        address -> Nullable<Text>,
        city -> Nullable<Text>,
        state -> Nullable<Text>,
        zip_code -> Nullable<Text>,
        country -> Nullable<Text>,
        industry -> Nullable<Text>,
        employees -> Nullable<BigInt>,
        annual_revenue -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        founded_year -> Nullable<BigInt>,
        description -> Nullable<Text>,
        parent_id -> Nullable<BigInt>,
        owner_id -> BigInt,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    contact (id) {
        id -> BigInt,
        uuid -> Text,
        external_id -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        phone -> Nullable<Text>,
        other_phone -> Nullable<Text>,
        title -> Nullable<Text>,
        company -> Nullable<Text>,
        website -> Nullable<Text>,
        city -> Nullable<Text>,
        state -> Nullable<Text>,
        country -> Nullable<Text>,
        description -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        owner_id -> BigInt,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    lead (id) {
        id -> BigInt,
        uuid -> Text,
        external_id -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        phone -> Nullable<Text>,
        title -> Nullable<Text>,
        company -> Nullable<Text>,
        source -> Nullable<Text>,
        status -> Text,
        description -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        owner_id -> BigInt,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    pipeline (id) {
        id -> BigInt,
        name -> Text,
        is_default -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    stage (id) {
        id -> BigInt,
        pipeline_id -> BigInt,
        name -> Text,
        name_key -> Text,
        position -> BigInt,
        probability -> BigInt,
        kind -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    opportunity (id) {
        id -> BigInt,
        uuid -> Text,
        external_id -> Nullable<Text>,
        name -> Text,
        name_key -> Text,
        account_id -> Nullable<BigInt>,
        contact_id -> Nullable<BigInt>,
        stage_id -> BigInt,
        amount -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        probability -> BigInt,
        expected_close_date -> Nullable<Text>,
        closed_on -> Nullable<Text>,
        engaged_on -> Nullable<Text>,
        description -> Nullable<Text>,
        lead_source -> Nullable<Text>,
        next_step -> Nullable<Text>,
        include_in_forecast -> Bool,
        owner_id -> BigInt,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    activity (id) {
        id -> BigInt,
        uuid -> Text,
        activity_type -> Text,
        subject -> Text,
        body -> Nullable<Text>,
        occurred_at -> Nullable<BigInt>,
        completed -> Bool,
        account_id -> Nullable<BigInt>,
        contact_id -> Nullable<BigInt>,
        lead_id -> Nullable<BigInt>,
        opportunity_id -> Nullable<BigInt>,
        owner_id -> BigInt,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    change (seq) {
        seq -> BigInt,
        stamp -> BigInt,
        entity -> Text,
        entity_id -> BigInt,
        kind -> Text,
        actor -> Text,
        family -> Text,
        fields -> Text,
    }
}

diesel::table! {
    request (id) {
        id -> BigInt,
        received_at -> BigInt,
        family -> Text,
        endpoint -> Text,
        method -> Text,
        status -> BigInt,
        latency_micros -> BigInt,
        api_key_id -> Nullable<BigInt>,
        api_key_name -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        client -> Text,
        trace_id -> Text,
    }
}

diesel::table! {
    idempotency (principal, method, path, idempotency_key) {
        principal -> Text,
        method -> Text,
        path -> Text,
        idempotency_key -> Text,
        request_digest -> Text,
        status -> BigInt,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::joinable!(opportunity -> stage (stage_id));
diesel::joinable!(stage -> pipeline (pipeline_id));
diesel::allow_tables_to_appear_in_same_query!(
    account,
    contact,
    lead,
    opportunity,
    activity,
    stage,
    pipeline,
    counter,
    change,
    request
);
