//! The control plane's tables, as `migrations/control` make them.

diesel::table! {
    control_clock (id) {
        id -> BigInt,
        epoch -> BigInt,
        change_id -> BigInt,
    }
}

diesel::table! {
    tenant (id) {
        id -> BigInt,
        uuid -> Text,
        name -> Text,
        company_name -> Text,
        location -> Text,
        tier -> Text,
        is_active -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    #[sql_name = "app_user"]
    user (id) {
        id -> BigInt,
        tenant_id -> BigInt,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        name -> Nullable<Text>,
        role -> Text,
        password_hash -> Nullable<Text>,
        is_active -> Bool,
        manager_id -> Nullable<BigInt>,
        office -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        last_login_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    invitation (id) {
        id -> BigInt,
        tenant_id -> BigInt,
        digest -> Text,
        email -> Text,
        email_key -> Text,
        name -> Nullable<Text>,
        role -> Text,
        manager_id -> Nullable<BigInt>,
        office -> Nullable<Text>,
        invited_by -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        accepted_at -> Nullable<BigInt>,
        accepted_by -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    session (id) {
        id -> BigInt,
        user_id -> BigInt,
        tenant_id -> BigInt,
        cookie_digest -> Nullable<Text>,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    refresh_token (digest) {
        digest -> Text,
        session_id -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    api_key (id) {
        id -> BigInt,
        tenant_id -> BigInt,
        family -> Text,
        public_id -> Text,
        hash -> Text,
        name -> Text,
        description -> Nullable<Text>,
        grants -> Text,
        rate_limit -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        ip_allowlist -> Text,
        created_by -> BigInt,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        request_count -> BigInt,
    }
}

diesel::table! {
    idempotency (principal, method, path, idempotency_key) {
        principal -> Text,
        method -> Text,
        path -> Text,
        idempotency_key -> Text,
        answer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    user_setting (user_id, section) {
        user_id -> BigInt,
        section -> Text,
        settings -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    work (tenant_id) {
        tenant_id -> BigInt,
        due_at -> BigInt,
        mark -> BigInt,
        marked_at -> BigInt,
    }
}

diesel::table! {
    agenda (tenant_id) {
        tenant_id -> BigInt,
        due_at -> BigInt,
        mark -> BigInt,
        marked_at -> BigInt,
    }
}

diesel::table! {
    outbox (tenant_id) {
        tenant_id -> BigInt,
        due_at -> BigInt,
        mark -> BigInt,
        marked_at -> BigInt,
    }
}

diesel::table! {
    control_change (id) {
        id -> BigInt,
        tenant_id -> BigInt,
        actor -> Text,
        family -> Text,
        entity -> Text,
        entity_id -> BigInt,
        kind -> Text,
        fields -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(session, refresh_token);
