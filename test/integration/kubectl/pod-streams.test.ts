import { once } from 'node:events';
import { get } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { Exec, KubeConfig, PortForward } from '@kubernetes/client-node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { createManualClock } from '#api/machinery/manual-clock';
import { encodeControl, encodeData, numbers, TYPE } from '#executor-manager/streams/spdy/frames';
import { HeaderDeflater } from '#executor-manager/streams/spdy/header-block';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { commandsFor } from '../../kit/command.ts';
import { answerOf, connectPod, execPath } from '../../kit/pod-client.ts';
import type { PodConnect } from '../../kit/pod-client.ts';
import { podExecutor } from '../../kit/pod-executor.ts';
import { PIECE, PodPrograms } from '../../kit/pod-programs.ts';
import { tcpProxy } from '../../kit/tcp-proxy.ts';
import type { TcpProxy } from '../../kit/tcp-proxy.ts';

/** Streams of Pods over a real server and tunnel, by clients other than kubectl; the programs run on this machine. */
const POD = 'box';
const stack = new AsyncDisposableStack();
let api: TestApi;
const programs = new PodPrograms();
/** Between the executor manager and the API. */
let network: TcpProxy;

beforeAll(async () => {
  api = stack.use(await testApi());
  network = stack.use(await tcpProxy(Number(new URL(api.url).port)));
  const server = `https://127.0.0.1:${network.port}`;
  stack.use(await podExecutor(api, { name: POD, server, exec: programs.exec }));
});
afterAll(() => stack.disposeAsync());

const PATH = `/api/v1/namespaces/default/pods/${POD}`;
const open = (path: string, asked?: PodConnect): WebSocket => connectPod({ api, pod: POD }, path, asked);

describe('the subprotocols of exec', () => {
  it.each([
    ['v5.channel.k8s.io', false, '{"metadata":{},"status":"Success"}'],
    ['v4.channel.k8s.io', false, '{"metadata":{},"status":"Success"}'],
    ['v5.base64.channel.k8s.io', true, '{"metadata":{},"status":"Success"}'],
    ['v4.base64.channel.k8s.io', true, '{"metadata":{},"status":"Success"}'],
    ['channel.k8s.io', false, ''],
    ['base64.channel.k8s.io', true, ''],
    ['', false, ''],
  ])('%s', async (protocol, base64, status) => {
    const socket = open(execPath('head', '-c', '3'), { protocols: protocol === '' ? [] : [protocol] });
    const got: Record<number, Buffer[]> = {};
    socket.on('message', (message: Buffer) => {
      const channel = base64 ? Number(message.toString('latin1', 0, 1)) : (message[0] ?? -1);
      const data = base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
      (got[channel] ??= []).push(data);
    });
    await once(socket, 'open');
    expect(socket.protocol).toBe(protocol);
    const input = Buffer.from([0, 255, 10]);
    socket.send(base64 ? `0${input.toString('base64')}` : Buffer.concat([Buffer.from([0]), input]));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1000);
    expect(Buffer.concat(got[1] ?? [])).toEqual(input);
    expect(Buffer.concat(got[3] ?? []).toString()).toBe(status);
  });

  it.each([
    [['v9.channel.k8s.io'], 'unable to negotiate protocol: client supports [v9.channel.k8s.io]'],
    [['SPDY'], 'unable to negotiate protocol'],
  ])('%j are refused', async (protocols, text) => {
    expect(await answerOf(open(execPath('true'), { protocols }))).toEqual([
      400,
      expect.stringContaining(text),
    ]);
  });

  it.each([
    ['long', 131_000, [101, '']],
    ['too long', 132_000, [413, 'the command is too long: limit is 131072 bytes of the query']],
  ])('a command that is %s', async (_how, length, answer) => {
    expect(await answerOf(open(execPath('true', '~'.repeat(length))))).toEqual(answer);
  });

  it('a plain upgrade to SPDY is refused with a Status', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
    const answer = await api.send(`${PATH}/${execPath('true')}`, { method: 'POST', headers: {} });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('Upgrade request required')]);
    const asking = get(`${api.url}${PATH}/${execPath('true')}`, {
      ca: api.caCertificate,
      headers: { authorization: `Bearer ${api.token}`, ...headers },
    });
    const [response] = (await once(asking, 'response')) as [{ statusCode: number } & AsyncIterable<Buffer>];
    let text = '';
    for await (const part of response) text += part.toString();
    expect([response.statusCode, JSON.parse(text)]).toEqual([
      400,
      expect.objectContaining({
        kind: 'Status',
        reason: 'BadRequest',
        message: 'SPDY connections are not taken, WebSocket ones are: use kubectl 1.31 or a newer one',
      }),
    ]);
  });
});

function clientNode(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  return config;
}

