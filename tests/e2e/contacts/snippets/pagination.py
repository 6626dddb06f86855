def get_all_contacts():
    all_contacts = []
    page = 1
    
    while True:
        response = requests.get(
            f'{API}/contacts',
            headers=headers,
            params={'page': page, 'pageSize': 100}
        )
        
        data = response.json()['data']
        all_contacts.extend(data['contacts'])
        
        if page >= response.json()['meta']['totalPages']:
            break
        
        page += 1
    
    return all_contacts
