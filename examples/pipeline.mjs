// node examples/pipeline.mjs JOURNAL IMAGE...: pictures with a journal. Called again, it gives the answers that it has and
// solves the rest. The first Ctrl-C finishes what has begun.
import { Pipeline } from 'starfix';

const [journal, ...images] = process.argv.slice(2);
const pipeline = await Pipeline.open({ journal, concurrency: 2, handleInterrupts: true });
try {
  for (const image of images) await pipeline.add(image);
  for await (const { task, outcome, error, known } of pipeline.run()) {
    console.log(`${task.name}: ${outcome?.status ?? error.code}${known ? ', known' : ''}`);
  }
} finally {
  await pipeline[Symbol.asyncDispose]();
}
