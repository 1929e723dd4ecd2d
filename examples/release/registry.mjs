// A stand-in for the registry of releases: it takes a POST with the right token, and says where the release is.
import { createServer } from 'node:http';

createServer((request, response) => {
  const answer = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.headers.authorization !== 'Bearer the-token-of-the-registry') return answer(401, {});
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (piece) => (text += piece));
  request.on('end', () => {
    process.stdout.write(`${request.headers['idempotency-key']} ${request.url} ${text}\n`);
    answer(201, { url: `https://registry.example${request.url}` });
  });
}).listen(8091, '0.0.0.0');