describe('kubectl', () => {
  it('tells why the executor manager refuses, though it asks by SPDY then', async () => {
    await using executor = await podExecutor(api, { name: 'talker' });
    const { kubectl } = commandsFor(api.kubeconfig);
    for (const args of [
      ['exec', executor.pod, '--', 'id'],
      ['port-forward', executor.pod, ':80'],
    ]) {
      const { code, stdout, stderr } = await kubectl(args);
      expect([code, stdout + stderr]).toEqual([
        1,
        expect.stringContaining('this agent has no sandbox of its own'),
      ]);
    }
  });
});

describe('the client of JavaScript', () => {
  it('runs a program with binary input and output', async () => {
    const stdout = new PassThrough();
    const stdin = new PassThrough();
    const got: Buffer[] = [];
    stdout.on('data', (data: Buffer) => got.push(data));
    const input = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 7) % 256));
    const command = ['head', '-c', String(input.length)];
    const status = await new Promise((resolve, reject) => {
      new Exec(clientNode())
        .exec('default', POD, 'agent', command, stdout, null, stdin, false, resolve)
        .then(() => stdin.end(input), reject);
    });
    expect(status).toMatchObject({ status: 'Success' });
    expect(Buffer.concat(got).equals(input)).toBe(true);
  });

  it('forwards a port, without SPDY, until the service ends', async () => {
    const service = createServer((socket) => socket.on('data', (data) => socket.end(data))).listen(
      0,
      '127.0.0.1',
    );
    await once(service, 'listening');
    const { port } = service.address() as AddressInfo;
    const [output, input] = [new PassThrough(), new PassThrough()];
    const forward = new PortForward(clientNode());
    const socket = (await forward.portForward('default', POD, [port], output, null, input)) as WebSocket;
    const said = once(output, 'data');
    input.write('through the tunnel');
    expect(String((await said)[0])).toBe('through the tunnel');
    await once(socket, 'close');
    service.close();
    await once(service, 'close');
  });
});

describe('port-forward without SPDY', () => {
  it.each(['v4.channel.k8s.io', ''])('by "%s" says the ports first, and what is wrong', async (protocol) => {
    const service = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await once(service, 'listening');
    const { port } = service.address() as AddressInfo;
    const protocols = protocol === '' ? [] : [protocol];
    const socket = open(`portforward?ports=${port},1`, { protocols });
    const got = new Map<number, string>();
    socket.on('message', (message: Buffer) => {
      const [channel = -1] = message;
      got.set(channel, (got.get(channel) ?? '') + message.toString('latin1', 1));
    });
    await once(socket, 'close');
    const number = (of: number): string => Buffer.from([of & 0xff, of >> 8]).toString('latin1');
    const wrong = `error forwarding port 1 to pod default/${POD}: nothing listens on port 1`;
    expect(Object.fromEntries(got)).toEqual({
      ...{ 0: `${number(port)}hello`, 1: number(port) },
      ...{ 2: number(1), 3: number(1) + wrong },
    });
    service.close();
    await once(service, 'close');
  });

  it.each([
    ['', 'query parameter "ports" is required'],
    ['?ports=0', 'unable to parse "0" as a port'],
    ['?ports=80&ports=65536', 'unable to parse "65536" as a port'],
    ['?ports=1,2,3,4,5,6', 'too many ports', 'v4.base64.channel.k8s.io'],
    ['?ports=80', 'unable to negotiate protocol', 'v5.channel.k8s.io'],
  ])('refuses %j: %s', async (query, text, protocol = 'v4.channel.k8s.io') => {
    const socket = open(`portforward${query}`, { protocols: [protocol] });
    expect(await answerOf(socket)).toEqual([400, expect.stringContaining(text)]);
  });
});

