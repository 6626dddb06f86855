const API_BASE = 'https://your-domain.com/api/v1';
const API_KEY = 'crm_your_api_key_here';

async function getContacts() {
  const response = await fetch(`${API_BASE}/contacts`, {
    headers: {
      'Authorization': `Bearer ${API_KEY}`,
      'Content-Type': 'application/json'
    }
  });
  return response.json();
}

async function createContact(contact) {
  const response = await fetch(`${API_BASE}/contacts`, {
    method: 'POST',
    headers: {
      'Authorization': `Bearer ${API_KEY}`,
      'Content-Type': 'application/json'
    },
    body: JSON.stringify(contact)
  });
  return response.json();
}
