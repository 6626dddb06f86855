//! Where a webhook is to lead, judged before it is written.

use crm_domain::{
    Result,
    error::Problem,
    field::Check,
    id::{TenantId, WebhookId},
    tenant::webhook::{TargetUrl, Targets, WebhookDraft, WebhookRules},
};
use tokio::sync::oneshot;

use super::Webhooks;
use crate::{App, shared::tenant::TenantSession};

impl App {
    /// What judging a draft of one of the tenant's webhooks takes.
    pub(crate) fn webhook_rules(&self, tenant: TenantId) -> WebhookRules {
        WebhookRules {
            targets: self.settings.webhook_targets,
            vault: self.webhooks.vault(tenant),
        }
    }
}

impl Webhooks {
    /// Notes in `check` that the name in the URL of a new webhook leads to where the deployment does not go.
    pub(crate) async fn judge_new(&self, draft: &WebhookDraft, targets: Targets, check: &mut Check) {
        if let Some(url) = draft.new_target(None, targets) {
            self.judge(&url, check).await;
        }
    }

    /// The same of a change to the webhook `id`. The URL that it has is not judged again, so that its other fields can be edited wherever it leads.
    ///
    /// # Errors
    /// When the webhook cannot be read. Whether it is there, the change itself finds out.
    pub(crate) async fn judge_change(
        &self,
        session: &TenantSession,
        id: WebhookId,
        draft: &WebhookDraft,
        targets: Targets,
        check: &mut Check,
    ) -> Result<()> {
        if draft.new_target(None, targets).is_none() {
            return Ok(());
        }
        let webhook = session.read(move |reader| reader.webhooks().lookup(id)).await?;
        let current = webhook.map(|webhook| webhook.fields.url);
        if let Some(url) = draft.new_target(current.as_ref(), targets) {
            self.judge(&url, check).await;
        }
        Ok(())
    }

    async fn judge(&self, url: &TargetUrl, check: &mut Check) {
        if let Err(problem) = self.where_it_leads(url).await {
            check.fail("url", problem);
        }
    }

    async fn where_it_leads(&self, url: &TargetUrl) -> Result<(), Problem> {
        let (sender, receiver) = oneshot::channel();
        self.judge.judge(
            url,
            Box::new(move |judged| {
                // The receiver waits for it, unless the client went.
                let _ = sender.send(judged);
            }),
        );
        // Nobody tells when the server stops; whoever connects judges the address anyway.
        receiver.await.unwrap_or(Ok(()))
    }
}
