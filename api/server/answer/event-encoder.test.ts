import { describe, expect, it } from 'vitest';
import { shownObject } from '../../registry/reading/api-object.ts';
import type { WatchItem } from '../../registry/requests.ts';
import { eventEncoder } from './event-encoder.ts';
import type { Representation } from './representation.ts';

const item = (name: string): WatchItem => ({
  type: 'ADDED',
  object: shownObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
});

/** Counts how often the text of an object was made. */
function form(shared?: string): { representation: Representation; made: () => number } {
  let made = 0;
  const representation = {
    contentType: 'application/json',
    ...(shared === undefined ? {} : { shared }),
    eventObject(one: WatchItem) {
      made += 1;
      return one.type === 'BOOKMARK' ? `{"at":${one.revision}}` : one.object.json();
    },
  } as Representation;
  return { representation, made: () => made };
}

const textOf = (chunks: Iterable<Uint8Array | string>): string =>
  Array.from(chunks, (chunk) => (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())).join('');

const LINE = '{"type":"ADDED","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"über"}}}\n';

describe('the encoder of events', () => {
  it('writes a line for each event', () => {
    const encode = eventEncoder(form().representation);
    const bookmark: WatchItem = { type: 'BOOKMARK', revision: 7, initialEventsEnd: false };
    expect(textOf(encode([item('über'), bookmark]))).toBe(`${LINE}{"type":"BOOKMARK","object":{"at":7}}\n`);
  });

  it('gives all watchers of a form the same bytes of a batch', () => {
    const batch = [item('über')];
    const first = form('same bytes');
    const second = form('same bytes');
    const bytes = eventEncoder(first.representation)(batch);
    expect(textOf(bytes)).toBe(LINE);
    expect(eventEncoder(second.representation)(batch)).toBe(bytes);
    expect([first.made(), second.made()]).toEqual([1, 0]);
  });

  it('gives watchers of another form their own', () => {
    const batch = [item('a')];
    const [one, other] = [form('one form'), form('another form')];
    eventEncoder(one.representation)(batch);
    eventEncoder(other.representation)(batch);
    expect(other.made()).toBe(1);
  });

  it('makes the lines of a large state as they are sent', () => {
    const { representation, made } = form('large');
    const name = 'n'.repeat(70_000);
    const chunks = eventEncoder(representation)(Array.from({ length: 300 }, () => item(name)));
    for (const _first of chunks) break;
    expect(made()).toBe(1);
  });
});
