function generateIdempotencyKey(data) {
  // Hash of request data
  return crypto.createHash('md5')
    .update(JSON.stringify(data))
    .digest('hex');
}
