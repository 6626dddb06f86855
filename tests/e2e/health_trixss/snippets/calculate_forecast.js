async function calculateForecast() {
  const response = await fetch(
    'https://your-crm.com/api/v1/external/opportunities?includeInForecast=true',
    {
      headers: { 'x-api-key': process.env.CRM_API_KEY }
    }
  );
  
  const data = await response.json();
  
  const forecast = data.opportunities.reduce((acc, opp) => {
    const weightedValue = (opp.amount / 100) * (opp.probability / 100);
    
    if (!acc[opp.stage]) {
      acc[opp.stage] = { count: 0, total: 0, weighted: 0 };
    }
    
    acc[opp.stage].count++;
    acc[opp.stage].total += opp.amount / 100;
    acc[opp.stage].weighted += weightedValue;
    
    return acc;
  }, {});
  
  return forecast;
}
