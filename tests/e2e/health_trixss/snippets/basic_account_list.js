const axios = require('axios');

const config = {
  headers: {
    'x-api-key': 'your-api-key-here'
  }
};

axios.get('https://your-crm.com/api/v1/external/accounts', config)
  .then(response => {
    console.log(`Found ${response.data.pagination.total} accounts`);
    response.data.accounts.forEach(account => {
      console.log(`${account.id}: ${account.name}`);
    });
  })
  .catch(error => {
    console.error('Error:', error.response.data);
  });
