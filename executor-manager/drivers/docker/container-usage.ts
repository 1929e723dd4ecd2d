import type Docker from 'dockerode';
import type { RuntimeUsage } from '../driver.ts';

/** The part of the answer of `GET /containers/ID/stats` that counts here. */
interface ContainerStats {
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: { usage?: number; stats?: { inactive_file?: number; total_inactive_file?: number } };
}

const NANOSECONDS = 1e9;

/** The use of a container by its cgroup; the engine takes one sample, and waits for no second one. */
export async function containerUsage(container: Docker.Container, id: string): Promise<RuntimeUsage> {
  const stats = (await container.stats({ stream: false, 'one-shot': true })) as ContainerStats;
  const { cpu_stats: cpu, memory_stats: memory } = stats;
  const { inactive_file: inactive = memory?.stats?.total_inactive_file ?? 0 } = memory?.stats ?? {};
  return {
    id,
    cpuSeconds: (cpu?.cpu_usage?.total_usage ?? 0) / NANOSECONDS,
    // As `docker stats` has it: files that nobody has read lately are not needed.
    memoryBytes: Math.max(0, (memory?.usage ?? 0) - inactive),
  };
}
