import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from './frame-reader.ts';
import { encodeControl, encodeData, FLAG_FIN, numbers, TYPE } from './frames.ts';
import type { Frame } from './frames.ts';
import { HEADER_DICTIONARY } from './header-dictionary.ts';
import { HeaderDeflater, HeaderInflater } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';
import { SpdySession } from './spdy-session.ts';
import type { SpdyReader, SpdyStream } from './spdy-session.ts';

const bytes = (max = 300): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant('control' as const),
    type: fc.constantFrom(...Object.values(TYPE)),
    flags: fc.nat(255),
    payload: bytes(),
  }),
  fc.record({
    kind: fc.constant('data' as const),
    streamID: fc.nat(2 ** 31 - 1),
    data: bytes(),
    fin: fc.boolean(),
  }),
);

const encoded = (one: Frame): Buffer =>
  one.kind === 'data'
    ? encodeData(one.streamID, one.data, one.fin)
    : encodeControl(one.type, one.payload, one.flags);

function* cut(all: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, index = 0; at < all.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield all.subarray(at, at + size);
    at += size;
  }
}

/** Parts of one data frame are put together again. */
function joined(frames: Iterable<Frame>): Frame[] {
  const found: Frame[] = [];
  for (const one of frames) {
    const last = found.at(-1);
    const goesOn =
      one.kind === 'data' && last?.kind === 'data' && last.streamID === one.streamID && !last.fin;
    if (!goesOn) found.push(one);
    else found[found.length - 1] = { ...one, data: Buffer.concat([last.data, one.data]) };
  }
  return found;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });

describe('frames', () => {
  it('come out as they went in, wherever the connection is cut', () => {
    fc.assert(
      fc.property(fc.array(frame), sizes, (sent, parts) => {
        const reader = new FrameReader();
        const got: Frame[] = [];
        for (const piece of cut(Buffer.concat(sent.map(encoded)), parts)) got.push(...reader.read(piece));
        expect(joined(got)).toEqual(joined(sent));
      }),
    );
  });

  it('are found or refused in any bytes, and at most a control frame is held', () => {
    fc.assert(
      fc.property(bytes(2000), sizes, (noise, parts) => {
        const reader = new FrameReader();
        try {
          for (const piece of cut(noise, parts))
            for (const one of reader.read(piece)) expect(one).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });

  it.each([
    [Buffer.from('8002000100000004', 'hex'), 'SPDY/2'],
    [Buffer.from('8003000100ffffff', 'hex'), 'too long'],
  ])('of another version, or without an end, are refused: %#', (head, text) => {
    expect(() => [...new FrameReader().read(head)]).toThrow(text);
  });
});

describe('headers', () => {
  it('have the dictionary of the draft', () => {
    let [low, high] = [1, 0];
    for (const byte of HEADER_DICTIONARY) {
      low = (low + byte) % 65_521;
      high = (high + low) % 65_521;
    }
    // The Adler-32 by which every zlib stream of SPDY/3 names it.
    expect([HEADER_DICTIONARY.length, high * 65_536 + low]).toEqual([1423, 0xe3c6a7c2]);
  });

  it('come out as they went in, block after block', async () => {
    const name = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
    const value = fc.stringMatching(/^[ -~]{0,40}$/);
    const blocks = fc.array(
      fc.array(fc.tuple(name, value), { maxLength: 10 }).map((pairs) => new Map(pairs)),
    );
    await fc.assert(
      fc.asyncProperty(blocks, async (sent) => {
        const deflater = new HeaderDeflater();
        const inflater = new HeaderInflater();
        for (const one of sent) expect(await inflater.inflate(await deflater.deflate(one))).toEqual(one);
        deflater.close();
        inflater.close();
      }),
    );
  });

  it('are refused where they are no headers, or too many', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(), async (noise) => {
        const inflater = new HeaderInflater();
        await inflater.inflate(noise).catch((error: unknown) => expect(error).toBeInstanceOf(SpdyError));
        inflater.close();
      }),
    );
  });

  it('that inflate to more than they may are refused', async () => {
    const deflater = new HeaderDeflater();
    const inflater = new HeaderInflater();
    const long = await deflater.deflate(new Map([['a', 'x'.repeat(16_000)]]));
    expect((await inflater.inflate(long)).get('a')).toHaveLength(16_000);
    const bomb = await deflater.deflate(new Map([['a', 'x'.repeat(1_000_000)]]));
    expect(bomb.length).toBeLessThan(5000);
    await expect(inflater.inflate(bomb)).rejects.toThrow('too long');
    deflater.close();
    inflater.close();
  });
});

interface Seen {
  stream: SpdyStream;
  said: string;
  ended: boolean;
  reset: boolean;
}

/** A session whose streams are kept, with a client's way to make frames. */
function session() {
  const sent: Buffer[] = [];
  const streams: Seen[] = [];
  const deflater = new HeaderDeflater();
  const server = new SpdySession({
    async send(frameBytes) {
      sent.push(frameBytes);
    },
    onStream(stream): SpdyReader | undefined {
      if (stream.headers.get('refuse') === 'true') return undefined;
      const seen: Seen = { stream, said: '', ended: false, reset: false };
      streams.push(seen);
      return {
        data: (data) => void (seen.said += data.toString()),
        end: () => void (seen.ended = true),
        reset: () => void (seen.reset = true),
      };
    },
  });
  return {
    server,
    streams,
    async open(id: number, headers: Record<string, string> = {}, flags = 0): Promise<void> {
      const block = await deflater.deflate(new Map(Object.entries(headers)));
      const head = Buffer.concat([numbers(id, 0), Buffer.from([0, 0])]);
      await server.receive(encodeControl(TYPE.synStream, Buffer.concat([head, block]), flags));
    },
    /** The frames that the server has sent since the last call. */
    answers: () => [...new FrameReader().read(Buffer.concat(sent.splice(0)))],
  };
}

describe('a session', () => {
  it('answers a stream, takes its data and its end, and speaks on it', async () => {
    const { server, streams, open, answers } = session();
    await open(1, { streamtype: 'data', port: '80' });
    expect(answers()).toMatchObject([{ kind: 'control', type: TYPE.synReply }]);
    await server.receive(encodeData(1, Buffer.from('hello'), false));
    await server.receive(encodeData(1, Buffer.from(' there'), true));
    expect(streams[0]).toMatchObject({ said: 'hello there', ended: true, reset: false });
    await streams[0]?.stream.write(Buffer.from('you'));
    await streams[0]?.stream.end();
    expect(joined(answers())).toEqual([{ kind: 'data', streamID: 1, data: Buffer.from('you'), fin: true }]);
    expect(server.open).toBe(0);
  });

  it.each([
    [2, 'an even number is the server’s own'],
    [1, 'a number comes once'],
  ])('refuses stream %i: %s', async (id) => {
    const { open } = session();
    await open(1);
    await expect(open(id)).rejects.toThrow(SpdyError);
  });

  it('resets what is refused, what comes after its end, and more streams than there may be', async () => {
    const { server, open, answers, streams } = session();
    await open(1, { refuse: 'true' });
    expect(answers().at(-1)).toMatchObject({ type: TYPE.rstStream });
    await open(3, {}, FLAG_FIN);
    await server.receive(encodeData(3, Buffer.from('late'), false));
    expect([streams[0]?.reset, answers().at(-1)]).toMatchObject([true, { type: TYPE.rstStream }]);
    for (let id = 5; id < 5 + 2 * 512; id += 2) await open(id);
    answers();
    await open(4001);
    expect([answers(), server.open]).toMatchObject([[{ type: TYPE.rstStream }], 512]);
  });

  it('answers a ping of the client, and knows its resets', async () => {
    const { server, open, answers, streams } = session();
    await open(1);
    answers();
    await server.receive(
      Buffer.concat([encodeControl(TYPE.ping, numbers(7)), encodeControl(TYPE.ping, numbers(8))]),
    );
    expect(answers()).toMatchObject([{ type: TYPE.ping, payload: numbers(7) }]);
    await server.receive(encodeControl(TYPE.rstStream, numbers(1, 5)));
    expect([streams[0]?.reset, server.open]).toEqual([true, 0]);
  });

  it('survives whatever comes: it takes it, or says that it is no SPDY', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame), async (frames) => {
        const { server, open } = session();
        await open(1);
        for (const one of frames) {
          try {
            await server.receive(encoded(one));
          } catch (error) {
            expect(error).toBeInstanceOf(SpdyError);
            break;
          }
        }
        server.close();
        expect(server.open).toBe(0);
      }),
    );
  });
});
