import { StatusError } from '#api/machinery/status-error';
import type { SandboxShell } from '#api/types/generated/sandbox';
import { readSecretValue } from '../run/references.ts';
import type { Reader } from '../run/references.ts';

/** For the registry of an image; handed to the engine with a pull, and kept nowhere. */
export interface RegistryCredential {
  username: string;
  password: string;
  /** Host, with its port where the name of the image has one. */
  serveraddress: string;
}

/** The key of Secrets of type kubernetes.io/dockerconfigjson. */
const CONFIG_KEY = '.dockerconfigjson';
const DOCKER_HUB = 'index.docker.io';

/**
 * The credential for the image of a Shell in the Secrets that it names; undefined where none of them is for its registry.
 * @throws StatusError NotFound for a Secret that is missing, BadRequest for one that cannot be read
 */
export async function readRegistryCredential(
  client: Reader,
  { image = '', imagePullSecrets = [] }: Pick<SandboxShell, 'image' | 'imagePullSecrets'>,
): Promise<RegistryCredential | undefined> {
  for (const place of imagePullSecrets) {
    const shown = `Secret "${place.namespace}/${place.name}"`;
    const text = await readSecretValue(client, place, CONFIG_KEY);
    const found = credentialIn(text, image, shown);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The longest entry that fits, as `docker login` writes them (config.json, auths). */
function credentialIn(text: string, image: string, shown: string): RegistryCredential | undefined {
  const wanted = repositoryOf(image);
  const fitting = Object.entries(authsOf(text, shown))
    .map(([key, entry]) => ({ place: placeOf(key), entry }))
    .filter(({ place }) => wanted === place || wanted.startsWith(`${place}/`))
    .sort((a, b) => b.place.length - a.place.length);
  const [best] = fitting;
  return best && { ...loginOf(best.entry, shown), serveraddress: hostOf(best.place) };
}

function authsOf(text: string, shown: string): Record<string, unknown> {
  const wrong = new StatusError('BadRequest', `${shown}: ${CONFIG_KEY} is no JSON object with auths`);
  try {
    const { auths } = JSON.parse(text) as { auths?: unknown };
    if (typeof auths === 'object' && auths !== null) return auths as Record<string, unknown>;
  } catch {
    throw wrong; // the parser's own words would quote the Secret
  }
  throw wrong;
}

function loginOf(entry: unknown, shown: string): Pick<RegistryCredential, 'username' | 'password'> {
  const { username, password, auth } = (entry ?? {}) as Partial<Record<string, unknown>>;
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  const pair = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString('utf8') : '';
  const colon = pair.indexOf(':');
  if (colon > 0) return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
  throw new StatusError('BadRequest', `${shown}: ${CONFIG_KEY} has an entry without user and password`);
}

/** `https://index.docker.io/v1/` and its like: host and path. */
function placeOf(key: string): string {
  const place = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');
  return place === 'docker.io' || place === 'registry-1.docker.io' ? DOCKER_HUB : place;
}

/** The name of an image without tag and digest, with the host that it leaves out (distribution/reference). */
function repositoryOf(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (!hasHost) return `${DOCKER_HUB}/${rest.length === 0 ? `library/${name}` : name}`;
  return first === 'docker.io' ? `${DOCKER_HUB}/${rest.join('/')}` : name;
}

const hostOf = (place: string): string => place.split('/')[0] ?? '';
