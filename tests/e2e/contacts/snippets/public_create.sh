curl -X POST "https://your-domain.com/api/public/contacts" \
  -H "X-API-Key: crm_your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "firstName": "Jane",
    "lastName": "Smith",
    "email": "jane@example.com",
    "company": "Tech Corp",
    "title": "CTO"
  }'
