// The part of axios that the document's examples use, on Node's own fetch: data on success, error.response on every other status.
async function get(url, config = {}) {
  const answer = await fetch(url, { headers: config.headers });
  const response = { status: answer.status, headers: Object.fromEntries(answer.headers), data: await answer.json() };
  if (answer.ok) return response;
  throw Object.assign(new Error(`Request failed with status code ${answer.status}`), { response });
}

module.exports = { get };
