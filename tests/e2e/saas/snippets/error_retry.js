// ✅ Good: Exponential backoff
async function apiCallWithRetry(url, options, maxRetries = 3) {
  for (let i = 0; i < maxRetries; i++) {
    try {
      const response = await fetch(url, options);
      
      if (response.ok) return await response.json();
      
      if (response.status === 429 || response.status >= 500) {
        // Exponential backoff: 1s, 2s, 4s
        const delay = Math.pow(2, i) * 1000;
        await sleep(delay);
        continue;
      }
      
      // Don't retry client errors (4xx except 429)
      throw new Error(`API error: ${response.status}`);
      
    } catch (err) {
      if (i === maxRetries - 1) throw err;
    }
  }
}
