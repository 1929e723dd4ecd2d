import { environment } from '#dev/environment/environment';

/** Vitest's global set-up of the project that has a real Kubernetes beside the engines. Its cluster starts when a file asks for it. */
export default async function clusterSetUp(): Promise<() => Promise<void>> {
  const provided = await environment(['git', 'kubectl', 'mariadb', 'docker', 'image', 'go', 'cluster']);
  Object.assign(process.env, provided.variables);
  return async () => {
    await provided[Symbol.asyncDispose]();
  };
}
