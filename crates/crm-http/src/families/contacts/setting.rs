//! What users set for themselves: profile, password and preferences, and closing the account (contract D-165 … D-174, X-146, X-147).

use std::{sync::Arc, time::Duration};

use actix_web::HttpResponse;
use crm_domain::{
    control::{
        ControlStore,
        user::{Password, User as Entity},
        user_setting::{Section, UserSettings},
    },
    error::{FieldError, Problem},
    field::{Check, Email, Patch, Text, is_blank},
    id::uuid_of,
    language,
    tenant::change::Origin,
    time_zone::TimeZone,
    usecase::users::{self, Identity},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    answer::Success,
    context::{Body, Browser, Optional, Raw},
    error::{ApiError, BodyResponses, ErrorResponses},
    session::{User, goodbye},
};
use crate::shared::{call::Call, json_body::Given, sign_in::required, tenant::block};

pub(super) const PROFILE: &str = "/api/settings/profile";
pub(super) const PASSWORD: &str = "/api/settings/password";
pub(super) const NOTIFICATIONS: &str = "/api/settings/notifications";
pub(super) const SYSTEM: &str = "/api/settings/system";
pub(super) const APPEARANCE: &str = "/api/settings/appearance";
pub(super) const DELETE_ACCOUNT: &str = "/api/settings/delete-account";

/// A login is as good as the password for so long.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// What a user says of itself; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ProfileRequest)]
pub(super) struct ProfileRequest {
    #[schema(value_type = Option<String>, example = "John Doe")]
    name: Given<String>,
    /// What the user signs in with from now on; unique in the deployment.
    #[schema(value_type = Option<String>, example = "john@example.com")]
    email: Given<String>,
    #[schema(value_type = Option<String>, example = "+1-555-123-4567")]
    phone: Given<String>,
    #[schema(value_type = Option<String>, example = "America/New_York")]
    timezone: Given<String>,
    #[schema(value_type = Option<String>, example = "en")]
    language: Given<String>,
}

/// What of a profile is kept beside the user.
const PROFILE_TEXTS: [&str; 3] = ["phone", "timezone", "language"];

/// A user's profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Profile)]
pub(super) struct Profile {
    #[serde(flatten)]
    user: User,
    #[schema(example = "+1-555-123-4567")]
    phone: Option<String>,
    #[schema(example = "America/New_York")]
    timezone: Option<String>,
    #[schema(example = "en")]
    language: Option<String>,
}

impl Profile {
    fn of(user: &Entity, settings: UserSettings) -> Self {
        let mut members = settings.into_inner();
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        Self {
            user: User::from(user),
            phone: text("phone"),
            timezone: text("timezone"),
            language: text("language"),
        }
    }
}

/// The answer about a profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::ProfileResponse)]
pub(super) struct ProfileResponse {
    /// Always `true`.
    success: bool,
    user: Profile,
}

