import { SolveError } from '../errors.ts';
import { type Hdu, readHdus } from '../fits/hdu.ts';
import { BLOCK_BYTES } from '../fits/header.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { AstrometryCodes, type CodeRules } from './astrometry-codes.ts';
import { AstrometryStars, type StarTables } from './astrometry-stars.ts';
import { readMagnitudes, readRanks } from './astrometry-tags.ts';
import {
  allBelow,
  type ByteBlock,
  type KdHeader,
  type KdTreePlan,
  mustSwap,
  planKdTree,
  readKdTree,
  readWords,
} from './kd-tree-file.ts';
import type { IndexBand, OpenBand, SkyIndex } from './sky-index.ts';

/** The largest index files, of narrow quads, have a few tens of millions. */
const MOST_QUADS = 2 ** 29;

/**
 * Opens an index file of Astrometry.net: one band of quads of three or four stars, and the stars. Reads the headers; the
 * quads and the stars are read when the band or the stars are opened. The source must stay open as long as the index is used.
 *
 * The tables are those the files explain in their own FITS comments. Trees with splitting planes or bounding boxes, of
 * integers or of floating point numbers, with or without a permutation, of either byte order are all read.
 *
 * @throws {SolveError} `INDEX_CORRUPT` if the file is no index file, is cut short, lacks a table or contradicts itself;
 *   `INDEX_UNSUPPORTED` if its quads have another number of stars
 */
export async function openAstrometryIndex(source: ByteSource): Promise<SkyIndex> {
  const file = await readTables(source);
  const { primary } = file;
  const size = primary.header.getNumber('DIMQUADS') ?? 4;
  const quads = primary.header.getNumber('NQUADS');
  const quadLow = primary.header.getNumber('SCALE_L');
  const quadHigh = primary.header.getNumber('SCALE_U');
  if (quads === undefined || quadLow === undefined || quadHigh === undefined) {
    fail(source, 'not an Astrometry.net index: NQUADS, SCALE_L or SCALE_U is missing');
  }
  if (size !== 3 && size !== 4) {
    throw new SolveError('INDEX_UNSUPPORTED', `${source.name}: quads of ${size} stars (DIMQUADS)`);
  }
  if (!(Number.isInteger(quads) && quads > 0 && quads < MOST_QUADS)) fail(source, `${quads} quads (NQUADS)`);
  if (!(quadLow > 0 && quadHigh > quadLow && quadHigh <= Math.PI)) {
    fail(source, `quads of ${quadLow} to ${quadHigh} radians (SCALE_L, SCALE_U)`);
  }

  const codes = planTree(file, 'codes');
  const starTree = planTree(file, 'stars');
  const wanted = primary.header.getNumber('NSTARS') ?? starTree.header.points;
  if (codes.header.points !== quads) fail(source, `${quads} quads and ${codes.header.points} codes`);
  if (codes.header.dimensions !== 2 * (size - 2))
    fail(source, `${size} stars a quad, ${codes.header.dimensions} numbers a code`);
  if (starTree.header.points !== wanted)
    fail(source, `${wanted} stars (NSTARS), ${starTree.header.points} in their tree`);
  if (starTree.header.dimensions !== 3) fail(source, `${starTree.header.dimensions} numbers a star`);
  const quadTable = file.table('quads') ?? fail(source, 'no table quads');
  if (quadTable.length !== 4 * size * quads) {
    fail(source, `table quads has ${quadTable.length} bytes, ${4 * size * quads} are needed`);
  }

  const stars = new AstrometryStars(async (): Promise<StarTables> => {
    const tree = await readKdTree(starTree);
    const magnitude = await readMagnitudes(source, file.hdus, wanted);
    const rank = magnitude ? undefined : await readRanks(source, file.hdus, wanted);
    return { tree, magnitude, rank };
  });
  const codeHeader = file.named('kdtree_header_codes')!.header;
  const rules: CodeRules = {
    ordered: codeHeader.get('CXDX') === true,
    nearA: codeHeader.get('CXDXLT1') === true,
    circle: codeHeader.get('CIRCLE') === true,
  };
  const name = source.name.replace(/^.*[/\\]/, '');
  const read = async (): Promise<OpenBand> => {
    await stars.load();
    const numbers = await readWords(source, quadTable, file.swap);
    if (!allBelow(numbers, wanted)) fail(source, 'a quad has a star beyond the last');
    return new AstrometryCodes(name, await readKdTree(codes), rules, numbers, size, stars);
  };
  let opened: Promise<OpenBand> | undefined;
  const band: IndexBand = {
    name,
    quadLow,
    quadHigh,
    quads,
    stars: size,
    open: () =>
      (opened ??= read().catch((fault: unknown) => {
        opened = undefined;
        throw fault;
      })),
  };
  return { name, bands: [band], stars };
}

