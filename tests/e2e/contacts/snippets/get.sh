curl -X GET "https://your-domain.com/api/v1/contacts/uuid-1234" \
  -H "Authorization: Bearer crm_your_api_key_here"
