const http = require('http');
const { Webhook, WebhookVerificationError } = require('standardwebhooks');

// A secret that is no base64 needs the format "raw".
const webhook = new Webhook(process.env.WEBHOOK_SECRET, { format: process.env.WEBHOOK_SECRET_FORMAT });

const app = http.createServer(async (req, res) => {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  try {
    webhook.verify(body, req.headers);
    console.log(body.toString());
    res.writeHead(200).end();
  } catch (error) {
    res.writeHead(error instanceof WebhookVerificationError ? 401 : 500).end();
  }
});