/// Shows the user's profile.
#[utoipa::path(
    get, path = PROFILE, tag = "contacts settings", operation_id = "contacts_get_profile",
    responses((status = 200, description = "The profile", body = ProfileResponse), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn profile(call: Call, browser: Browser) -> Result<HttpResponse, ApiError> {
    let settings = read(&call, browser.user(), Section::Profile).await?;
    Ok(HttpResponse::Ok().json(ProfileResponse {
        success: true,
        user: Profile::of(browser.user(), settings),
    }))
}

/// Changes the fields given of the user's profile; null clears one, but for the email.
#[utoipa::path(
    put, path = PROFILE, tag = "contacts settings", operation_id = "contacts_update_profile", request_body = ProfileRequest,
    responses((status = 200, description = "The profile as it is now", body = ProfileResponse), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn update_profile(browser: Browser, body: Body<ProfileRequest>) -> Result<HttpResponse, ApiError> {
    let request = body.value;
    let mut check = Check::new();
    let identity = Identity {
        name: parsed("name", request.name, &mut check, Text::parse),
        email: parsed("email", request.email, &mut check, Email::parse),
    };
    if identity.email == Patch::Clear {
        check.fail("email", Problem::Required);
    }
    let phone = |text: &str| Text::<100>::parse(text).map(Text::into_inner);
    let language = |text: &str| language::parse_tag(text).map(Text::into_inner);
    let texts: [Patch<String>; 3] = [
        parsed("profile_phone", request.phone, &mut check, phone),
        parsed("timezone", request.timezone, &mut check, timezone),
        parsed("language", request.language, &mut check, language),
    ];
    check.finish()?;
    let (tenant, user) = (browser.user().tenant_id, browser.user().id);
    let change = move |control: &dyn ControlStore, origin: &Origin| {
        let mut kept = UserSettings::default();
        let user = users::change_identity(control, origin, tenant, user, identity, |unit| {
            let mut members = unit.user_settings().lookup(user, Section::Profile)?.into_inner();
            for (name, text) in PROFILE_TEXTS.into_iter().zip(texts) {
                match text {
                    Patch::Keep => {}
                    Patch::Clear => drop(members.remove(name)),
                    Patch::Set(text) => drop(members.insert(name.to_owned(), Value::String(text))),
                }
            }
            kept = UserSettings::from_store(members);
            unit.user_settings().keep(user, Section::Profile, &kept)
        })?;
        Ok(Profile::of(&user, kept))
    };
    Ok(HttpResponse::Ok().json(ProfileResponse {
        success: true,
        user: browser.tenant.administer(change).await?,
    }))
}

/// A text that is parsed when given and cleared by null or blanks.
fn parsed<T>(field: &str, given: Given<String>, check: &mut Check, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Patch<T> {
    match given.patch::<String>(field, check) {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(text) if is_blank(&text) => Patch::Clear,
        Patch::Set(text) => match parse(&text) {
            Ok(value) => Patch::Set(value),
            Err(problem) => {
                check.fail(field, problem);
                Patch::Keep
            }
        },
    }
}

/// The name of a zone, as the database of zones spells it.
fn timezone(text: &str) -> Result<String, Problem> {
    TimeZone::parse(text).map(|zone| zone.name().to_owned())
}

/// A new password for an old one. Not `Debug`: it would show both.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::PasswordRequest)]
pub(super) struct PasswordRequest {
    #[schema(value_type = String)]
    current_password: Given<String>,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new_password: Given<String>,
}

impl PasswordRequest {
    fn parse(self) -> crm_domain::Result<(Password, Password)> {
        let mut check = Check::new();
        let current = required("current_password", self.current_password, &mut check).map(|text| Password::candidate(&text));
        let given: Patch<String> = self.new_password.patch("new_password", &mut check);
        let new = check.required("new_password", given, None, Password::parse);
        check.finish_with(current.zip(new))
    }
}

/// Gives the user another password. Its other sessions end. Wrong current passwords count as failed logins do.
#[utoipa::path(
    put, path = PASSWORD, tag = "contacts settings", operation_id = "contacts_update_password", request_body = PasswordRequest,
    responses((status = 200, description = "The new password counts", body = Success), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn update_password(call: Call, browser: Browser, body: Body<PasswordRequest>) -> Result<HttpResponse, ApiError> {
    let (current, new) = body.value.parse()?;
    let user = browser.user().clone();
    if !verify(&call, &user, current).await? {
        return Err(wrong_password("current_password"));
    }
    let hash = call.app.sign_in.hash(new).await?;
    let session = browser.principal.session.id;
    let change = move |control: &dyn ControlStore, origin: &Origin| {
        control.writing(|unit| users::change_password(unit, origin, &user, session, hash))
    };
    browser.tenant.administer(change).await?;
    Ok(HttpResponse::Ok().json(Success::saying("Password updated successfully")))
}

/// Whether this is the user's password; trying is slowed down as logins are.
async fn verify(call: &Call, user: &Entity, password: Password) -> Result<bool, ApiError> {
    let account = user
        .email
        .as_ref()
        .map_or_else(|| uuid_of(user.id, user.created_at).to_string(), Email::key);
    let attempt = call.app.sign_in.guard.attempt(&account, call.client).map_err(ApiError::TooEarly)?;
    let right = call.app.sign_in.verify(user.password.clone(), password).await?;
    if right {
        attempt.succeeded();
    } else {
        attempt.failed();
    }
    Ok(right)
}

fn wrong_password(field: &str) -> ApiError {
    ApiError::Invalid(vec![FieldError {
        field: field.to_owned(),
        problem: Problem::Rule("is not right".to_owned()),
    }])
}

/// The answer about a section of settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::SettingsResponse)]
pub(super) struct SettingsResponse {
    /// Always `true`.
    success: bool,
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

fn settings(settings: UserSettings) -> HttpResponse {
    HttpResponse::Ok().json(SettingsResponse {
        success: true,
        settings: settings.into_inner(),
    })
}

async fn read(call: &Call, user: &Entity, section: Section) -> crm_domain::Result<UserSettings> {
    let (control, user) = (Arc::clone(&call.app.control), user.id);
    block(move || control.reading(|reader| reader.user_settings().lookup(user, section))).await
}

async fn show(call: Call, browser: Browser, section: Section) -> Result<HttpResponse, ApiError> {
    Ok(settings(read(&call, browser.user(), section).await?))
}

async fn replace(call: Call, browser: Browser, body: Raw, section: Section) -> Result<HttpResponse, ApiError> {
    let kept = UserSettings::parse(body.json.into_object()).map_err(|problem| {
        ApiError::Invalid(vec![FieldError {
            field: section.as_str().to_owned(),
            problem,
        }])
    })?;
    let (control, user) = (Arc::clone(&call.app.control), browser.user().id);
    let answer = kept.clone();
    block(move || control.writing(|unit| unit.user_settings().keep(user, section, &kept))).await?;
    Ok(settings(answer))
}

/// Shows the user's notification settings.
#[utoipa::path(
    get, path = NOTIFICATIONS, tag = "contacts settings", operation_id = "contacts_get_notifications",
    responses((status = 200, description = "The settings", body = SettingsResponse), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn notifications(call: Call, browser: Browser) -> Result<HttpResponse, ApiError> {
    show(call, browser, Section::Notifications).await
}

/// Replaces the user's notification settings by any JSON object of at most 16 KiB.
#[utoipa::path(
    put, path = NOTIFICATIONS, tag = "contacts settings", operation_id = "contacts_update_notifications", request_body = Object,
    responses((status = 200, description = "The settings as they are now", body = SettingsResponse), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn update_notifications(call: Call, browser: Browser, body: Raw) -> Result<HttpResponse, ApiError> {
    replace(call, browser, body, Section::Notifications).await
}

/// Shows the user's system settings.
#[utoipa::path(
    get, path = SYSTEM, tag = "contacts settings", operation_id = "contacts_get_system",
    responses((status = 200, description = "The settings", body = SettingsResponse), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn system(call: Call, browser: Browser) -> Result<HttpResponse, ApiError> {
    show(call, browser, Section::System).await
}

/// Replaces the user's system settings by any JSON object of at most 16 KiB.
#[utoipa::path(
    put, path = SYSTEM, tag = "contacts settings", operation_id = "contacts_update_system", request_body = Object,
    responses((status = 200, description = "The settings as they are now", body = SettingsResponse), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn update_system(call: Call, browser: Browser, body: Raw) -> Result<HttpResponse, ApiError> {
    replace(call, browser, body, Section::System).await
}

/// Shows the user's appearance settings.
#[utoipa::path(
    get, path = APPEARANCE, tag = "contacts settings", operation_id = "contacts_get_appearance",
    responses((status = 200, description = "The settings", body = SettingsResponse), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn appearance(call: Call, browser: Browser) -> Result<HttpResponse, ApiError> {
    show(call, browser, Section::Appearance).await
}

/// Replaces the user's appearance settings by any JSON object of at most 16 KiB.
#[utoipa::path(
    put, path = APPEARANCE, tag = "contacts settings", operation_id = "contacts_update_appearance", request_body = Object,
    responses((status = 200, description = "The settings as they are now", body = SettingsResponse), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn update_appearance(call: Call, browser: Browser, body: Raw) -> Result<HttpResponse, ApiError> {
    replace(call, browser, body, Section::Appearance).await
}

/// What closing the account may need. Not `Debug`: it would show the password.
#[derive(Deserialize, ToSchema)]
#[schema(as = contacts::AccountClosing)]
pub(super) struct Closing {
    /// The user's password; needless within five minutes of a login.
    #[schema(value_type = Option<String>)]
    password: Given<String>,
}

/// Closes the user's account for ever: it cannot sign in again, and its sessions, settings and API keys go. The tenant's records stay. The
/// last Admin cannot go.
#[utoipa::path(
    delete, path = DELETE_ACCOUNT, tag = "contacts settings", operation_id = "contacts_delete_account",
    request_body(content = Option<Closing>),
    responses((status = 200, description = "The account is closed", body = Success), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn delete_account(call: Call, browser: Browser, Optional(body): Optional<Closing>) -> Result<HttpResponse, ApiError> {
    let mut check = Check::new();
    let given: Patch<String> = body.value.password.patch("password", &mut check);
    check.finish()?;
    let user = browser.user().clone();
    match given {
        Patch::Set(password) => {
            if !verify(&call, &user, Password::candidate(&password)).await? {
                return Err(wrong_password("password"));
            }
        }
        Patch::Keep | Patch::Clear => {
            if call.received_at.since(browser.principal.session.created_at) > FRESH {
                let message = "Sign in again, or send your password, to close the account";
                return Err(ApiError::Forbidden(message.to_owned()));
            }
        }
    }
    let close = move |control: &dyn ControlStore, origin: &Origin| users::close_account(control, origin, user.tenant_id, user.id);
    browser.tenant.administer(close).await?;
    Ok(goodbye(&call, Some("Account deleted successfully")))
}
