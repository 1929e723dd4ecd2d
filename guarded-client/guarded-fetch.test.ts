import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createGuardedFetch } from './guarded-fetch.ts';
import type { GuardedFetchOptions } from './guarded-fetch.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

async function service(answer: RequestListener): Promise<{ port: number; url: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}

function guarded(options: Partial<GuardedFetchOptions> = {}) {
  return stack.use(createGuardedFetch({ allow: [], ...options })).fetch;
}

describe('an address of this machine', () => {
  let asked = 0;
  const inner = service((_, response) => {
    asked += 1;
    response.end('of the machine alone');
  });
  const fetch = guarded();

  it.each([
    ['127.0.0.1', 'as it is'],
    ['127.1', 'short'],
    ['0x7f.1', 'hexadecimal'],
    ['0177.0.0.01', 'octal'],
    ['2130706433', 'one number'],
    ['0x7f000001', 'one number in hexadecimal'],
    ['127.0.0.1.', 'with a dot at the end'],
    ['①②⑦.⓪.⓪.①', 'in circled digits'],
    ['１２７。０。０。１', 'in wide digits and dots'],
    ['%31%32%37.0.0.1', 'escaped'],
    ['[::1]', 'of IPv6'],
    ['[::ffff:127.0.0.1]', 'mapped'],
    ['[0:0:0:0:0:ffff:7f00:0001]', 'mapped, in full'],
    ['[64:ff9b::7f00:1]', 'through NAT64'],
    ['[2002:7f00:1::]', 'through 6to4'],
    ['[::]', 'any'],
    ['0', 'any, short'],
    ['localhost', 'by name'],
  ])('%s (%s) is not called', async (host) => {
    const { port } = await inner;
    await expect(fetch(`http://${host}:${port}/`)).rejects.toThrow(/is refused: it is an? /);
    expect(asked).toBe(0);
  });

  it('is not called, whatever way it is written in', async () => {
    const { port } = await inner;
    const part = fc.integer({ min: 0, max: 255 });
    const digits = (value: number): fc.Arbitrary<string> =>
      fc.constantFrom(
        String(value),
        `0${value.toString(8)}`,
        `0x${value.toString(16)}`,
        `0x00${value.toString(16).toUpperCase()}`,
      );
    const host = fc
      .tuple(part, part, part)
      .chain(([b, c, d]) =>
        fc.oneof(
          fc.tuple(digits(127), digits(b), digits(c), digits(d)),
          fc.tuple(digits(127), digits(b), digits(c * 256 + d)),
          fc.tuple(digits(127), digits(b * 65_536 + c * 256 + d)),
          fc.tuple(digits(127 * 16_777_216 + b * 65_536 + c * 256 + d)),
        ),
      );
    await fc.assert(
      fc.asyncProperty(host, fc.constantFrom('', '.'), async (parts, end) => {
        await expect(fetch(`http://${parts.join('.')}${end}:${port}/`)).rejects.toThrow(/loopback address/);
      }),
    );
    expect(asked).toBe(0);
  });

  it('is not called when the name means it at the second look-up only', async () => {
    const { port } = await inner;
    let times = 0;
    const rebound = guarded({
      // The first answer leads nowhere, and is allowed here.
      allow: ['192.0.2.0/24'],
      connectMs: 1,
      lookUp: async () => [{ address: (times += 1) === 1 ? '192.0.2.1' : '127.0.0.1', family: 4 }],
    });
    await expect(rebound(`http://rebinding.example:${port}/`)).rejects.toThrow('fetch failed');
    await expect(rebound(`http://rebinding.example:${port}/`)).rejects.toThrow(/loopback address/);
    expect({ asked, times }).toEqual({ asked: 0, times: 2 });
  });

  it('is called when it is allowed', async () => {
    const { port, url } = await inner;
    const response = await guarded({ allow: [`localhost:${port}`] })(url);
    expect(await response.text()).toBe('of the machine alone');
    asked = 0;
  });
});

it.each(['file:///etc/passwd', 'ftp://a.example/', 'data:text/plain,x', 'gopher://a.example/'])(
  'the scheme of %s is refused',
  async (url) => {
    await expect(guarded()(url)).rejects.toThrow(/only http and https are called/);
  },
);

it('a name and a password in a URL are refused', async () => {
  await expect(guarded()('http://example.com@127.0.0.1/')).rejects.toThrow(/credentials|refused/);
});

