// A process that works with a journal, and says on standard output what it was told is on the disk.
//   append PATH COUNT FIRST      records forever, COUNT at a time, from image FIRST on
//   hold PATH                    opens it and waits
//   open PATH                    opens it, closes it
//   weigh PATH                   says how much memory it takes (run with --expose-gc)
//   fill PATH                    records until one fails, then says how
import { writeSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { openJournal } from '../../dist/pipeline/journal.js';

const [task, path, count, first] = process.argv.slice(2);
const say = (text) => writeSync(1, `${text}\n`);
const identity = (n) => createHash('sha256').update(`image ${n}`).digest('hex').slice(0, 32);

globalThis.gc?.();
const weight = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
const before = weight();
let journal;
try {
  journal = await openJournal(path);
} catch (error) {
  say(`${error.code} ${error.message}`);
  process.exit(1);
}
say('open');
if (task === 'append') {
  let next = Number(first);
  await journal.begin({ command: 'append', arguments: [], cwd: process.cwd() });
  const chain = async () => {
    for (;;) {
      const n = next++;
      const place = { path: `/f${n}`, absolutePath: `/f${n}`, size: n, mtimeNs: 1n, sha256: 'ab'.repeat(32) };
      await journal.record(identity(n), { state: 'queued', place });
      say(`queued ${n}`);
      await journal.record(identity(n), { state: 'running', attempt: 1 });
      say(`running ${n}`);
      await journal.record(identity(n), { state: 'solved', result: { n, text: 'x'.repeat(n % 5000) } });
      say(`solved ${n}`);
    }
  };
  await Promise.all(Array.from({ length: Number(count) }, chain));
} else if (task === 'fill') {
  for (let n = 0; ; n++) {
    try {
      await journal.record(identity(n), { state: 'solved', result: 'x'.repeat(1000) });
      say(`solved ${n}`);
    } catch (error) {
      say(`${error.code} ${error.message}`);
      break;
    }
  }
  await journal.close();
} else if (task === 'weigh') {
  // Twice: what the first finds is given back by the second.
  globalThis.gc();
  globalThis.gc();
  say(String(weight() - before));
  await journal.close();
} else if (task === 'hold') {
  setInterval(() => {}, 1000);
} else {
  await journal.close();
}
