// ✅ Good: Refresh token before expiry
class TokenManager {
  constructor() {
    this.token = null;
    this.refreshToken = null;
    this.expiresAt = null;
  }

  async getValidToken() {
    // Refresh 5 minutes before expiry
    const bufferTime = 5 * 60 * 1000;
    
    if (!this.token || Date.now() > (this.expiresAt - bufferTime)) {
      await this.refresh();
    }
    
    return this.token;
  }

  async refresh() {
    const response = await fetch('/api/auth/refresh', {
      method: 'POST',
      body: JSON.stringify({ refreshToken: this.refreshToken })
    });
    
    const data = await response.json();
    this.token = data.token;
    this.refreshToken = data.refreshToken;
    this.expiresAt = Date.now() + (data.expiresIn * 1000);
  }
}
