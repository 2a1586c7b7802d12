import { basename, join } from 'node:path';
import { SolveError } from '../errors.ts';
import { createPace } from '../pace.ts';
import { type QuadScale, PRESETS, type StarList, presetScale } from '../skyindex/index-quads.ts';
import type { OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { shownBytes } from './index-options.ts';
import { readNumber } from './option-value.ts';
import type { Terminal } from './terminal.ts';

/** Scales for fields of 0.1 to 0.6 degrees. */
const DEFAULT_PRESETS = '0,2,4';
/** Degrees a cell is wide at nside 1. */
const FACE_ARCMIN = 58.6 * 60;

interface NamedScale {
  /** In the name of the file. */
  readonly name: string;
  readonly scale: QuadScale;
  /** `INDEXID`. */
  readonly id: number;
}

/** `solve index build STARS`. */
export async function buildIndexes(
  operands: readonly string[],
  values: OptionValues,
  terminal: Terminal,
): Promise<number> {
  const [input, ...more] = operands;
  if (input === undefined || more.length > 0) {
    throw new SolveError('BAD_OPTION', 'index build takes one list of stars: CSV or FITS with columns ra, dec, mag');
  }
  const scales = readScales(values);
  const nside = readTiles(values);
  const { 'out-dir': outDir } = Object.fromEntries(values);
  const folder = typeof outDir === 'string' ? outDir : '.';
  const [{ openFile }, { readStarList }, { buildIndex }, { writeFileAtomic }, { makeFolder }] = await Promise.all([
    import('../io/file-source.ts'),
    import('../skyindex/star-list.ts'),
    import('../skyindex/index-writer.ts'),
    import('../io/atomic-write.ts'),
    import('./products.ts'),
  ]);
  terminal.progress(`reading ${input}`);
  const source = await openFile(input);
  let stars: StarList;
  try {
    stars = await readStarList(source);
  } finally {
    await source.close();
  }
  await makeFolder(folder);
  const stem = basename(input).replace(/(\.[^.]*)?$/, '');
  const tiles =
    nside === undefined ? [undefined] : Array.from({ length: 12 * nside ** 2 }, (_, number) => ({ nside, number }));
  let made = 0;
  for (const { name, scale, id } of scales) {
    for (const tile of tiles) {
      const suffix = tile === undefined ? '' : `-${String(tile.number).padStart(2, '0')}`;
      const path = join(folder, `index-${stem}-${name}${suffix}.fits`);
      terminal.progress(`${path}: ${stars.magnitude.length} stars`);
      const built = await buildIndex(
        stars,
        { scale, id, ...(tile === undefined ? {} : { tile }) },
        createPace(terminal.signal),
      );
      if (built === undefined) continue;
      await writeFileAtomic(path, inTurn(built.pieces), { overwrite: values.has('overwrite') });
      made++;
      const bytes = built.pieces.reduce((sum, piece) => sum + piece.length, 0);
      terminal.out(
        values.has('json')
          ? `${JSON.stringify({ path, stars: built.stars, quads: built.quads, bytes })}\n`
          : `${escapeControls(path)}: ${built.stars} stars, ${built.quads} quads, ${shownBytes(bytes)}\n`,
      );
    }
  }
  terminal.progress('');
  if (made > 0) return 0;
  throw new SolveError(
    'BAD_OPTION',
    `${input}: its ${stars.magnitude.length} stars make no quad of these sizes: try larger ones`,
  );
}

async function* inTurn(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

function readScales(values: OptionValues): NamedScale[] {
  const { preset, scale } = Object.fromEntries(values);
  if (typeof scale === 'string') {
    if (preset !== undefined) throw new SolveError('BAD_OPTION', 'give --preset or --scale, not both');
    const [low, high] = scale.split('-');
    const rule = { low: 0.1, high: 2000 };
    const lowArcmin = readNumber('--scale', low ?? '', rule);
    const highArcmin = readNumber('--scale', high ?? '', rule);
    if (lowArcmin >= highArcmin) throw new SolveError('BAD_OPTION', `--scale ${scale}: LOW must be below HIGH`);
    const nside = Math.max(1, Math.round(FACE_ARCMIN / lowArcmin));
    return [{ name: `${lowArcmin}-${highArcmin}`, scale: { lowArcmin, highArcmin, nside }, id: 9100 }];
  }
  const list = typeof preset === 'string' ? preset : DEFAULT_PRESETS;
  return list.split(',').map((word) => {
    const number = readNumber('--preset', word.trim(), { low: 0, high: PRESETS - 1, integer: true });
    return { name: String(number).padStart(2, '0'), scale: presetScale(number), id: 9000 + number };
  });
}

function readTiles(values: OptionValues): number | undefined {
  const text = values.get('tiles');
  if (typeof text !== 'string') return undefined;
  const nside = readNumber('--tiles', text, { low: 1, high: 8, integer: true });
  if (nside === 1 || nside === 2 || nside === 4 || nside === 8) return nside;
  throw new SolveError('BAD_OPTION', `--tiles takes 1, 2, 4 or 8, not '${text}'`);
}
