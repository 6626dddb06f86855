import time
import requests
from datetime import datetime, timedelta

CRM_API = 'https://your-domain.com/api/v1'
CRM_KEY = 'crm_your_api_key'

def poll_for_changes():
    last_check = datetime.utcnow() - timedelta(minutes=5)
    
    while True:
        response = requests.get(
            f'{CRM_API}/contacts',
            headers={'Authorization': f'Bearer {CRM_KEY}'},
            params={
                'updatedSince': last_check.isoformat() + 'Z',
                'pageSize': 100
            }
        )
        
        changes = response.json()['data']['contacts']
        
        for contact in changes:
            # Trigger your webhook/integration
            process_contact_change(contact)
        
        last_check = datetime.utcnow()
        time.sleep(300)  # Poll every 5 minutes

def process_contact_change(contact):
    # Send to your webhook endpoint
    requests.post(
        'https://your-webhook-endpoint.com/crm-update',
        json=contact
    )
