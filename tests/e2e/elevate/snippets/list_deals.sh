curl -H "X-API-Key: elk_your_api_key_here" \
  https://your-crm-url/api/external/deals
