import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProgram } from '../program.ts';
import { CNI_FOLDER, installNodePrograms } from './cluster-machine.ts';
import { linkPrograms } from './cluster-programs.ts';
import { writeImageArchive } from './image-archive.ts';

const SCRIPT = path.join(import.meta.dirname, 'node.sh');
/** The numbers that a cluster may have are parts of its addresses. */
const NUMBERS = 254;
/** A node that fails says why in the last lines of its logs. */
const SHOWN_OF_LOG = 1500;

/** A Kubernetes with one node that runs: kube-apiserver, etcd, controllers, scheduler, kubelet, proxy, DNS, policies. */
export interface Cluster {
  readonly number: number;
  /** The path of a kubeconfig of an administrator. */
  readonly kubeconfig: string;
  /** Of the node, and where kube-apiserver listens (port 6443). This machine reaches Pods and Services too. */
  readonly nodeAddress: string;
  /** Of this machine, as Pods reach it; its name there is host.internal. */
  readonly machineAddress: string;
  /** Its files: `log/<component>.log`, `pki/`. */
  readonly folder: string;
  /** Puts the images of an archive, as `docker save` writes it, onto the node. */
  load(archive: string): Promise<void>;
}

/**
 * Starts a cluster, with the lowest number that is free, which outlives this process; stopCluster ends it. The programs are
 * built first where they are not there yet (minutes). Throws, with the ends of the logs, when the node does not get ready.
 */
export async function startCluster(): Promise<Cluster> {
  await installNodePrograms();
  const number = await freeNumber();
  const { folder } = cluster(number);
  try {
    const bin = path.join(folder, 'bin');
    await mkdir(bin);
    await linkPrograms(bin);
    await runScript(number, ['up'], { IMAGES: await pauseImage(folder) });
  } catch (error) {
    const logs = await endsOfLogs(path.join(folder, 'log'));
    await stopCluster(number);
    throw new Error(`the cluster did not start: ${String(error)}\n${logs}`, { cause: error });
  }
  return cluster(number);
}

/** Ends a cluster: its processes, mounts, links and files. One that is not there is no error. */
export async function stopCluster(number: number): Promise<void> {
  await runScript(number, ['down']);
}

/** A cluster that was started, by its number. Throws when no such cluster runs. */
export function openCluster(number: number): Cluster {
  const opened = cluster(number);
  if (!existsSync(path.join(opened.folder, 'ready'))) throw new Error(`no cluster ${number} runs`);
  return opened;
}

function cluster(number: number): Cluster {
  const folder = path.join(clustersFolder(), `troupe-cluster-${number}`);
  return {
    number,
    folder,
    kubeconfig: path.join(folder, 'pki/admin.kubeconfig'),
    nodeAddress: `10.99.${number}.2`,
    machineAddress: `10.99.${number}.1`,
    async load(archive) {
      await runScript(number, ['load', path.resolve(archive)]);
    },
  };
}

/** Numbers are the machine's, so their folders are not in the temporary folder that a run of the tests has for itself. */
const clustersFolder = (): string => (existsSync('/tmp') ? '/tmp' : tmpdir());

/** Whoever makes the folder has the number. One whose process is gone was left by a run that was killed. */
async function freeNumber(): Promise<number> {
  for (let number = 1; number <= NUMBERS; number += 1) {
    const { folder } = cluster(number);
    if (await isLeftover(folder)) await stopCluster(number);
    const taken = await mkdir(folder).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'EEXIST' || Promise.reject(error),
    );
    if (!taken) return number;
  }
  throw new Error('no number is free for another cluster: `node dev/cluster.ts down NUMBER` ends one');
}

async function isLeftover(folder: string): Promise<boolean> {
  const pid = await readFile(path.join(folder, 'pid'), 'utf8').catch(() => undefined);
  return pid !== undefined && !existsSync(`/proc/${pid.trim()}`);
}

async function pauseImage(folder: string): Promise<string> {
  const files = path.join(folder, 'pause');
  await mkdir(files);
  await copyFile(path.join(folder, 'bin/pause'), path.join(files, 'pause'));
  const archive = path.join(folder, 'pause.tar');
  await writeImageArchive(archive, { name: 'localhost/pause:1', folder: files, command: ['/pause'] });
  await rm(files, { recursive: true });
  return archive;
}

async function runScript(number: number, args: string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { folder } = cluster(number);
  const variables = {
    NUMBER: String(number),
    FOLDER: folder,
    BIN: path.join(folder, 'bin'),
    CNI: CNI_FOLDER,
  };
  await runProgram('bash', [SCRIPT, ...args], { env: { ...process.env, ...variables, ...env } });
}

async function endsOfLogs(folder: string): Promise<string> {
  const files = await readdir(folder).catch((): string[] => []);
  const ends = files.map(async (file) => {
    const text = await readFile(path.join(folder, file), 'utf8');
    return `--- ${file}\n${text.slice(-SHOWN_OF_LOG)}`;
  });
  return (await Promise.all(ends)).join('\n');
}