/** The bytes of one stream that the kernel, TLS, and both ways through the tunnel hold. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

describe('who does not read', () => {
  it('holds up nobody else in the tunnel, and what the program has said stays bounded', async () => {
    const stopped = Array.from({ length: 40 }, () => open(execPath('endless')));
    await Promise.all(stopped.map((socket) => once(socket, 'message')));
    for (const socket of stopped) socket.pause();
    let got = 0;
    const neighbour = open(execPath('head', '-c', '8000000', '/dev/zero'));
    neighbour.on('message', (message: Buffer) => {
      if (message[0] === 1) got += message.length - 1;
    });
    await once(neighbour, 'close');
    expect(got).toBe(8_000_000);
    expect(Math.max(...programs.said)).toBeLessThan(MAX_HELD_BYTES);
    for (const socket of stopped) socket.terminate();
    await vi.waitUntil(() => programs.letGo.size === programs.said.length, { timeout: 30_000 });
  });

  it('a program that takes nothing holds its user back', async () => {
    const socket = open(execPath('deaf'));
    await once(socket, 'open');
    const sent = 2 * MAX_HELD_BYTES;
    for (let at = 0; at < sent; at += PIECE.length) socket.send(Buffer.concat([Buffer.from([0]), PIECE]));
    const neighbour = open(execPath('head', '-c', '1000000', '/dev/zero'));
    await once(neighbour, 'close');
    expect(programs.swallowed).toBeLessThan(1024 * 1024);
    expect(socket.bufferedAmount).toBeGreaterThan(sent - MAX_HELD_BYTES);
    socket.terminate();
  });
});

describe('a tunnel that breaks', () => {
  it('ends its streams and their programs, and the next command goes through a new one', async () => {
    const before = programs.letGo.size;
    const socket = open(execPath('endless'));
    await once(socket, 'message');
    const ended = once(socket, 'close');
    network.cut();
    expect((await ended)[0]).toBe(1006);
    await vi.waitUntil(() => programs.letGo.size > before);
    expect(await answerOf(open(execPath('true')))).toEqual([101, '']);
  });

  it('without a word is found by pings, and ends its streams on both sides', async () => {
    await using quiet = await tcpProxy(Number(new URL(api.url).port));
    const clock = createManualClock();
    const server = `https://127.0.0.1:${quiet.port}`;
    await using executor = await podExecutor(api, { name: 'quiet', server, exec: programs.exec, clock });
    const socket = connectPod({ api, pod: executor.pod }, execPath('endless'));
    await once(socket, 'message');
    const before = programs.letGo.size;
    const ended = once(socket, 'close');
    quiet.stall();
    // The first round asks, the second finds no answer; then the manager waits a moment before it connects again.
    clock.advance(15_000);
    clock.advance(15_000);
    const moments = setInterval(() => clock.advance(100), 10);
    const [code] = (await ended) as [number];
    expect(code).toBe(1006);
    expect(programs.letGo.size).toBeGreaterThan(before);
    expect(await answerOf(connectPod({ api, pod: executor.pod }, execPath('true')))).toEqual([101, '']);
    clearInterval(moments);
  });
});

const FRAME = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc
    .record({
      type: fc.constantFrom(...Object.values(TYPE)),
      flags: fc.nat(255),
      payload: fc.uint8Array({ maxLength: 200 }),
    })
    .map(({ type, flags, payload }) => encodeControl(type, Buffer.from(payload), flags)),
  fc
    .record({ id: fc.nat(9), data: fc.uint8Array({ maxLength: 200 }), fin: fc.boolean() })
    .map(({ id, data, fin }) => encodeData(id, Buffer.from(data), fin)),
);

/** ws refuses the name of the protocol, which is no token, so this client is bare: frames of a WebSocket without a mask. */
async function spdySocket(): Promise<{ connection: Duplex; send(bytes: Buffer): void }> {
  const asking = get(`${api.url}${PATH}/portforward`, {
    ca: api.caCertificate,
    headers: {
      authorization: `Bearer ${api.token}`,
      ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
    },
  });
  const [, connection] = (await once(asking, 'upgrade')) as [unknown, Duplex];
  // The close event that follows is what counts.
  connection.on('error', () => undefined);
  return {
    connection,
    send(bytes) {
      const head = Buffer.from([0x82, 0x80 | 126, bytes.length >> 8, bytes.length & 0xff, 0, 0, 0, 0]);
      connection.write(Buffer.concat([head, bytes]));
    },
  };
}

/** Close, with the code 1000. */
const CLOSE = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);

describe('port-forward', () => {
  it('carries a connection, whose end is told', async () => {
    const service = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(service, 'listening');
    const { port } = service.address() as AddressInfo;
    const { connection, send } = await spdySocket();
    const deflater = new HeaderDeflater();
    const open = async (id: number, streamtype: string): Promise<Buffer> => {
      const headers = new Map(Object.entries({ streamtype, port: String(port), requestid: '0' }));
      const block = await deflater.deflate(headers);
      return encodeControl(TYPE.synStream, Buffer.concat([numbers(id, 0), Buffer.alloc(2), block]));
    };
    let got = Buffer.alloc(0);
    connection.on('data', (data: Buffer) => {
      got = Buffer.concat([got, data]);
    });
    send(await open(1, 'error'));
    send(await open(3, 'data'));
    send(encodeData(3, Buffer.from('through the tunnel'), true));
    await vi.waitUntil(() => got.includes('through the tunnel'));
    await vi.waitUntil(() => got.includes(encodeData(3, Buffer.alloc(0), true)));
    connection.destroy();
    deflater.close();
    service.close();
    await once(service, 'close');
  });

  it('does not mind what clients send that do not keep to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(FRAME, { minLength: 1, maxLength: 12 }), async (frames) => {
        const { connection, send } = await spdySocket();
        connection.resume();
        for (const frame of frames) send(frame);
        connection.write(CLOSE);
        await once(connection, 'close');
      }),
    );
    expect(await answerOf(open(execPath('true')))).toEqual([101, '']);
  });
});
