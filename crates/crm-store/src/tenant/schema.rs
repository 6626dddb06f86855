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
        tag_id -> BigInt,
        tag_live -> BigInt,
        request_id -> BigInt,
        request_total -> BigInt,
        sla_policy_id -> BigInt,
        sla_policy_live -> BigInt,
        ticket_id -> BigInt,
        ticket_live -> BigInt,
        ticket_comment_id -> BigInt,
        ticket_comment_live -> BigInt,
        partner_id -> BigInt,
        partner_live -> BigInt,
        task_id -> BigInt,
        task_live -> BigInt,
        webhook_id -> BigInt,
        webhook_live -> BigInt,
        pipeline_id -> BigInt,
        handoff_id -> BigInt,
        custom_field_id -> BigInt,
        custom_field_live -> BigInt,
        setting_at -> BigInt,
        merge_id -> BigInt,
        merge_total -> BigInt,
        job_id -> BigInt,
        job_total -> BigInt,
        control_change_id -> BigInt,
        delivery_id -> BigInt,
        dispatched_seq -> BigInt,
        delivery_hour -> BigInt,
        delivery_hour_sent -> BigInt,
        timer_id -> BigInt,
        agenda_at -> BigInt,
        sla_policy_at -> BigInt,
        sync_log_id -> BigInt,
        sync_log_total -> BigInt,
    }
}

