from halopsa_integration import HaloIntegration

client = HaloIntegration(
    api_key='your_api_key',
    base_url='https://your-domain.com/api/v1'
)

# Sync a lead
result = client.leads.sync({
    'first_name': 'John',
    'email': 'john.doe@company.com',
    'source': 'apollo'
})
