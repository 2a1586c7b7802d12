// node examples/solve-many.mjs IMAGE...: one solver for many pictures; a broken one does not stop the others.
import { createEmbeddedSolver, SolveError } from 'starfix';

const solver = createEmbeddedSolver({ tweakOrder: 2 });
for (const image of process.argv.slice(2)) {
  try {
    const outcome = await solver.solve(image, {}, { timeoutMs: 20_000 });
    const found = outcome.status === 'solved' ? outcome.solution.matches.x.length : 0;
    console.log(`${image}: ${outcome.status}, ${found} stars`);
  } catch (error) {
    if (!(error instanceof SolveError)) throw error;
    console.log(`${image}: ${error.code}. ${error.remedy}`);
  }
}
