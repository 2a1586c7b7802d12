import { SolveError } from '../errors.ts';
import { CARD_BYTES, cardText, isEnd } from './header.ts';
import type { Header } from './header.ts';

/** What the mandatory cards of a header say about the bytes that follow it. */
export interface Structure {
  /** `image` (primary array or IMAGE), `table` (BINTABLE), `other` (ASCII tables, foreign extensions). */
  readonly kind: 'image' | 'table' | 'other';
  /** `SIMPLE` for a primary HDU, else the value of XTENSION. */
  readonly type: string;
  readonly bitpix: 8 | 16 | 32 | 64 | -32 | -64;
  /** NAXIS1, NAXIS2, ...: the first runs fastest. */
  readonly axes: readonly number[];
  /** Bytes of the main array. */
  readonly arrayBytes: number;
  /** Bytes of the whole data unit: main array, heap, groups; without filling up to a block. Unchecked: may be Infinity. */
  readonly dataBytes: number;
}

/** The class of `fits-reader` that reads structures. */
type StructureReader = typeof import('fits-reader/dist/fits-structure.js').FitsStructure;

let loading: Promise<StructureReader> | undefined;

/** Loads the structure reader at first use: it costs some milliseconds that only a FITS image should pay. */
export function loadStructureReader(): Promise<StructureReader> {
  loading ??= import('fits-reader/dist/fits-structure.js').then((module) => module.FitsStructure);
  return loading;
}

/**
 * Reads the structure of one HDU with `fits-reader`, which gets whole header blocks, END included, without the cards
 * it fails on, and whose answer is held against our own reading card by card: see docs/decisions/fits-reader.md.
 *
 * @param where what to call the HDU in messages: `m31.fits: HDU 0`
 * @param blocks exactly the header blocks of the HDU
 * @param header the same, parsed
 * @throws {SolveError} `FITS_HEADER` if a mandatory card is missing, doubled or impossible
 */
export function readStructure(where: string, Reader: StructureReader, blocks: Uint8Array, header: Header): Structure {
  const type = typeOf(where, header);
  const bitpix = integer(where, header, 'BITPIX');
  if (bitpix !== 8 && bitpix !== 16 && bitpix !== 32 && bitpix !== 64 && bitpix !== -32 && bitpix !== -64) {
    throw new SolveError('FITS_HEADER', `${where}: BITPIX is ${bitpix}, not one of 8, 16, 32, 64, -32, -64`);
  }
  const naxis = integer(where, header, 'NAXIS', 999);
  const axes: number[] = [];
  for (let i = 1; i <= naxis; i++) axes.push(integer(where, header, `NAXIS${i}`, Number.MAX_SAFE_INTEGER));

  const reader = new Reader(Buffer.from(readableBlocks(blocks).buffer));
  const seen = reader.getHeaderMap();
  agree(where, seen, 'BITPIX', bitpix);
  agree(where, seen, 'NAXIS', naxis);
  axes.forEach((length, i) => agree(where, seen, `NAXIS${i + 1}`, length));
  if (reader.getNumHeaderBlocks() * Reader.BLOCK_SIZE !== blocks.length) {
    throw new SolveError('FITS_HEADER', `${where}: the END card does not stand in the last header block`);
  }

  const groups = header.get('GROUPS') === true && axes[0] === 0;
  const pcount = header.get('PCOUNT') === undefined ? 0 : integer(where, header, 'PCOUNT', Number.MAX_SAFE_INTEGER);
  const gcount = header.get('GCOUNT') === undefined ? 1 : integer(where, header, 'GCOUNT', Number.MAX_SAFE_INTEGER);
  // Random groups (section 6) mark themselves by NAXIS1 = 0, which does not count.
  const elements = groups ? axes.slice(1).reduce((product, length) => product * length, 1) : undefined;
  const elementBytes = Math.abs(bitpix) / 8;
  const arrayBytes = elements === undefined ? reader.getDataSize() : elements * elementBytes;
  const extended = type !== 'SIMPLE' || groups;
  const dataBytes = extended && naxis > 0 ? gcount * (arrayBytes + pcount * elementBytes) : arrayBytes;
  // Axes of 10^12 pixels overflow to no number at all: whoever compares with the file must see that it is too much.
  const needed = Number.isNaN(dataBytes) ? Infinity : dataBytes;
  return { kind: kindOf(type, groups), type, bitpix, axes, arrayBytes, dataBytes: needed };
}

function typeOf(where: string, header: Header): string {
  const first = header.cards[0];
  if (first?.keyword === 'SIMPLE') {
    if (typeof first.value !== 'boolean') {
      throw new SolveError('FITS_HEADER', `${where}: SIMPLE is ${String(first.value)}, neither T nor F`);
    }
    return 'SIMPLE';
  }
  if (first?.keyword !== 'XTENSION' || typeof first.value !== 'string') {
    throw new SolveError('FITS_HEADER', `${where}: the first card is neither SIMPLE nor XTENSION`);
  }
  return first.value.trim().toUpperCase();
}

function kindOf(type: string, groups: boolean): Structure['kind'] {
  if (groups) return 'other';
  if (type === 'SIMPLE' || type === 'IMAGE' || type === 'IUEIMAGE') return 'image';
  return type === 'BINTABLE' || type === 'A3DTABLE' ? 'table' : 'other';
}

/** The value of a mandatory card: an integer, from 0 to `max` if that is given. */
function integer(where: string, header: Header, keyword: string, max?: number): number {
  const card = header.card(keyword);
  if (card === undefined) throw new SolveError('FITS_HEADER', `${where}: the card ${keyword} is missing`);
  const { value } = card;
  const legal = typeof value === 'number' && Number.isInteger(value);
  if (!legal || (max !== undefined && (value < 0 || value > max))) {
    throw new SolveError('FITS_HEADER', `${where}: ${keyword} is ${value === undefined ? 'empty' : String(value)}`);
  }
  return value;
}

/** `fits-reader` keeps the last card of a name, we the first: where both say the same nothing is ambiguous. */
function agree(where: string, seen: ReadonlyMap<string, string>, keyword: string, ours: number): void {
  const theirs = seen.get(keyword);
  if (theirs === String(ours)) return;
  throw new SolveError('FITS_HEADER', `${where}: ${keyword} is ${ours} and ${theirs ?? 'nothing'} at once`);
}

/**
 * The header blocks without what `fits-reader` trips over: a copy in which cards with bytes that are not ASCII (it
 * throws), CONTINUE (it prints a warning), keywords that only begin with END (it stops there) and whatever stands
 * behind END (it reads on) are blank.
 */
function readableBlocks(blocks: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(blocks);
  for (let at = 0; at < copy.length; at += CARD_BYTES) {
    const text = cardText(copy, at);
    if (isEnd(text)) {
      copy.fill(0x20, at + CARD_BYTES);
      break;
    }
    const unfit = text.startsWith('END') || text.startsWith('CONTINUE') || /[^ -~]/.test(text);
    if (unfit) copy.fill(0x20, at, at + CARD_BYTES);
  }
  return copy;
}
