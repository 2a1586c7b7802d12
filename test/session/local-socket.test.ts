import { link } from 'node:fs/promises';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type LocalServer, connectLocal, listenAlone, localAddress } from '../../src/session/local-socket.ts';
import { testFolder } from './folder.ts';

/** Leaves a socket at the address as a process does that is killed. */
async function abandon(address: string): Promise<void> {
  const server = createServer();
  const own = `${address}.dead`;
  await new Promise<void>((resolve) => server.listen(own, resolve));
  await link(own, address);
  await new Promise((resolve) => server.close(resolve));
}

test('of many who want an abandoned address exactly one gets it, each time', async () => {
  const folder = testFolder();
  const address = await localAddress(folder, 'one');
  for (let round = 0; round < 30; round++) {
    await abandon(address);
    const tries = await Promise.all(Array.from({ length: 12 }, () => listenAlone(address, (socket) => socket.end())));
    const winners = tries.filter((one) => one !== undefined);
    expect(winners).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['one']);
    const socket = await connectLocal(address);
    expect(socket).toBeDefined();
    socket!.destroy();
    await winners[0]!.close();
    expect(readdirSync(folder)).toEqual([]);
  }
});

test('who is connected learns that the other one closes', async () => {
  const address = await localAddress(testFolder(), 'one');
  const server = (await listenAlone(address, (socket) => socket.write('hello'))) as LocalServer;
  const socket = (await connectLocal(address))!;
  let said = '';
  socket.on('data', (piece) => (said += piece.toString()));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await expect.poll(() => said).toBe('hello');
  await server.close();
  await closed;
  expect(await connectLocal(address)).toBeUndefined();
});

test('a file that is no socket is replaced, and a path that is too long for one is not used', async () => {
  const folder = testFolder();
  const address = await localAddress(folder, 'one');
  writeFileSync(address, 'not a socket');
  const server = await listenAlone(address, (socket) => socket.end());
  expect(server).toBeDefined();
  onTestFinished(() => server!.close());

  const deep = join(testFolder(), 'x'.repeat(100));
  const short = await localAddress(deep, 'one');
  expect(short.length).toBeLessThanOrEqual(90);
  expect(await localAddress(deep, 'one')).toBe(short);
  expect(await localAddress(deep, 'two')).not.toBe(short);
  const other = await listenAlone(short, (socket) => socket.end());
  await other!.close();
});
