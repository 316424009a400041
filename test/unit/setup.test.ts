import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';

describe('what every test runs in', () => {
  it('a temporary home, and nothing else of the developer', () => {
    expect(process.env.MILLRACE_HOME?.startsWith(tmpdir())).toBe(true);
    expect(existsSync(process.env.MILLRACE_HOME ?? '')).toBe(true);
    expect(Object.keys(process.env).filter((name) => /^MILLRACE_(?!HOME$|TEST_)/.test(name))).toEqual([]);
  });

  it('no network', async () => {
    const refused = 'a test tried to reach example.com';
    expect(() => connect({ host: 'example.com', port: 80 })).toThrow(refused);
    expect(() => connect(80, 'example.com')).toThrow(refused);
    expect(() => new Socket().connect(80, 'example.com')).toThrow(refused);
    const error = await fetch('http://example.com').catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ cause: { message: expect.stringContaining(refused) } });
  });

  it('but the loopback', async () => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('hello');
    await new Promise((resolve) => server.close(resolve));
  });
});
