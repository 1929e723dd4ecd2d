import { goBuilds } from './environment/go/go-builds.ts';
import { openCluster, startCluster, stopCluster } from './environment/kubernetes/cluster.ts';
import { whyNoCluster } from './environment/kubernetes/cluster-machine.ts';

/**
 * `node dev/cluster.ts up`, `load NUMBER ARCHIVE...`, `down NUMBER`: a real Kubernetes with one node on this machine, for
 * work on what runs in a cluster. Several may run at a time.
 */
const USAGE = 'node dev/cluster.ts up | load NUMBER ARCHIVE... | down NUMBER';
const [command, number, ...archives] = process.argv.slice(2);
try {
  if (command === 'up') await up();
  else if (command === 'down' && number !== undefined) await stopCluster(Number(number));
  else if (command === 'load' && number !== undefined)
    for (const archive of archives) await openCluster(Number(number)).load(archive);
  else throw new Error(USAGE);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function up(): Promise<void> {
  const reason = await whyNoCluster();
  if (reason !== undefined) throw new Error(reason);
  await using builds = await goBuilds();
  Object.assign(process.env, builds.variables);
  const cluster = await startCluster();
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
  console.log(
    `# cluster ${cluster.number}: node ${cluster.nodeAddress}, this machine is ${cluster.machineAddress} in Pods`,
  );
  console.log(`# logs in ${cluster.folder}/log; node dev/cluster.ts down ${cluster.number} ends it`);
}
