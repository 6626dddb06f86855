import requests

API_BASE = 'https://your-domain.com/api/v1'
API_KEY = 'crm_your_api_key_here'

headers = {
    'Authorization': f'Bearer {API_KEY}',
    'Content-Type': 'application/json'
}

# Get all contacts
response = requests.get(f'{API_BASE}/contacts', headers=headers)
contacts = response.json()

# Create a contact
new_contact = {
    'firstName': 'Jane',
    'lastName': 'Smith',
    'email': 'jane.smith@example.com',
    'company': 'Tech Corp'
}
response = requests.post(f'{API_BASE}/contacts', headers=headers, json=new_contact)
