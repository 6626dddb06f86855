# crm_api_client.py
import requests
from typing import Optional, Dict, List

class CrmApiClient:
    def __init__(self, base_url: str):
        self.base_url = base_url
        self.access_token: Optional[str] = None
    
    def login(self, email: str, password: str) -> Dict:
        response = requests.post(
            f"{self.base_url}/api/auth/login",
            json={"email": email, "password": password}
        )
        response.raise_for_status()
        
        data = response.json()
        self.access_token = data['token']
        return data
    
    def _headers(self) -> Dict[str, str]:
        return {
            'Authorization': f'Bearer {self.access_token}',
            'Content-Type': 'application/json'
        }
    
    def create_lead(self, lead_data: Dict) -> Dict:
        response = requests.post(
            f"{self.base_url}/api/leads",
            json=lead_data,
            headers=self._headers()
        )
        response.raise_for_status()
        return response.json()
    
    def get_leads(self, page: int = 1, page_size: int = 20) -> Dict:
        response = requests.get(
            f"{self.base_url}/api/leads",
            params={'page': page, 'pageSize': page_size},
            headers=self._headers()
        )
        response.raise_for_status()
        return response.json()

# Usage
client = CrmApiClient('https://api.yourdomain.com')
client.login('admin@company.com', 'Admin@123')

lead = client.create_lead({
    'firstName': 'John',
    'lastName': 'Doe',
    'email': 'john@example.com',
    'source': 'Website'
})

print(f"Lead created: {lead['id']}")
