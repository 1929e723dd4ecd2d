// Takes the messages about a Task or an Approval, as https://www.standardwebhooks.com has them, up to the last one.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const KEY = process.env.CALLBACK_KEY;
/** As on a bad network: then the same message comes again. */
const LOSES_FIRST_ANSWER = process.env.LOSES_FIRST_ANSWER === 'true';
const OLDEST_SECONDS = 300;
const LAST = /[.](completed|failed|cancelled|decided)$/;
const known = new Set();

function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < OLDEST_SECONDS)) return false;
  const expected = Buffer.from(
    `v1,${createHmac('sha256', KEY).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return signatures
    .split(' ')
    .map((one) => Buffer.from(one))
    .some((one) => one.length === expected.length && timingSafeEqual(one, expected));
}

const server = createServer(async (request, response) => {
  const body = await text(request);
  if (!isGenuine(request.headers, body)) {
    console.log('refused: not signed with our key');
    return response.writeHead(401).end();
  }
  const { type, data } = JSON.parse(body);
  const id = request.headers['webhook-id'];
  const about = data.task
    ? `${data.task.metadata.name}: ${data.task.status.result?.value ?? 'no result yet'}`
    : data.message;
  console.log(known.has(id) ? `known already: ${type}` : `${type}: ${about}`);
  const isLost = LOSES_FIRST_ANSWER && known.size === 0;
  known.add(id);
  if (isLost) return response.destroy();
  response.writeHead(204).end();
  if (LAST.test(type)) server.close();
});
server.listen(process.env.PORT, 'localhost');
