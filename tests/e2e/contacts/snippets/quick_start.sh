# List all contacts
curl -X GET "https://your-domain.com/api/v1/contacts" \
  -H "Authorization: Bearer crm_your_api_key_here"

# Create a new contact
curl -X POST "https://your-domain.com/api/v1/contacts" \
  -H "Authorization: Bearer crm_your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "firstName": "John",
    "lastName": "Doe",
    "email": "john.doe@example.com",
    "company": "Acme Inc",
    "title": "CEO"
  }'
