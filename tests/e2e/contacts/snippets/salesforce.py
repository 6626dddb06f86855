import requests
from simple_salesforce import Salesforce

CRM_API = 'https://your-domain.com/api/v1'
CRM_KEY = 'crm_your_api_key'

# Connect to Salesforce
sf = Salesforce(username='user', password='pass', security_token='token')

def sync_crm_to_salesforce():
    # Get contacts from CRM
    response = requests.get(
        f'{CRM_API}/contacts',
        headers={'Authorization': f'Bearer {CRM_KEY}'}
    )
    contacts = response.json()['data']['contacts']
    
    for contact in contacts:
        # Check if contact exists in Salesforce
        query = f"SELECT Id FROM Contact WHERE Email = '{contact['email']}'"
        result = sf.query(query)
        
        if result['totalSize'] == 0:
            # Create new contact in Salesforce
            sf.Contact.create({
                'FirstName': contact['firstName'],
                'LastName': contact['lastName'],
                'Email': contact['email'],
                'Title': contact['title'],
                'Company': contact['company']
            })

def sync_salesforce_to_crm():
    # Get contacts from Salesforce
    sf_contacts = sf.query_all("SELECT FirstName, LastName, Email, Title FROM Contact")
    
    for record in sf_contacts['records']:
        requests.post(
            f'{CRM_API}/contacts',
            headers={
                'Authorization': f'Bearer {CRM_KEY}',
                'Content-Type': 'application/json'
            },
            json={
                'firstName': record['FirstName'],
                'lastName': record['LastName'],
                'email': record['Email'],
                'title': record['Title']
            }
        )
