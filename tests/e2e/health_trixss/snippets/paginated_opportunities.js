async function getAllOpportunities() {
  const apiKey = 'your-api-key-here';
  const baseUrl = 'https://your-crm.com/api/v1/external';
  let allOpportunities = [];
  let offset = 0;
  const limit = 100;

  while (true) {
    const response = await fetch(
      `${baseUrl}/opportunities?limit=${limit}&offset=${offset}`,
      {
        headers: { 'x-api-key': apiKey }
      }
    );

    const data = await response.json();
    allOpportunities = allOpportunities.concat(data.opportunities);

    if (!data.pagination.hasMore) break;
    offset += limit;
  }

  return allOpportunities;
}
