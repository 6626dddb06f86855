async function fetchWithRetry(url, options, maxRetries = 3) {
  for (let i = 0; i < maxRetries; i++) {
    try {
      const response = await fetch(url, options);
      
      if (response.status === 429) {
        // Rate limited - wait and retry
        const retryAfter = response.headers.get('Retry-After') || 60;
        await new Promise(resolve => setTimeout(resolve, retryAfter * 1000));
        continue;
      }
      
      if (!response.ok) {
        const error = await response.json();
        throw new Error(`${error.error}: ${error.message}`);
      }
      
      return await response.json();
    } catch (error) {
      if (i === maxRetries - 1) throw error;
      await new Promise(resolve => setTimeout(resolve, 1000 * (i + 1)));
    }
  }
}

// Usage
const options = {
  headers: { 'x-api-key': 'your-api-key-here' }
};

try {
  const data = await fetchWithRetry(
    'https://your-crm.com/api/v1/external/accounts',
    options
  );
  console.log('Success:', data);
} catch (error) {
  console.error('Failed after retries:', error.message);
}
