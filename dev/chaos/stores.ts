import path from 'node:path';
import type { DatabaseFlavour } from '../environment/databases/database-program.ts';
import { databaseServer } from '../environment/databases/database-server.ts';
import { privateRedis } from '../environment/redis.ts';
import type { Restartable } from '../environment/restartable-process.ts';
import type { Member } from './member.ts';

export const CHAOS_DATABASES = ['mariadb', 'mysql', 'sqlite'] as const;
export type ChaosDatabase = (typeof CHAOS_DATABASES)[number];

/** Where the API keeps all. */
export interface Store extends AsyncDisposable {
  /** The servers of it, which can be killed. */
  members: readonly Member[];
  /** How the API finds them. */
  env: Record<string, string>;
  /** Of the API. */
  replicas: number;
}

/** A database server and a Redis for two replicas; or a file in `folder`, which one API has alone, and nobody kills. */
export async function openStore(database: ChaosDatabase, folder: string): Promise<Store> {
  return database === 'sqlite' ? fileStore(folder) : await serverStore(database);
}

function fileStore(folder: string): Store {
  return {
    ...{ members: [], replicas: 1 },
    env: { TROUPE_DATABASE_URL: `sqlite:${path.join(folder, 'troupe.db')}` },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function serverStore(flavour: DatabaseFlavour): Promise<Store> {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await databaseServer({ flavour }));
  const redis = stack.use(await privateRedis());
  const owned = stack.move();
  return {
    members: [serverMember('database', store), serverMember('redis', redis)],
    env: { TROUPE_DATABASE_URL: store.url, TROUPE_REDIS_URL: redis.url },
    replicas: 2,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function serverMember(name: string, server: Restartable & AsyncDisposable): Member {
  return {
    name,
    unexpectedEnds: [],
    kill: () => server.kill(),
    start: () => server.start(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
