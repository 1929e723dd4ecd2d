import { describe, expect, it } from 'vitest';
import { connectEngine, engineError } from './engine-connection.ts';

describe('connectEngine', () => {
  it.each([
    ['unix:///run/d.sock', '127.0.0.1', '127.0.0.1', 'a socket'],
    ['/run/d.sock', '127.0.0.1', '127.0.0.1', 'a path'],
    ['tcp://127.0.0.1:2375', '127.0.0.1', '127.0.0.1', 'this machine'],
    ['tcp://10.0.0.7:2376', '10.0.0.7', '0.0.0.0', 'another machine publishes where we can reach it'],
    ['tcp://[::1]:2375', '::1', '127.0.0.1', 'IPv6'],
  ])('%s', (address, host, publishHost, reason) => {
    expect(connectEngine(address), reason).toMatchObject({ address, host, publishHost });
  });

  it.each(['ssh://host', 'nonsense', 'tcp://'])('refuses %s', (address) => {
    expect(() => connectEngine(address)).toThrow(
      `DOCKER_HOST must be unix://PATH or tcp://HOST:PORT, not "${address}"`,
    );
  });
});

describe('engineError', () => {
  const answer = (statusCode: number, message: string) =>
    Object.assign(new Error(message), { statusCode, json: { message } });
  it.each([
    [answer(404, 'No such image: x'), 'NotFound', 'Docker engine: No such image: x', 'an answer'],
    [answer(409, 'name in use'), 'Conflict', 'Docker engine: name in use', 'a name that is taken'],
    [
      answer(500, 'driver failed: Bind for 127.0.0.1:1 failed: port is already allocated'),
      'Conflict',
      'Docker engine: driver failed: Bind for 127.0.0.1:1 failed: port is already allocated',
      'a port that is taken, of which the engine says 500',
    ],
    [answer(500, 'oops'), 'InternalError', 'Docker engine: oops', 'its own failure'],
    [
      Object.assign(new Error('connect'), { code: 'ENOENT' }),
      'ServiceUnavailable',
      'no Docker engine answers at unix:///x (ENOENT): start Docker, or name a running engine in DOCKER_HOST',
      'nothing there',
    ],
    [
      Object.assign(new Error('connect'), { code: 'EACCES' }),
      'ServiceUnavailable',
      'no permission for the Docker engine at unix:///x: run as root or as a member of the group docker',
      'not allowed',
    ],
  ])('%o', (error, reason, message, why) => {
    expect(engineError(error, 'unix:///x'), why).toMatchObject({ reason, message });
  });
});
