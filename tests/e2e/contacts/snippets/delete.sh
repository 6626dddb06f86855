curl -X DELETE "https://your-domain.com/api/v1/contacts/uuid-5678" \
  -H "Authorization: Bearer crm_your_api_key_here"
