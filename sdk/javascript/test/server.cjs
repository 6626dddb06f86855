'use strict';

const { createServer } = require('node:http');
const { once } = require('node:events');

/** A server on loopback that answers as it was told to, one answer a request, and keeps what it was sent. */
async function serve(t, ...answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    requests.push({ method: request.method, url: request.url, headers: request.headers, body: text === '' ? undefined : JSON.parse(text) });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === 'hang') return;
    if (answer === 'reset') return request.socket.destroy();
    const { status = 200, headers = {}, body = {} } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, baseUrl: `http://127.0.0.1:${server.address().port}/api/v1` };
}

const error = (status, code, headers) => ({
  status,
  headers,
  body: { error: { code, message: `a ${code}`, details: { field: 'email' }, timestamp: '2024-01-25T10:00:00Z', request_id: 'req_1' } },
});

module.exports = { serve, error };
