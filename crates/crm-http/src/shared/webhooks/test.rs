//! Test deliveries (contract E-60, E-61, X-173).

use crm_domain::{
    Error, Result,
    clock::uuid_at,
    id::{RecordId, WebhookId},
    tenant::delivery::{Attempt, Delivery, TEST, TestDelivery},
    usecase::deliver,
};

use super::{
    Webhooks,
    outgoing::{Parcel, Reception},
};
use crate::shared::tenant::TenantSession;

impl Webhooks {
    /// Sends a test delivery to a webhook, active or not, and waits for its answer: it is sent once, whatever comes of it, and stands in the list
    /// of deliveries.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unavailable`] when a database does not answer.
    pub(crate) async fn test(&self, session: &TenantSession, id: WebhookId) -> Result<Delivery> {
        let webhook = session.read(move |reader| reader.webhooks().lookup(id)).await?;
        let webhook = webhook.ok_or_else(|| Error::not_found(WebhookId::NOUN, id))?;
        let at = self.clock.now();
        let body = self.payloads.test_body(&session.tenant, webhook.fields.family, at)?;
        let parcel = Parcel {
            uuid: uuid_at(at, &*self.entropy),
            event: TEST,
            body: &body,
        };
        let Reception { result, took, .. } = self.post(&session.tenant, &webhook, &parcel, at).await;
        let test = TestDelivery {
            uuid: parcel.uuid,
            webhook_id: id,
            attempt: Attempt {
                number: 1,
                at,
                took,
                result,
            },
            body,
        };
        session.write(move |unit| deliver::record_test(unit, test)).await
    }
}
