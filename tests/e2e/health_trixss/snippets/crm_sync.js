class CRMSync {
  constructor(apiKey, baseUrl) {
    this.apiKey = apiKey;
    this.baseUrl = baseUrl;
    this.lastSyncTime = null;
  }

  async initialSync() {
    // Fetch all opportunities on first run
    const opportunities = await this.fetchAllOpportunities();
    await this.saveToDatabase(opportunities);
    this.lastSyncTime = new Date().toISOString();
  }

  async incrementalSync() {
    // Fetch only changed opportunities
    const url = `${this.baseUrl}/opportunities?updatedSince=${this.lastSyncTime}`;
    const response = await fetch(url, {
      headers: { 'x-api-key': this.apiKey }
    });
    const data = await response.json();
    
    await this.updateDatabase(data.opportunities);
    this.lastSyncTime = new Date().toISOString();
  }

  async fetchAllOpportunities() {
    let allOpps = [];
    let offset = 0;
    
    while (true) {
      const response = await fetch(
        `${this.baseUrl}/opportunities?limit=100&offset=${offset}`,
        { headers: { 'x-api-key': this.apiKey } }
      );
      const data = await response.json();
      allOpps = allOpps.concat(data.opportunities);
      
      if (!data.pagination.hasMore) break;
      offset += 100;
    }
    
    return allOpps;
  }
}
