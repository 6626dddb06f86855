// api-client.ts
class CrmApiClient {
  private baseUrl: string;
  private accessToken: string;

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl;
  }

  async login(email: string, password: string) {
    const response = await fetch(`${this.baseUrl}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password })
    });

    if (!response.ok) throw new Error('Login failed');

    const data = await response.json();
    this.accessToken = data.token;
    return data;
  }

  async createLead(lead: CreateLeadRequest) {
    const response = await fetch(`${this.baseUrl}/api/leads`, {
      method: 'POST',
      headers: {
        'Authorization': `Bearer ${this.accessToken}`,
        'Content-Type': 'application/json'
      },
      body: JSON.stringify(lead)
    });

    if (!response.ok) {
      const error = await response.json();
      throw new Error(error.error.message);
    }

    return await response.json();
  }

  async getLeads(page = 1, pageSize = 20) {
    const response = await fetch(
      `${this.baseUrl}/api/leads?page=${page}&pageSize=${pageSize}`,
      {
        headers: { 'Authorization': `Bearer ${this.accessToken}` }
      }
    );

    if (!response.ok) throw new Error('Failed to fetch leads');
    return await response.json();
  }
}

// Usage
const client = new CrmApiClient('https://api.yourdomain.com');
await client.login('admin@company.com', 'Admin@123');

const lead = await client.createLead({
  firstName: 'John',
  lastName: 'Doe',
  email: 'john@example.com',
  source: 'Website'
});

console.log('Lead created:', lead.id);