describe('a redirect', () => {
  const seen: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
  const record: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      seen.push({ method: request.method, headers: request.headers, body });
      response.end('arrived');
    });
  };
  const redirectTo = (location: string, status = 302): Promise<{ url: string; port: number }> =>
    service((request, response) => {
      if (request.url === '/there') return record(request, response);
      response.writeHead(status, { location }).end();
    });
  const fetch = guarded({ allow: ['localhost'] });
  const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret', accept: 'text/plain' };

  it('within an origin keeps everything', async () => {
    const { url } = await redirectTo('/there', 307);
    const response = await fetch(url, { method: 'POST', headers, body: 'words' });
    expect(await response.text()).toBe('arrived');
    expect(seen.pop()).toMatchObject({ method: 'POST', body: 'words', headers });
  });

  it('to another origin takes no credential along', async () => {
    const other = await service(record);
    const { url } = await redirectTo(other.url);
    expect(await (await fetch(url, { headers })).text()).toBe('arrived');
    const { headers: arrived } = seen.pop() ?? { headers: {} };
    expect(arrived).toMatchObject({ accept: 'text/plain' });
    expect(JSON.stringify(arrived)).not.toContain('secret');
  });

  it('to another origin takes no body along', async () => {
    const other = await service(record);
    const { url } = await redirectTo(other.url, 308);
    await expect(fetch(url, { method: 'POST', body: 'secret' })).rejects.toThrow(/it takes the body to/);
  });

  it.each([301, 302, 303])('after %i fetches what a POST made', async (status) => {
    const { url } = await redirectTo('/there', status);
    await (await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'a/b' } })).text();
    expect(seen.pop()).toMatchObject({ method: 'GET', body: '' });
  });

  it('to a refused address is not followed', async () => {
    const { url, port } = await redirectTo('http://169.254.169.254/latest/meta-data/');
    await expect(guarded({ allow: [`localhost:${port}`] })(url)).rejects.toThrow(/a metadata address/);
    const other = await service(record);
    const again = await redirectTo(other.url);
    await expect(guarded({ allow: [`localhost:${again.port}`] })(again.url)).rejects.toThrow(/loopback/);
    expect(seen).toEqual([]);
  });

  it.each(['file:///etc/passwd', 'javascript:1'])('to %s is not followed', async (location) => {
    const { url } = await redirectTo(location);
    await expect(fetch(url)).rejects.toThrow(/only http and https/);
  });

  it('is followed five times', async () => {
    let asked = 0;
    const { url } = await service((_, response) => {
      asked += 1;
      response.writeHead(302, { location: '/again' }).end();
    });
    await expect(fetch(url)).rejects.toThrow('more than 5 redirects');
    expect(asked).toBe(6);
  });

  it('is handed out to those who want that', async () => {
    const { url } = await redirectTo('/there');
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(302);
    await expect(fetch(url, { redirect: 'error' })).rejects.toThrow('a redirect is not followed');
  });
});

describe('an answer', () => {
  it('of too many bytes fails while it is read', async () => {
    const { url } = await service((_, response) => response.end('x'.repeat(2000)));
    const fetch = guarded({ allow: ['localhost'], maxBodyBytes: 1999 });
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow(/more than 1999 bytes/);
    const enough = guarded({ allow: ['localhost'], maxBodyBytes: 2000 });
    expect(await (await enough(url)).text()).toHaveLength(2000);
  });

  it('whose head does not come is given up', async () => {
    const { url } = await service(() => undefined);
    const fetch = guarded({ allow: ['localhost'], headersMs: 1 });
    await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'UND_ERR_HEADERS_TIMEOUT' } });
  });
});

describe('a proxy', () => {
  it('is called for everything but what is known to be refused here', async () => {
    const paths: (string | undefined)[] = [];
    const proxy = await service((request, response) => {
      paths.push(request.url);
      response.end('by the proxy');
    });
    const proxies = { httpProxy: proxy.url, httpsProxy: '', noProxy: '' };
    const lookUp = async (host: string) => {
      if (host !== 'inner.example') throw new Error('only the proxy knows it');
      return [{ address: '10.0.0.1', family: 4 }];
    };
    const fetch = guarded({ proxies, lookUp });
    expect(await (await fetch('http://outer.example/a')).text()).toBe('by the proxy');
    await expect(fetch('http://inner.example/')).rejects.toThrow(/a private address/);
    await expect(fetch('http://169.254.169.254/')).rejects.toThrow(/a metadata address/);
    expect(paths).toEqual(['http://outer.example/a']);
  });
});
