//! What callers say of a webhook, and how it becomes valid fields.

use std::collections::BTreeMap;

use super::{Events, Headers, TargetUrl, Targets, WebhookFamily, WebhookFields, WebhookSecret};
use crate::{
    clock::Entropy,
    error::{Problem, Result},
    field::{Check, Patch, Text},
    sealing::Vault,
};

/// What a caller says of a webhook, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
pub struct WebhookDraft {
    /// Where deliveries go.
    pub url: Patch<String>,
    /// In the words of the webhook's family.
    pub events: Patch<Vec<String>>,
    /// What it is for.
    pub description: Patch<String>,
    /// Whether it gets deliveries; it does unless it is said not to.
    pub is_active: Patch<bool>,
    /// Sent with each delivery; all of them at once.
    pub headers: Patch<BTreeMap<String, String>>,
    /// Signs deliveries; made when a new webhook comes without.
    pub secret: Patch<String>,
}

/// What judging a draft takes besides the draft.
#[derive(Debug, Clone)]
pub struct WebhookRules {
    /// Which targets the deployment allows.
    pub targets: Targets,
    /// Seals what is confidential.
    pub vault: Vault,
}

impl WebhookDraft {
    /// The URL that the draft names, where it is a valid one and another than the webhook has: what is still to be judged by where its name leads.
    pub fn new_target(&self, current: Option<&TargetUrl>, targets: Targets) -> Option<TargetUrl> {
        let Patch::Set(given) = &self.url else { return None };
        let is_new = current.is_none_or(|current| current.as_str() != given.trim());
        if is_new { TargetUrl::parse(given, targets).ok() } else { None }
    }
}

pub(super) const SECRET: &str = "webhook secret";
const HEADERS: &str = "webhook headers";

impl WebhookFields {
    /// Parses a new webhook of a family; also answers its secret, for its owner to see once.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) with every wrong field.
    pub fn parse(
        draft: WebhookDraft,
        family: WebhookFamily,
        rules: &WebhookRules,
        entropy: &dyn Entropy,
        mut check: Check,
    ) -> Result<(Self, WebhookSecret)> {
        let secret = match draft.secret {
            Patch::Set(given) if !given.trim().is_empty() => note(&mut check, "secret", WebhookSecret::parse(&given)),
            _ => Some(WebhookSecret::random(entropy)),
        };
        let url = check.required("url", draft.url, None, |given| TargetUrl::parse(given, rules.targets));
        let events = match draft.events {
            Patch::Set(words) => note(&mut check, "events", Events::parse(&words, family)),
            Patch::Keep | Patch::Clear => note(&mut check, "events", Events::parse(&[], family)),
        };
        let headers = match draft.headers {
            Patch::Set(given) => note(&mut check, "headers", Headers::parse(given)),
            Patch::Keep | Patch::Clear => Some(Headers::default()),
        };
        let description = check.optional("description", draft.description, None, Text::parse);
        let complete = url.zip(events).zip(headers).zip(secret);
        let (((url, events), headers), secret) = check.finish_with(complete)?;
        let fields = Self {
            family,
            url,
            events,
            description,
            is_active: draft.is_active.or_current(None).unwrap_or(true),
            disabled_reason: None,
            previous_secret: None,
            previous_secret_until: None,
            secret: Some(rules.vault.seal(SECRET, secret.as_str())?),
            headers: Some(rules.vault.seal(HEADERS, &headers.to_text()?)?),
            confidential_version: 1,
        };
        Ok((fields, secret))
    }

    /// Parses an update of `self`: fields the draft does not mention stay (contract ).
    ///
    /// # Errors
    /// Those of [`WebhookFields::parse`].
    pub fn updated(&self, draft: WebhookDraft, rules: &WebhookRules, mut check: Check) -> Result<Self> {
        let url = match draft.url {
            // What was allowed once must not keep people from editing the rest; whoever connects judges it again.
            Patch::Set(given) if given.trim() == self.url.as_str() => Some(self.url.clone()),
            given => check.required("url", given, Some(self.url.clone()), |given| TargetUrl::parse(given, rules.targets)),
        };
        let events = match draft.events {
            Patch::Keep => Some(self.events.clone()),
            Patch::Clear => note(&mut check, "events", Events::parse(&[], self.family)),
            Patch::Set(words) => note(&mut check, "events", Events::parse(&words, self.family)),
        };
        let description = check.optional("description", draft.description, self.description.clone(), Text::parse);
        // What stays the same keeps its seal, so that an update that changes nothing is none.
        let secret = match draft.secret {
            Patch::Keep => None,
            Patch::Clear => note(&mut check, "secret", WebhookSecret::parse("")),
            Patch::Set(given) => note(&mut check, "secret", WebhookSecret::parse(&given)),
        };
        let headers = match draft.headers {
            Patch::Keep => None,
            Patch::Clear => Some(Headers::default()),
            Patch::Set(given) => note(&mut check, "headers", Headers::parse(given)),
        };
        let (url, events) = check.finish_with(url.zip(events))?;
        let mut fields = Self {
            url,
            events,
            description,
            is_active: draft.is_active.or_current(None).unwrap_or(self.is_active),
            ..self.clone()
        };
        fields.disabled_reason = fields.disabled_reason.filter(|_| !fields.is_active);
        if let Some(secret) = secret
            && Some(&secret) != self.secret(&rules.vault)?.as_ref()
        {
            // Whoever names another secret has done with the former ones.
            (fields.previous_secret, fields.previous_secret_until) = (None, None);
            fields.secret = Some(rules.vault.seal(SECRET, secret.as_str())?);
            fields.confidential_version = self.confidential_version + 1;
        }
        if let Some(headers) = headers
            && headers != self.headers(&rules.vault)?
        {
            fields.headers = Some(rules.vault.seal(HEADERS, &headers.to_text()?)?);
            fields.confidential_version = self.confidential_version + 1;
        }
        Ok(fields)
    }

    /// What signs its deliveries; `None` for a deleted webhook.
    ///
    /// # Errors
    /// Those of [`Vault::open`].
    pub fn secret(&self, vault: &Vault) -> Result<Option<WebhookSecret>> {
        let opened = self.secret.as_ref().map(|sealed| vault.open(SECRET, sealed)).transpose()?;
        Ok(opened.map(WebhookSecret::from_vault))
    }

    /// What its deliveries carry besides the server's own headers; none for a deleted webhook.
    ///
    /// # Errors
    /// Those of [`Vault::open`].
    pub fn headers(&self, vault: &Vault) -> Result<Headers> {
        let opened = self.headers.as_ref().map(|sealed| vault.open(HEADERS, sealed)).transpose()?;
        opened.map_or_else(|| Ok(Headers::default()), |text| Headers::from_text(&text))
    }
}

fn note<T>(check: &mut Check, field: &str, parsed: Result<T, Problem>) -> Option<T> {
    parsed.map_err(|problem| check.fail(field, problem)).ok()
}
