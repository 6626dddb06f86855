async function createLead(leadData) {
  try {
    const response = await fetch('https://api.yourdomain.com/api/leads', {
      method: 'POST',
      headers: {
        'Authorization': `Bearer ${accessToken}`,
        'Content-Type': 'application/json'
      },
      body: JSON.stringify(leadData)
    });

    if (!response.ok) {
      const error = await response.json();
      
      switch (response.status) {
        case 401:
          // Token expired - refresh and retry
          await refreshToken();
          return createLead(leadData);
        
        case 400:
        case 422:
          // Validation error - show to user
          console.error('Validation errors:', error.error.details);
          throw new Error(error.error.message);
        
        case 429:
          // Rate limit - wait and retry
          await sleep(5000);
          return createLead(leadData);
        
        default:
          throw new Error(`API error: ${error.error.message}`);
      }
    }

    return await response.json();
  } catch (err) {
    console.error('Failed to create lead:', err);
    throw err;
  }
}
