// ✅ Good: Cache static/rarely-changing data
class CachedApiClient {
  constructor() {
    this.cache = new Map();
    this.cacheDuration = 5 * 60 * 1000; // 5 minutes
  }

  async getUsers() {
    const cacheKey = 'users';
    const cached = this.cache.get(cacheKey);
    
    if (cached && Date.now() < cached.expiresAt) {
      return cached.data;
    }
    
    const data = await fetch('/api/users').then(r => r.json());
    
    this.cache.set(cacheKey, {
      data,
      expiresAt: Date.now() + this.cacheDuration
    });
    
    return data;
  }
}
