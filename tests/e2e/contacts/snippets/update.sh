curl -X PATCH "https://your-domain.com/api/v1/contacts/uuid-5678" \
  -H "Authorization: Bearer crm_your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "title": "Chief Technology Officer",
    "mobilePhone": "+1-555-987-6543"
  }'
