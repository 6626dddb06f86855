// In your Zapier app configuration
const triggerNewContact = {
  key: 'new_contact',
  noun: 'Contact',
  display: {
    label: 'New Contact',
    description: 'Triggers when a new contact is created.'
  },
  operation: {
    perform: async (z, bundle) => {
      const response = await z.request({
        url: 'https://your-domain.com/api/v1/contacts',
        headers: {
          'Authorization': `Bearer ${bundle.authData.api_key}`,
        },
        params: {
          sortBy: 'createdAt',
          sortOrder: 'desc',
          pageSize: 10
        }
      });
      return response.data.data.contacts;
    }
  }
};
