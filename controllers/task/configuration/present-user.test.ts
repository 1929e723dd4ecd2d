import { expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import { API_KEY_EXTRA, SESSION_EXTRA } from '#api/types/account';
import { SERVICE_ACCOUNTS, USERS } from '#api/types/resources';
import { presentUser } from './present-user.ts';

const session = { [SESSION_EXTRA]: ['s'] };
const jane = { name: 'jane', uid: 'u', groups: ['troupe:users', 'old', 'system:authenticated'] };
const bot = { name: 'system:serviceaccount:a:bot', uid: 'u', groups: ['system:serviceaccounts'] };

/** A server that has these objects. */
function server(users: object[], accounts: object[] = []): Pick<Client, 'find'> {
  return {
    find: (type: ResourceType, ref: ObjectRef) => {
      const all = type === USERS ? users : type === SERVICE_ACCOUNTS ? accounts : [];
      return Promise.resolve(
        all.find((one) => (one as { metadata: { name: string } }).metadata.name === ref.name),
      );
    },
  } as unknown as Pick<Client, 'find'>;
}

const user = (spec: object, uid = 'u'): object => ({ metadata: { name: 'jane', uid }, spec });
const account = (uid: string): object => ({ metadata: { name: 'bot', namespace: 'a', uid } });
const now = { ...jane, groups: ['troupe:users', 'new', 'system:authenticated'] };

it.each([
  [
    'in other groups',
    { ...jane, extra: session },
    server([user({ groups: ['new'] })]),
    { ...now, extra: session },
  ],
  ['with an API key', { ...jane, extra: { [API_KEY_EXTRA]: ['k'] } }, server([]), 'was deleted.'],
  ['deleted', { ...jane, extra: session }, server([]), 'was deleted.'],
  ['deleted, and another of the name', { ...jane, extra: session }, server([user({}, 'v')]), 'was deleted.'],
  ['disabled', { ...jane, extra: session }, server([user({ disabled: true })]), 'is disabled.'],
  ['of a provider', jane, server([]), jane],
  [
    'of a provider, named as one of ours',
    { ...jane, uid: 'p' },
    server([user({ groups: ['new'] })]),
    { ...jane, uid: 'p' },
  ],
  ['a ServiceAccount', bot, server([], [account('u')]), bot],
  ['a ServiceAccount that is gone', bot, server([]), 'was deleted.'],
  ['another ServiceAccount of the name', bot, server([], [account('v')]), 'was deleted.'],
  ['somebody who acts as a ServiceAccount', { name: bot.name }, server([]), { name: bot.name }],
])('the user of a Task: %s', async (_reason, noted, client, want) => {
  const found = await presentUser(client, noted);
  if (typeof want === 'string') expect(found).toContain(`"${noted.name}", who made the Task, ${want}`);
  else expect(found).toEqual(want);
});
