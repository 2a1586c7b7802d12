import { CARD_BYTES, cardText, formatCard, isEnd, parseCard } from './header.ts';

// The checksums of FITS: standard 4.0, section 4.4.2.7 and appendix J.

/** Adds bytes up, piece after piece, as big-endian 32-bit words with the carry brought round. */
export class OnesSum {
  #sum = 0;
  /** How many bytes came so far, modulo 4. */
  #phase = 0;

  add(bytes: Uint8Array): void {
    let at = 0;
    // Up to where a word begins: pieces need not be whole words.
    for (; this.#phase !== 0 && at < bytes.length; at++) this.#addByte(bytes[at]!);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let sum = this.#sum;
    const end = bytes.length - ((bytes.length - at) % 4);
    for (; at < end; at += 4) {
      sum += view.getUint32(at);
      if (sum > 0xffffffff) sum -= 0xffffffff;
    }
    this.#sum = sum;
    for (; at < bytes.length; at++) this.#addByte(bytes[at]!);
  }

  /** What stands behind the last whole word counts as filled with zeros. */
  get value(): number {
    return this.#sum;
  }

  #addByte(byte: number): void {
    this.#sum += byte * 2 ** (24 - 8 * this.#phase);
    if (this.#sum > 0xffffffff) this.#sum -= 0xffffffff;
    this.#phase = (this.#phase + 1) % 4;
  }
}

/** The sixteen letters that bring the sum of an HDU whose other words add up to `sum` to all ones. */
export function encodeChecksum(sum: number): string {
  const complement = (0xffffffff - sum) >>> 0;
  const letters = Array.from({ length: 16 }, () => 0);
  for (let i = 0; i < 4; i++) {
    const byte = (complement >>> (24 - 8 * i)) & 0xff;
    const four = Array.from({ length: 4 }, () => Math.floor(byte / 4) + 0x30);
    four[0]! += byte % 4;
    // Letters and digits only: what one gives another of the same column takes.
    while (four.some(isPunctuation)) {
      for (const j of [0, 2]) {
        if (isPunctuation(four[j]!) || isPunctuation(four[j + 1]!)) {
          four[j]!++;
          four[j + 1]!--;
        }
      }
    }
    // The value begins in column 12: one byte behind a word.
    for (let j = 0; j < 4; j++) letters[(4 * j + i + 1) % 16] = four[j]!;
  }
  return String.fromCharCode(...letters);
}

function isPunctuation(letter: number): boolean {
  return (letter >= 0x3a && letter <= 0x40) || (letter >= 0x5b && letter <= 0x60);
}

/** Whether a header has a sum that must be renewed. */
export function hasChecksum(blocks: Uint8Array): boolean {
  return findCard(blocks, 'CHECKSUM') !== undefined || findCard(blocks, 'DATASUM') !== undefined;
}

/**
 * Renews DATASUM and CHECKSUM where they are, in place; one that is true stays as it is written.
 *
 * @param blocks whole header blocks; written to
 * @param dataSum of the data of the HDU
 */
export function renewChecksums(blocks: Uint8Array, dataSum: number): void {
  const data = findCard(blocks, 'DATASUM');
  if (data !== undefined) {
    const { value, comment } = parseCard(cardText(blocks, data));
    const found = typeof value === 'string' ? value.trim() : String(value);
    if (found !== String(dataSum)) setCard(blocks, data, 'DATASUM', String(dataSum), comment);
  }
  const at = findCard(blocks, 'CHECKSUM');
  if (at === undefined) return;
  if (sumOf(blocks, dataSum) === 0xffffffff) return;
  setCard(blocks, at, 'CHECKSUM', '0000000000000000', parseCard(cardText(blocks, at)).comment);
  const letters = encodeChecksum(sumOf(blocks, dataSum));
  for (let i = 0; i < letters.length; i++) blocks[at + 11 + i] = letters.charCodeAt(i);
}

function sumOf(blocks: Uint8Array, dataSum: number): number {
  const sum = new OnesSum();
  sum.add(blocks);
  sum.add(Uint8Array.of(dataSum >>> 24, dataSum >>> 16, dataSum >>> 8, dataSum));
  return sum.value;
}

/** Where the first card with this keyword begins. */
function findCard(blocks: Uint8Array, keyword: string): number | undefined {
  for (let at = 0; at < blocks.length; at += CARD_BYTES) {
    const text = cardText(blocks, at);
    if (isEnd(text)) return undefined;
    if (text.slice(0, 9) === `${keyword.padEnd(8)}=`) return at;
  }
  return undefined;
}

function setCard(blocks: Uint8Array, at: number, keyword: string, value: string, comment: string): void {
  const text = formatCard({ keyword, value, comment: comment.replace(/[^ -~]/g, '?') });
  for (let i = 0; i < CARD_BYTES; i++) blocks[at + i] = text.charCodeAt(i);
}
