import { describe, expect, it } from 'vitest';
import { imageEnvironment, inheritedEnvironment, readRunnerConfig } from './config.ts';

const HASH = 'a'.repeat(64);

describe('runner configuration', () => {
  it('has defaults for the image', () => {
    expect(readRunnerConfig({ TROUPE_RUNNER_TOKEN_SHA256: HASH })).toEqual({
      host: '0.0.0.0',
      port: 8080,
      tokenHash: HASH,
      workspace: '/workspace',
      state: '/tmp/troupe',
    });
  });

  it('says how many runs share it', () => {
    const config = readRunnerConfig({ TROUPE_RUNNER_TOKEN_SHA256: HASH, TROUPE_RUNNER_CONVERSATIONS: '7' });
    expect(config.conversations).toBe(7);
  });

  it.each([
    { env: {}, says: 'TROUPE_RUNNER_TOKEN_SHA256' },
    { env: { TROUPE_RUNNER_TOKEN_SHA256: 'the token itself' }, says: 'TROUPE_RUNNER_TOKEN_SHA256' },
    { env: { TROUPE_RUNNER_TOKEN_SHA256: HASH, TROUPE_RUNNER_PORT: '70000' }, says: 'TROUPE_RUNNER_PORT' },
    { env: { TROUPE_RUNNER_TOKEN_SHA256: HASH, TROUPE_RUNNER_CONVERSATIONS: '0' }, says: 'above 0' },
  ])('refuses $env', ({ env, says }) => {
    expect(() => readRunnerConfig(env)).toThrow(says);
  });

  it('passes on what programs need and nothing else', () => {
    const env = { PATH: '/bin', https_proxy: 'p', TROUPE_RUNNER_TOKEN_SHA256: HASH, AWS_SECRET: 's' };
    expect(inheritedEnvironment(env)).toEqual({ PATH: '/bin', https_proxy: 'p' });
  });

  it('has the variables of an image apart from its own', () => {
    expect(imageEnvironment({})).toEqual({});
    const TROUPE_RUNNER_IMAGE_ENVIRONMENT = '{"JAVA_HOME":"/java"}';
    expect(imageEnvironment({ TROUPE_RUNNER_IMAGE_ENVIRONMENT })).toEqual({ JAVA_HOME: '/java' });
  });

  it('finds the variables of an image among its own where the engine does not tell them', () => {
    const env = { JAVA_HOME: '/java', HOME: '/home/agent', KUBERNETES_SERVICE_HOST: '10.96.0.1' };
    const marked = { ...env, TROUPE_RUNNER_TOKEN_SHA256: HASH, TROUPE_RUNNER_IMAGE_ENVIRONMENT: 'own' };
    expect(imageEnvironment(marked)).toEqual({ JAVA_HOME: '/java' });
  });

  it.each(['[1]', 'null', '{"A":1}', '"text"'])('refuses %s as the variables of an image', (text) => {
    const env = { TROUPE_RUNNER_IMAGE_ENVIRONMENT: text };
    expect(() => imageEnvironment(env)).toThrow(
      'TROUPE_RUNNER_IMAGE_ENVIRONMENT must be a JSON object of texts',
    );
  });
});
