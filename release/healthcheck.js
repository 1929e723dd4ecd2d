// Is the process in this container ready? Asks /readyz at the addresses given, else at the usual ports that somebody
// listens at. Exits with 0 when each says yes. It stands alone: loading the command would take ten times as long.
import { get as getHTTP } from 'node:http';
import { get as getHTTPS } from 'node:https';

const USUAL = [
  'https://127.0.0.1:7443/readyz',
  'http://127.0.0.1:7444/readyz',
  'http://127.0.0.1:7445/readyz',
];
const given = process.argv.slice(2);
const answers = await Promise.all((given.length > 0 ? given : USUAL).map(ask));
const counted = given.length > 0 ? answers : answers.filter(({ absent }) => !absent);
if (counted.length === 0) process.stdout.write('nobody listens at 7443, 7444 or 7445\n');
for (const { url, text } of counted) process.stdout.write(`${url}: ${text}\n`);
process.exit(counted.length > 0 && counted.every(({ ok }) => ok) ? 0 : 1);

function ask(url) {
  const get = url.startsWith('https:') ? getHTTPS : getHTTP;
  return new Promise((resolve) => {
    // As kubelets do: a probe is no client that tells secrets, so it trusts any certificate.
    const request = get(url, { rejectUnauthorized: false, timeout: 4000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ url, ok: response.statusCode === 200, text: text.trim() }));
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 4 s')));
    request.on('error', (error) =>
      resolve({ url, ok: false, absent: error.code === 'ECONNREFUSED', text: error.message }),
    );
  });
}
