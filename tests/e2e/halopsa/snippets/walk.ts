import { ApiError, HaloIntegration, NotFoundError, ValidationError } from '@halopsa/integration-sdk';

const settings = { apiKey: 'your_api_key', baseUrl: 'https://your-domain.com/api/v1' };
const client = new HaloIntegration(settings);
const caught = async (promise: Promise<unknown>): Promise<ApiError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it succeeded');
};

const john = { first_name: 'John', email: 'john@acme.example', source: 'apollo' };
const { valid, suggestions } = await client.leads.validate({ first_name: 'John', email: 'john@acme.example', source: 'apollo' });
const { lead_id } = await client.leads.sync(john);
const again = await caught(client.leads.sync(john));
const updated = await client.leads.sync({ ...john, title: 'CTO' }, { updateExisting: true });
const bulk = await client.leads.syncBulk([{ first_name: 'Ada', email: 'ada@acme.example' }, john, { first_name: 'Eve', email: 'eve@acme.example' }], {
  source: 'zoominfo',
  batchSize: 2,
  continueOnError: true,
});
const { prospect_id } = await client.prospects.convert(lead_id, { qualificationData: { fit_score: 85 } });
await client.prospects.updateStatus(prospect_id, { status: 'qualified', reason: 'It fits' });
const { opportunity_id } = await client.opportunities.create(prospect_id, { value: 25000, probability: 60 });
const opportunity = await client.opportunities.update(opportunity_id, { status: 'negotiation' });
const unknown = await caught(client.prospects.updateStatus(999_999, { status: 'qualified' }));
const stranger = await caught(new HaloIntegration({ ...settings, apiKey: 'halo_nobody' }).webhooks.list());
await client.webhooks.register({ url: 'https://example.com/hook', events: ['lead.created'], secret: 'your_webhook_secret' });
const messages: string[] = [];
for await (const { message } of client.errors.all({ limit: 1, level: 'warning' })) messages.push(message);

console.log(
  JSON.stringify({
    health: (await client.health()).status,
    valid: [valid, suggestions],
    duplicate: [again instanceof ValidationError && again.name, again.status, again.code, again.message, again.details['field']],
    updated: updated.actions_taken,
    bulk: [bulk.total_processed, bulk.successful, bulk.failed, bulk.errors[0]?.error],
    opportunity: opportunity.success,
    unknown: [unknown instanceof NotFoundError && unknown.name, unknown.status, unknown.code],
    stranger: [stranger.name, stranger.status],
    events: (await client.webhooks.list()).map((webhook) => webhook.events),
    errors: messages,
  }),
);
