import requests

HUBSPOT_KEY = 'your_hubspot_api_key'
CRM_KEY = 'crm_your_api_key'
CRM_API = 'https://your-domain.com/api/v1'

def import_from_hubspot():
    # Get contacts from HubSpot
    hubspot_response = requests.get(
        'https://api.hubapi.com/crm/v3/objects/contacts',
        headers={'Authorization': f'Bearer {HUBSPOT_KEY}'}
    )
    
    hubspot_contacts = hubspot_response.json()['results']
    
    # Bulk create in CRM
    crm_contacts = []
    for contact in hubspot_contacts:
        props = contact['properties']
        crm_contacts.append({
            'firstName': props.get('firstname'),
            'lastName': props.get('lastname'),
            'email': props.get('email'),
            'company': props.get('company')
        })
    
    response = requests.post(
        f'{CRM_API}/contacts/bulk',
        headers={
            'Authorization': f'Bearer {CRM_KEY}',
            'Content-Type': 'application/json'
        },
        json={'contacts': crm_contacts}
    )
    
    return response.json()
