fetch('https://your-crm.com/api/v1/external/accounts/ACT-00001?expand=opportunities', {
  headers: {
    'x-api-key': 'your-api-key-here'
  }
})
.then(res => res.json())
.then(account => {
  console.log(`Account: ${account.name}`);
  console.log(`Opportunities: ${account.opportunities.length}`);
  
  account.opportunities.forEach(opp => {
    console.log(`  - ${opp.name}: $${opp.amount}`);
  });
});
