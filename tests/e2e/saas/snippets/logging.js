// ✅ Good: Log requests for debugging
async function apiCall(url, options) {
  const requestId = generateRequestId();
  
  console.log(`[${requestId}] Request: ${options.method} ${url}`);
  
  try {
    const response = await fetch(url, options);
    
    console.log(`[${requestId}] Response: ${response.status}`);
    
    return await response.json();
  } catch (err) {
    console.error(`[${requestId}] Error:`, err);
    throw err;
  }
}
