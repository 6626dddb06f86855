const lastSyncTime = '2025-02-01T00:00:00.000Z';

fetch(`https://your-crm.com/api/v1/external/opportunities?updatedSince=${lastSyncTime}`, {
  headers: {
    'x-api-key': 'your-api-key-here'
  }
})
.then(res => res.json())
.then(data => {
  console.log(`${data.opportunities.length} opportunities updated since last sync`);
  // Update your local database with changed records
});
