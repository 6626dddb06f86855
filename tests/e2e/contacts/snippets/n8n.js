// HTTP Request Node Configuration
{
  "method": "GET",
  "url": "https://your-domain.com/api/v1/contacts",
  "authentication": "genericCredentialType",
  "genericAuthType": "httpHeaderAuth",
  "httpHeaderAuth": {
    "name": "Authorization",
    "value": "Bearer crm_your_api_key"
  }
}
