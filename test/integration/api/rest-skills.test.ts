import { Agent, FormData, fetch } from 'undici';
import type { BodyInit } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '#api/client/connect';
import { silentLogger } from '#api/machinery/logger';
import { startControllers } from '#controllers/main';
import { file, SKILL_TEXT } from '#skill-packages/made-up';
import { readZip } from '#skill-packages/read-zip';
import { packFiles } from '#skill-packages/skill-package';
import { writeZip } from '#skill-packages/write-zip';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

/** Skills below /api/v1, with the real controllers behind them. */

const AT = '/api/v1/namespaces/default/skills';
const stack = new AsyncDisposableStack();
let server: TestApi;
let agent: Agent;

beforeAll(async () => {
  server = stack.use(await testApi());
  const connection = await connect({ kubeconfig: server.kubeconfig });
  stack.defer(() => connection.close());
  const { client } = connection;
  const controllers = await startControllers({ client, logger: silentLogger });
  stack.defer(() => controllers.stop());
  agent = new Agent({ connect: { ca: server.caCertificate } });
  stack.defer(() => agent.close());
});
afterAll(() => stack.disposeAsync());

interface Sent {
  method?: string;
  type?: string;
  body?: BodyInit;
  token?: string;
}

async function send(path: string, { method = 'GET', type, body, token = server.token }: Sent = {}) {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(type === undefined ? {} : { 'content-type': type }),
  };
  const answer = await fetch(`${server.url}${path}`, {
    dispatcher: agent,
    method,
    headers,
    ...(body && { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const json = (): Record<string, never> => JSON.parse(bytes.toString()) as Record<string, never>;
  return { status: answer.status, bytes, json, type: answer.headers.get('content-type') };
}

const named = (name: string): string => SKILL_TEXT.replace('name: pdf', `name: ${name}`);
const zipOf = async (name: string, more = ''): Promise<Buffer> =>
  (await packFiles([file('SKILL.md', named(name)), file('scripts/run.sh', `exit 0 ${more}`)])).zip;

function form(zip: Buffer, field = 'file'): FormData {
  const made = new FormData();
  made.set(field, new Blob([new Uint8Array(zip)], { type: 'application/zip' }), 'skill.zip');
  return made;
}

describe('Skills below /api/v1', () => {
  it.each([
    { name: 'by-zip', sent: (zip: Buffer) => ({ type: 'application/zip', body: new Uint8Array(zip) }) },
    { name: 'by-form', sent: (zip: Buffer) => ({ body: form(zip) }) },
  ])('are made of a zip, listed, read, given back, replaced and deleted: $name', async ({ name, sent }) => {
    const zip = await zipOf(name);
    const made = await send(AT, { method: 'POST', ...sent(zip) });
    expect([made.status, made.json()]).toMatchObject([
      201,
      { kind: 'Skill', metadata: { name, namespace: 'default' }, status: { upload: { files: 2 } } },
    ]);
    expect((await send(AT, { method: 'POST', ...sent(zip) })).status, 'a second one of that name').toBe(409);
    const list = (await send(AT)).json() as unknown as {
      kind: string;
      items: { metadata: { name: string } }[];
    };
    expect(list.kind).toBe('SkillList');
    expect(list.items.map(({ metadata }) => metadata.name)).toContain(name);
    await expect
      .poll(async () => (await send(`${AT}/${name}`)).json())
      .toMatchObject({ status: { state: 'Available' } });

    const got = await send(`${AT}/${name}/package`);
    expect([got.status, got.type]).toEqual([200, 'application/zip']);
    expect((await readZip(got.bytes)).map(({ path }) => path)).toEqual(['SKILL.md', 'scripts/run.sh']);

    const other = await zipOf(name, '# more');
    const put = await send(`${AT}/${name}/package`, { method: 'PUT', ...sent(other) });
    expect([put.status, put.json()]).toMatchObject([200, { kind: 'Skill', metadata: { name } }]);
    await expect.poll(async () => (await send(`${AT}/${name}/package`)).bytes.equals(other)).toBe(true);
    const gone = await send(`${AT}/${name}`, { method: 'DELETE' });
    expect([gone.status, gone.json()]).toEqual([200, { message: `Skill '${name}' deleted` }]);
  });

  it('are made of a manifest, too', async () => {
    const body = JSON.stringify({
      metadata: { name: 'text' },
      spec: { description: 'Does it.', prompt: 'Do it.' },
    });
    expect((await send(AT, { method: 'POST', type: 'application/json', body })).status).toBe(201);
    expect((await send('/api/v1/skills')).json()).toMatchObject({ kind: 'SkillList' });
  });

  it.each([
    ['no zip', () => ({ type: 'application/zip', body: 'PK' }), 400],
    [
      'a zip without SKILL.md',
      async () => ({ type: 'application/zip', body: new Uint8Array(await other()) }),
      400,
    ],
    ['a form without a file', async () => ({ body: form(await zipOf('x'), 'files') }), 400],
    ['a form that is not one', () => ({ type: 'multipart/form-data; boundary=x', body: 'nothing' }), 400],
    ['a form without a boundary', () => ({ type: 'multipart/form-data', body: 'nothing' }), 400],
    ['another type', () => ({ type: 'text/plain', body: 'name: x' }), 415],
  ])('are not made of %s', async (_, sent, status) => {
    const { status: got, json } = await send(AT, { method: 'POST', ...(await sent()) });
    expect(got).toBe(status);
    expect(json()['detail']).toEqual(expect.any(String));
  });

  it('say of a package that was to make one what is wrong with it', async () => {
    const body = new Uint8Array(await other());
    const { json } = await send(AT, { method: 'POST', type: 'application/zip', body });
    expect(json()['detail']).toMatch(/^the package of the new Skill is invalid: there is no SKILL\.md/);
  });

  it('that are put under another name are refused, and dry runs make nothing', async () => {
    const body = new Uint8Array(await zipOf('dry'));
    const type = 'application/zip';
    const dry = await send(`${AT}?dryRun=All`, { method: 'POST', type, body });
    expect([dry.status, dry.json()['metadata']]).toMatchObject([201, { name: 'dry' }]);
    expect((await send(`${AT}/dry`)).status).toBe(404);
    expect((await send(`${AT}/dry/package`, { method: 'PUT', type, body })).status).toBe(404);
    expect((await send(AT, { method: 'POST', type, body, token: 'nobody' })).status).toBe(401);
  });
});

const other = (): Promise<Buffer> => writeZip([file('README.md', 'No skill.')]);
