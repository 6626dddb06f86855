import asyncio
import json

from halopsa_integration import ApiError, AsyncHaloIntegration, HaloIntegration

settings = {'api_key': 'your_api_key', 'base_url': 'https://your-domain.com/api/v1'}


def caught(call):
    try:
        call()
    except ApiError as error:
        return error
    raise AssertionError('it succeeded')


async def bulk(leads):
    async with AsyncHaloIntegration(**settings) as client:
        return await client.leads.sync_bulk(leads, source='zoominfo', batch_size=2, continue_on_error=True)


john = {'first_name': 'John', 'email': 'john@acme.example', 'source': 'apollo'}
ada, eve = ({'first_name': name, 'email': f'{name}@acme.example'} for name in ('Ada', 'Eve'))
with HaloIntegration(**settings) as client:
    validation = client.leads.validate(john)
    lead_id = client.leads.sync(john)['lead_id']
    again = caught(lambda: client.leads.sync(john))
    updated = client.leads.sync({**john, 'title': 'CTO'}, update_existing=True)
    many = asyncio.run(bulk([ada, john, eve]))
    prospect_id = client.prospects.convert(lead_id, qualification_data={'fit_score': 85})['prospect_id']
    client.prospects.update_status(prospect_id, {'status': 'qualified', 'reason': 'It fits'})
    opportunity_id = client.opportunities.create(prospect_id, {'value': 25000, 'probability': 60})['opportunity_id']
    opportunity = client.opportunities.update(opportunity_id, {'status': 'negotiation'})
    unknown = caught(lambda: client.prospects.update_status(999_999, {'status': 'qualified'}))
    stranger = caught(HaloIntegration(api_key='halo_nobody', base_url=settings['base_url']).webhooks.list)
    client.webhooks.register({'url': 'https://example.com/hook', 'events': ['lead.created'], 'secret': 'your_webhook_secret'})
    print(json.dumps({
        'health': client.health()['status'],
        'valid': [validation['valid'], validation['suggestions']],
        'duplicate': [type(again).__name__, again.status, again.code, str(again), again.details['field']],
        'updated': updated['actions_taken'],
        'bulk': [many['total_processed'], many['successful'], many['failed'], many['errors'][0]['error']],
        'opportunity': opportunity['success'],
        'unknown': [type(unknown).__name__, unknown.status, unknown.code],
        'stranger': [type(stranger).__name__, stranger.status],
        'events': [webhook['events'] for webhook in client.webhooks.list()],
        'errors': [error['message'] for error in client.errors.all(limit=1, level='warning')],
    }))
