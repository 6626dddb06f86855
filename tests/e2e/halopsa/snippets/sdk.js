const { HaloIntegration } = require('@halopsa/integration-sdk');

const client = new HaloIntegration({
  apiKey: 'your_api_key',
  baseUrl: 'https://your-domain.com/api/v1'
});

// Sync a lead
const result = await client.leads.sync({
  first_name: 'John',
  email: 'john.doe@company.com',
  source: 'apollo'
});
