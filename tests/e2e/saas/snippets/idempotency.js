// ✅ Good: Use idempotency keys for create operations
async function createLead(leadData) {
  const idempotencyKey = generateIdempotencyKey(leadData);
  
  return await fetch('/api/leads', {
    method: 'POST',
    headers: {
      'Authorization': `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': idempotencyKey // Prevents duplicate creates
    },
    body: JSON.stringify(leadData)
  });
}

function generateIdempotencyKey(data) {
  // Hash of request data
  return crypto.createHash('md5')
    .update(JSON.stringify(data))
    .digest('hex');
}
