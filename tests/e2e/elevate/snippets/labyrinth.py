import httpx

CRM_URL = "https://your-crm.com/api/external"
API_KEY = "elk_your_key"

headers = {"X-API-Key": API_KEY}

# Get all open deals
deals = httpx.get(f"{CRM_URL}/deals?status=open", headers=headers).json()

# Get KPIs for dashboard
kpis = httpx.get(f"{CRM_URL}/kpis?period=week", headers=headers).json()
