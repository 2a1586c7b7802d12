// Small frames of the real sky, as a camera would write them: for measurements that need many files.
import { writeFileSync } from 'node:fs';
import { drawField, seededRandom } from './sky.mjs';

const WIDTH = 400;
const FWHM = 2.2;
const BACKGROUND = 1000;
const NOISE = 8;
const BRIGHTEST = 30_000;
const FAINTEST = 150;

/** Writes a 16-bit FITS file of some place 4 to 12 degrees wide: 400 pixels by 250 to 400, without hints in its header. */
export async function writeFrame(path, seed) {
  const { sources } = await drawField(seed, 4, 12);
  const shrink = WIDTH / sources.width;
  const height = Math.round(sources.height * shrink);
  const random = seededRandom(seed + 1);
  const pixels = new Float64Array(WIDTH * height);
  for (let i = 0; i < pixels.length; i++) {
    // The sum of twelve uniform numbers is near enough to a normal one.
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += random();
    pixels[i] = BACKGROUND + NOISE * sum;
  }
  const top = sources.flux.reduce((a, b) => Math.max(a, b), 0);
  const spread = 2 * (FWHM / 2.3548) ** 2;
  for (let s = 0; s < sources.x.length; s++) {
    const x = (sources.x[s] + 0.5) * shrink - 0.5;
    const y = (sources.y[s] + 0.5) * shrink - 0.5;
    const peak = Math.max(FAINTEST, (BRIGHTEST * sources.flux[s]) / top);
    for (let v = Math.max(0, Math.ceil(y - 6)); v <= Math.min(height - 1, y + 6); v++) {
      for (let u = Math.max(0, Math.ceil(x - 6)); u <= Math.min(WIDTH - 1, x + 6); u++) {
        pixels[v * WIDTH + u] += peak * Math.exp(-((u - x) ** 2 + (v - y) ** 2) / spread);
      }
    }
  }
  const cards = ['SIMPLE  =                    T', 'BITPIX  =                   16', 'NAXIS   =                    2'];
  cards.push(`NAXIS1  = ${String(WIDTH).padStart(20)}`, `NAXIS2  = ${String(height).padStart(20)}`, 'END');
  const data = Buffer.alloc(Math.ceil((2 * pixels.length) / 2880) * 2880);
  for (let i = 0; i < pixels.length; i++) data.writeInt16BE(Math.min(32_767, Math.round(pixels[i])), 2 * i);
  const header = cards
    .map((card) => card.padEnd(80))
    .join('')
    .padEnd(2880);
  writeFileSync(path, Buffer.concat([Buffer.from(header, 'latin1'), data]));
}
