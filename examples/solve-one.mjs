// node examples/solve-one.mjs IMAGE: where one picture points, from a program.
import { solve } from 'starfix';

const [image] = process.argv.slice(2);
const outcome = await solve(image, { timeoutMs: 20_000 });
if (outcome.status === 'solved') {
  const { ra, dec, pixelScale, fieldWidth } = outcome.solution.calibration;
  console.log(
    `${ra.toFixed(3)} ${dec.toFixed(3)}, ${pixelScale.toFixed(2)} arcsec/pixel, ${fieldWidth.toFixed(2)} degrees wide`,
  );
} else {
  console.log(outcome.message);
}
