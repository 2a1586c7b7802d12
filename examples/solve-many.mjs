// node examples/solve-many.mjs IMAGE...: many pictures, several at once, in the order in which they are done; a broken
// one does not stop the others.
import { solveMany } from 'starfix';

const images = process.argv.slice(2);
for await (const { input, outcome, error } of solveMany(images, { concurrency: 2, timeoutMs: 20_000 })) {
  if (error) console.log(`${input}: ${error.code}. ${error.remedy}`);
  else if (outcome.status === 'solved') console.log(`${input}: solved, ${outcome.solution.matches.x.length} stars`);
  else console.log(`${input}: unsolved, ${outcome.message}`);
}
