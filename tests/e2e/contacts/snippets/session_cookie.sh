# Use the saved cookie for authenticated requests
curl -X GET "https://your-domain.com/api/auth/user" \
  -b cookies.txt
