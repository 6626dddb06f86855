async function analyzeAccountHealth(accountId) {
  const response = await fetch(
    `https://your-crm.com/api/v1/external/accounts/${accountId}?expand=opportunities`,
    {
      headers: { 'x-api-key': process.env.CRM_API_KEY }
    }
  );
  
  const account = await response.json();
  
  const metrics = {
    totalOpportunities: account.opportunities.length,
    totalValue: account.opportunities.reduce((sum, opp) => sum + opp.amount, 0) / 100,
    avgDealSize: 0,
    winRate: 0,
    openOpportunities: account.opportunities.filter(o => 
      !['Closed Won', 'Closed Lost'].includes(o.stage)
    ).length
  };
  
  metrics.avgDealSize = metrics.totalValue / metrics.totalOpportunities;
  
  const closedWon = account.opportunities.filter(o => o.stage === 'Closed Won').length;
  const closedTotal = account.opportunities.filter(o => 
    ['Closed Won', 'Closed Lost'].includes(o.stage)
  ).length;
  metrics.winRate = closedTotal > 0 ? (closedWon / closedTotal) * 100 : 0;
  
  return metrics;
}
