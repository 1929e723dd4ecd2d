import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

interface List {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: { metadata: { name: string } }[];
}

async function list(query: string): Promise<List> {
  const answer = await api.send(`${GHOSTS}?${query}`);
  expect(answer.status).toBe(200);
  return answer.json() as unknown as List;
}

async function create(name: string): Promise<void> {
  const spec = { systemPrompt: 'x' };
  const body = { apiVersion: 'agent.wecode.io/v1', kind: 'Ghost', metadata: { name }, spec };
  expect((await api.send(GHOSTS, { method: 'POST', body })).status).toBe(201);
}

const nameOf = (index: number): string => `g${String(index).padStart(3, '0')}`;

describe('a list in pages', () => {
  it('is what was there at its first page, while others write', async () => {
    const expected = Array.from({ length: 25 }, (_, index) => nameOf(index * 2));
    await Promise.all(expected.map(create));
    const names: string[] = [];
    let page = await list('limit=4');
    const { resourceVersion } = page.metadata;
    for (let left = expected.length - 4; ; left -= 4) {
      names.push(...page.items.map((item) => item.metadata.name));
      expect(page.metadata.resourceVersion).toBe(resourceVersion);
      if (page.metadata.continue === '') break;
      expect(page.metadata.remainingItemCount).toBe(left);
      await create(nameOf(names.length * 2 + 1));
      page = await list(`limit=4&continue=${page.metadata.continue}`);
    }
    expect(names).toEqual(expected);
  });
});
