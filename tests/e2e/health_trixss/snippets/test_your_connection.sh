curl -H "x-api-key: YOUR_API_KEY" \
     https://your-crm-domain.com/api/v1/external/accounts
