// ✅ Good: Batch create instead of individual calls
async function createMultipleLeads(leads) {
  // If API supports bulk create
  return await fetch('/api/leads/bulk', {
    method: 'POST',
    body: JSON.stringify({ leads }),
    headers: { 'Authorization': `Bearer ${token}` }
  });
}

// If not, use Promise.all with concurrency limit
async function createLeadsConcurrently(leads, concurrency = 5) {
  const results = [];
  
  for (let i = 0; i < leads.length; i += concurrency) {
    const batch = leads.slice(i, i + concurrency);
    const promises = batch.map(lead => createLead(lead));
    results.push(...await Promise.all(promises));
  }
  
  return results;
}
