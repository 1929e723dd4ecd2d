import fc from 'fast-check';
import { expect, it } from 'vitest';
import { demultiplexed } from './container-exec.ts';

/** As the engine sends it: which stream, three zeros, the length, the data. */
function frame(stream: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data]);
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

it('takes the output of a program apart, wherever the connection cuts it', async () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })));
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(frames, sizes, async (sent, parts) => {
      const said = { stdout: '', stderr: '' };
      const bytes = Buffer.concat(sent.map(([stream, data]) => frame(stream, data)));
      for await (const { stream, data } of demultiplexed(cut(bytes, parts)))
        said[stream] += data.toString('hex');
      const of = (wanted: number): string =>
        sent.map(([stream, data]) => (stream === wanted ? Buffer.from(data).toString('hex') : '')).join('');
      expect(said).toEqual({ stdout: of(1), stderr: of(2) });
    }),
  );
});
