curl -X GET "https://your-domain.com/api/v1/contacts?page=1&pageSize=50&industry=Technology&sortBy=leadScore&sortOrder=desc" \
  -H "Authorization: Bearer crm_your_api_key_here"
