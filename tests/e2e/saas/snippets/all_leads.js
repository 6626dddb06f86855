async function getAllLeads() {
  let allLeads = [];
  let page = 1;
  let hasNextPage = true;

  while (hasNextPage) {
    const response = await fetch(
      `https://api.yourdomain.com/api/leads?page=${page}&pageSize=100`,
      {
        headers: { 'Authorization': `Bearer ${token}` }
      }
    );
    
    const data = await response.json();
    allLeads = allLeads.concat(data.items);
    hasNextPage = data.hasNextPage;
    page++;
  }

  return allLeads;
}
