<?php
// CrmApiClient.php
class CrmApiClient {
    private $baseUrl;
    private $accessToken;

    public function __construct($baseUrl) {
        $this->baseUrl = rtrim($baseUrl, '/');
    }

    public function login($email, $password) {
        $response = $this->request('POST', '/api/auth/login', [
            'email' => $email,
            'password' => $password
        ]);

        $this->accessToken = $response['token'];
        return $response;
    }

    public function createLead($leadData) {
        return $this->request('POST', '/api/leads', $leadData);
    }

    public function getLeads($page = 1, $pageSize = 20) {
        return $this->request('GET', "/api/leads?page=$page&pageSize=$pageSize");
    }

    private function request($method, $endpoint, $data = null) {
        $url = $this->baseUrl . $endpoint;
        $headers = ['Content-Type: application/json'];

        if ($this->accessToken) {
            $headers[] = 'Authorization: Bearer ' . $this->accessToken;
        }

        $ch = curl_init($url);
        curl_setopt($ch, CURLOPT_CUSTOMREQUEST, $method);
        curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
        curl_setopt($ch, CURLOPT_HTTPHEADER, $headers);

        if ($data && in_array($method, ['POST', 'PUT'])) {
            curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($data));
        }

        $response = curl_exec($ch);
        $httpCode = curl_getinfo($ch, CURLINFO_HTTP_CODE);
        curl_close($ch);

        if ($httpCode >= 400) {
            throw new Exception("API error: HTTP $httpCode - $response");
        }

        return json_decode($response, true);
    }
}

// Usage
$client = new CrmApiClient('https://api.yourdomain.com');
$client->login('admin@company.com', 'Admin@123');

$lead = $client->createLead([
    'firstName' => 'John',
    'lastName' => 'Doe',
    'email' => 'john@example.com',
    'source' => 'Website'
]);

echo "Lead created: {$lead['id']}\n";
