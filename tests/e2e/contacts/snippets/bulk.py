# BAD: Multiple individual requests
for contact in contacts:
    requests.post(f'{API}/contacts', json=contact)

# GOOD: Single bulk request
requests.post(f'{API}/contacts/bulk', json={'contacts': contacts})
