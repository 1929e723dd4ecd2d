// Takes the callbacks of a Task, as https://www.standardwebhooks.com has it, and ends when the Task has ended.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const KEY = process.env.CALLBACK_KEY;
const OLDEST_SECONDS = 300;
const ENDS = ['COMPLETED', 'FAILED', 'CANCELLED'];
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
  const { sequence, status, task } = JSON.parse(body).data;
  const id = request.headers['webhook-id'];
  if (known.has(id)) console.log(`known already: ${status}`);
  else console.log(`${task.metadata.name} is ${status}: ${task.status.result?.value ?? 'no result yet'}`);
  // The first answer is lost on its way, so the same message comes again.
  const isLost = known.size === 0;
  known.add(id);
  if (isLost) return response.destroy();
  response.writeHead(204).end();
  if (ENDS.includes(status)) server.close();
});
server.listen(8091, 'localhost');