diesel::table! {
    custom_field (id) {
        id -> BigInt,
        uuid -> Text,
        entity -> Text,
        key -> Text,
        label -> Text,
        field_type -> Text,
        required -> Bool,
        is_unique -> Bool,
        choices -> Text,
        position -> BigInt,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    custom_value (entity, record_id, field_id) {
        entity -> Text,
        record_id -> BigInt,
        field_id -> BigInt,
        value -> Text,
        sort_key -> Text,
    }
}

diesel::table! {
    sync_log (id) {
        id -> BigInt,
        logged_at -> BigInt,
        level -> Text,
        source -> Text,
        reason -> Text,
        message -> Text,
        lead_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    setting (id) {
        id -> BigInt,
        default_currency -> Text,
        time_zone -> Text,
        request_log_days -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    handoff (id) {
        id -> BigInt,
        opportunity_id -> BigInt,
        receiver_id -> BigInt,
        initiator_id -> BigInt,
        notes -> Nullable<Text>,
        checklist -> Text,
        status -> Text,
        completed_at -> Nullable<BigInt>,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
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
        domain -> Nullable<Text>,
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
        full_name -> Nullable<Text>,
        full_name_key -> Nullable<Text>,
        home_phone -> Nullable<Text>,
        corporate_phone -> Nullable<Text>,
        employees -> Nullable<BigInt>,
        employee_size_bracket -> Nullable<Text>,
        industry -> Nullable<Text>,
        company_linkedin -> Nullable<Text>,
        person_linkedin -> Nullable<Text>,
        person_linkedin_key -> Nullable<Text>,
        technologies -> Nullable<Text>,
        annual_revenue -> Nullable<Text>,
        company_address -> Nullable<Text>,
        company_city -> Nullable<Text>,
        company_state -> Nullable<Text>,
        company_country -> Nullable<Text>,
        template_key -> Nullable<Text>,
        identity_key -> Nullable<Text>,
        email_domain -> Nullable<Text>,
        has_phone -> Bool,
        lead_score -> BigInt,
    }
}

diesel::table! {
    kpi (key) {
        key -> Text,
        count -> BigInt,
        high -> BigInt,
        low -> BigInt,
    }
}
diesel::table! {
    contact_stat (key) {
        key -> Text,
        count -> BigInt,
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
        qualified_at -> Nullable<BigInt>,
        disqualified_reason -> Nullable<Text>,
        converted_at -> Nullable<BigInt>,
        converted_account_id -> Nullable<BigInt>,
        converted_contact_id -> Nullable<BigInt>,
        converted_opportunity_id -> Nullable<BigInt>,
        tier -> Text,
        prospect_status -> Nullable<Text>,
        prospect_reason -> Nullable<Text>,
        next_action -> Nullable<Text>,
        next_action_date -> Nullable<Text>,
        pain_points -> Nullable<Text>,
        budget_range -> Nullable<Text>,
        decision_maker -> Nullable<Bool>,
        fit_score -> Nullable<Text>,
    }
}

diesel::table! {
    pipeline (id) {
        id -> BigInt,
        name -> Text,
        is_default -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
        name_key -> Text,
        created_by -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
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
        created_by -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
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
        lost_reason -> Nullable<Text>,
        competitors -> Nullable<Text>,
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
        search_text -> Text,
    }
}

diesel::table! {
    sla_policy (id) {
        id -> BigInt,
        uuid -> Text,
        name -> Text,
        name_key -> Text,
        applies_to -> Text,
        priority -> Nullable<Text>,
        first_response_minutes -> BigInt,
        resolution_minutes -> BigInt,
        stage_minutes -> Nullable<BigInt>,
        warning_percent -> BigInt,
        business_hours -> Nullable<Text>,
        is_default -> Bool,
        is_active -> Bool,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    ticket (id) {
        id -> BigInt,
        uuid -> Text,
        subject -> Text,
        subject_key -> Text,
        description -> Nullable<Text>,
        status -> Text,
        priority -> BigInt,
        category -> Nullable<Text>,
        source -> Nullable<Text>,
        resolution -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        contact_id -> Nullable<BigInt>,
        owner_id -> Nullable<BigInt>,
        sla_policy_id -> Nullable<BigInt>,
        first_responded_at -> Nullable<BigInt>,
        resolved_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        reopened_count -> BigInt,
        first_response_due_at -> Nullable<BigInt>,
        resolution_due_at -> Nullable<BigInt>,
        first_response_minutes -> Nullable<BigInt>,
        resolution_minutes -> Nullable<BigInt>,
        stopped_at -> Nullable<BigInt>,
        paused_micros -> BigInt,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    ticket_comment (id) {
        id -> BigInt,
        uuid -> Text,
        ticket_id -> BigInt,
        body -> Text,
        is_internal -> Bool,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    partner (id) {
        id -> BigInt,
        uuid -> Text,
        name -> Text,
        name_key -> Text,
        partner_type -> Nullable<Text>,
        status -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        website -> Nullable<Text>,
        contact_name -> Nullable<Text>,
        commission_percent -> Nullable<BigInt>,
        notes -> Nullable<Text>,
        owner_id -> BigInt,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    task (id) {
        id -> BigInt,
        uuid -> Text,
        title -> Text,
        title_key -> Text,
        description -> Nullable<Text>,
        priority -> BigInt,
        status -> Text,
        due_at -> Nullable<BigInt>,
        started_at -> Nullable<BigInt>,
        completed_at -> Nullable<BigInt>,
        account_id -> Nullable<BigInt>,
        contact_id -> Nullable<BigInt>,
        lead_id -> Nullable<BigInt>,
        opportunity_id -> Nullable<BigInt>,
        ticket_id -> Nullable<BigInt>,
        owner_id -> BigInt,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    tag (id) {
        id -> BigInt,
        uuid -> Text,
        name -> Text,
        name_key -> Text,
        color -> Nullable<Text>,
        description -> Nullable<Text>,
        search_text -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    record_tag (entity, record_id, tag_id) {
        entity -> Text,
        record_id -> BigInt,
        tag_id -> BigInt,
        created_at -> BigInt,
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
        changed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhook (id) {
        id -> BigInt,
        uuid -> Text,
        family -> Text,
        url -> Text,
        url_key -> Text,
        events -> Text,
        description -> Nullable<Text>,
        is_active -> Bool,
        secret -> Nullable<Text>,
        headers -> Nullable<Text>,
        confidential_version -> BigInt,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
        disabled_reason -> Nullable<Text>,
        previous_secret -> Nullable<Text>,
        previous_secret_until -> Nullable<BigInt>,
        listens_since -> BigInt,
        failing_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    delivery (id) {
        id -> BigInt,
        uuid -> Text,
        webhook_id -> BigInt,
        event -> Text,
        seq -> Nullable<BigInt>,
        entity -> Nullable<Text>,
        entity_id -> Nullable<BigInt>,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    delivery_queue (delivery_id) {
        delivery_id -> BigInt,
        webhook_id -> BigInt,
        entity -> Nullable<Text>,
        entity_id -> Nullable<BigInt>,
        attempts -> BigInt,
        tries -> BigInt,
        due_at -> Nullable<BigInt>,
        lease -> Nullable<Text>,
    }
}

diesel::table! {
    delivery_failure (delivery_id) {
        delivery_id -> BigInt,
        webhook_id -> BigInt,
    }
}

diesel::table! {
    delivery_attempt (delivery_id, number) {
        delivery_id -> BigInt,
        number -> BigInt,
        at -> BigInt,
        took -> BigInt,
        status -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        response -> Nullable<Text>,
    }
}

diesel::table! {
    merge (id) {
        id -> BigInt,
        entity -> Text,
        survivor_id -> BigInt,
        merged_ids -> Text,
        moved -> Text,
        filled -> Text,
        labels -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        undone_at -> Nullable<BigInt>,
        undone_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    job (id) {
        id -> BigInt,
        uuid -> Text,
        kind -> Text,
        state -> Text,
        payload -> Text,
        progress -> Text,
        contact_id -> Nullable<BigInt>,
        filename -> Nullable<Text>,
        actor -> Text,
        attempts -> BigInt,
        due_at -> BigInt,
        lease -> Nullable<Text>,
        started_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    import_chunk (job_id, number) {
        job_id -> BigInt,
        number -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    import_failure (job_id, record) {
        job_id -> BigInt,
        record -> BigInt,
        line -> BigInt,
        at_fault -> Text,
        reason -> Text,
        cells -> Text,
        raw -> Nullable<Text>,
    }
}

diesel::table! {
    import_part (job_id, stamp) {
        job_id -> BigInt,
        stamp -> BigInt,
    }
}

diesel::table! {
    timer (id) {
        id -> BigInt,
        entity -> Text,
        entity_id -> BigInt,
        alarm -> Text,
        target -> Text,
        policy_id -> BigInt,
        cycle -> BigInt,
        fires_at -> BigInt,
        due_at -> BigInt,
        fired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    timer_review (entity) {
        entity -> Text,
        after_id -> BigInt,
        since -> BigInt,
    }
}

diesel::joinable!(record_tag -> tag (tag_id));
diesel::joinable!(custom_value -> custom_field (field_id));
diesel::joinable!(opportunity -> stage (stage_id));
diesel::joinable!(stage -> pipeline (pipeline_id));
diesel::joinable!(delivery_queue -> delivery (delivery_id));
diesel::joinable!(delivery_failure -> delivery (delivery_id));
diesel::allow_tables_to_appear_in_same_query!(
    account,
    tag,
    record_tag,
    custom_field,
    custom_value,
    contact,
    contact_stat,
    kpi,
    lead,
    opportunity,
    activity,
    sla_policy,
    ticket,
    ticket_comment,
    partner,
    task,
    stage,
    pipeline,
    counter,
    change,
    delivery,
    delivery_failure,
    delivery_queue,
    job,
    merge,
    request,
    webhook
);
