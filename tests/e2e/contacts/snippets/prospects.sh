curl -X GET "https://your-domain.com/api/public/prospects?linkedinUrl=https://linkedin.com/in/johndoe" \
  -H "X-API-Key: crm_your_api_key_here"
