/** A number of bytes or pixels: digits alone, and not beyond what numbers hold. */
export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
