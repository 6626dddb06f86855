curl -X POST "https://your-domain.com/api/api-keys" \
  -H "Content-Type: application/json" \
  -H "Cookie: session=your_session_cookie" \
  -d '{
    "label": "My Integration",
    "rateLimitPerMinute": 60,
    "scopes": ["contacts:read", "contacts:write"]
  }'