/** The HDUs of an index file. */
interface IndexFile {
  readonly source: ByteSource;
  readonly hdus: readonly Hdu[];
  readonly primary: Hdu;
  /** Whether its tables were written on a machine of the other byte order. */
  readonly swap: boolean;
  /** The table whose first column has this name. */
  named(table: string): Hdu | undefined;
  /** The same, as bytes. */
  table(name: string): ByteBlock | undefined;
}

async function readTables(source: ByteSource): Promise<IndexFile> {
  let hdus: readonly Hdu[];
  try {
    hdus = await readHdus(source);
  } catch (error) {
    if (!(error instanceof SolveError) || !/^FITS_|^FORMAT_UNKNOWN$|^FILE_EMPTY$/.test(error.code)) throw error;
    throw new SolveError('INDEX_CORRUPT', error.message, { cause: error });
  }
  const primary = hdus[0] ?? fail(source, 'no HDU');
  const byName = new Map<string, Hdu>();
  for (const hdu of hdus) {
    const name = hdu.header.getString('TTYPE1')?.trim();
    if (name !== undefined && !byName.has(name)) byName.set(name, hdu);
    if (hdu.dataOffset + hdu.dataBytes > source.size) {
      fail(source, `table ${name}: ends at byte ${hdu.dataOffset + hdu.dataBytes}, the file has ${source.size}`);
    }
  }
  // Readers of images pass over a damaged header behind whole HDUs. Here it would be a table lost.
  const end = Math.ceil((hdus.at(-1)!.dataOffset + hdus.at(-1)!.dataBytes) / BLOCK_BYTES) * BLOCK_BYTES;
  const rest = String.fromCharCode(...(await source.read(end, 8)));
  if (rest === 'XTENSION') fail(source, `the header at byte ${end} is cut or damaged`);
  const endian = primary.header.getString('ENDIAN') ?? byName.get('kdtree_header_codes')?.header.getString('ENDIAN');
  const swap = mustSwap(endian?.trim()) ?? fail(source, `byte order unknown, ENDIAN is ${endian ?? 'missing'}`);
  return {
    source,
    hdus,
    primary,
    swap,
    named: (table) => byName.get(table),
    table(name) {
      const hdu = byName.get(name);
      return hdu && { offset: hdu.dataOffset, length: hdu.dataBytes };
    },
  };
}

function planTree(file: IndexFile, name: string): KdTreePlan {
  const { header } = file.named(`kdtree_header_${name}`) ?? fail(file.source, `no table kdtree_header_${name}`);
  const asked: KdHeader = {
    points: header.getNumber('KDT_NDAT') ?? NaN,
    dimensions: header.getNumber('KDT_NDIM') ?? NaN,
    nodes: header.getNumber('KDT_NNOD') ?? NaN,
    treeType: header.getString('KDT_INT')?.trim() ?? 'unknown',
    dataType: header.getString('KDT_DATA')?.trim() ?? 'unknown',
    evenLeaves: header.get('KDT_LINL') === true,
  };
  return planKdTree(file.source, name, asked, file.swap, file.table);
}

function fail(source: ByteSource, fact: string): never {
  throw new SolveError('INDEX_CORRUPT', `${source.name}: ${fact}`);
}
