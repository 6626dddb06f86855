curl -X POST "https://your-domain.com/api/v1/contacts" \
  -H "Authorization: Bearer crm_your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "firstName": "Jane",
    "lastName": "Smith",
    "email": "jane.smith@techcorp.com",
    "title": "VP of Engineering",
    "company": "TechCorp",
    "industry": "Technology",
    "personLinkedIn": "https://linkedin.com/in/janesmith"
  }'
