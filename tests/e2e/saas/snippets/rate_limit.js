async function apiCall(endpoint, options) {
  const response = await fetch(endpoint, options);
  
  if (response.status === 429) {
    const resetTime = parseInt(response.headers.get('X-RateLimit-Reset'));
    const waitTime = (resetTime * 1000) - Date.now();
    
    console.log(`Rate limited. Waiting ${waitTime}ms`);
    await sleep(waitTime);
    
    return apiCall(endpoint, options); // Retry
  }
  
  return response;
}
