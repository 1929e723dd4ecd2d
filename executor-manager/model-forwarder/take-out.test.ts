import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { takeOut, takeOutOf } from './take-out.ts';

const SECRETS = ['sk-secret-long', 'sk-secret', 'ümläut-key', 'a+b(c)|d[e]\\f'];

const through = async (chunks: readonly Buffer[]): Promise<string> =>
  (await buffer(Readable.from(chunks).pipe(takeOut(SECRETS, () => undefined)))).toString();

it('takes secrets out however the bytes are cut', async () => {
  const word = fc.oneof(
    fc.constantFrom(...SECRETS, 'sk-', 'sk-secre', 'ü', 'key', ' ', '\n'),
    fc.string({ maxLength: 5 }),
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 20 }), cuts, async (words, sizes) => {
      const text = words.join('');
      const bytes = Buffer.from(text);
      const chunks: Buffer[] = [];
      let at = 0;
      for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)));
      chunks.push(bytes.subarray(at));
      const clean = await through(chunks);
      expect(SECRETS.filter((secret) => clean.includes(secret))).toEqual([]);
      expect(clean).toBe(takeOutOf(text, SECRETS));
    }),
  );
});

it('holds nothing back but what a secret may begin with', async () => {
  const stream = takeOut(SECRETS, () => undefined);
  const read = (): string | undefined => (stream.read() as Buffer | null)?.toString();
  stream.write('data: hello\n\n');
  expect(read()).toBe('data: hello\n\n');
  stream.write('data: sk-se');
  expect(read()).toBe('data: ');
  stream.write('cond\n');
  expect(read()).toBe('sk-second\n');
});

it('leaves everything as it is where there is no secret', async () => {
  const stream = Readable.from([Buffer.from('sk-'), Buffer.from('secret')]).pipe(
    takeOut([], () => undefined),
  );
  expect((await buffer(stream)).toString()).toBe('sk-secret');
  expect(takeOutOf('sk-secret', [])).toBe('sk-secret');
});

it('tells how many bytes came', async () => {
  let count = 0;
  const stream = takeOut(SECRETS, (bytes) => (count += bytes));
  await buffer(Readable.from([Buffer.from('sk-secret'), Buffer.from('ab')]).pipe(stream));
  expect(count).toBe(11);
});
