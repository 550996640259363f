/** What the kernel counts in. */
export interface KernelUnits {
  readonly ticksPerSecond: number;
  readonly pageBytes: number;
}

const AT_PAGESZ = 6;
const AT_CLKTCK = 17;

/** Reads them from the auxiliary vector of a process (`/proc/self/auxv`): pairs of words. What it does not say is as usual: 100, and 4 KiB. */
export function parseKernelUnits(vector: Uint8Array, wordBytes: number): KernelUnits {
  const view = new DataView(vector.buffer, vector.byteOffset, vector.byteLength);
  const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const word = (at: number): number =>
    wordBytes === 4 ? view.getUint32(at, isLittle) : Number(view.getBigUint64(at, isLittle));
  let ticksPerSecond = 100;
  let pageBytes = 4096;
  for (let at = 0; at + 2 * wordBytes <= vector.byteLength; at += 2 * wordBytes) {
    if (word(at) === AT_PAGESZ) pageBytes = word(at + wordBytes);
    if (word(at) === AT_CLKTCK) ticksPerSecond = word(at + wordBytes);
  }
  return { ticksPerSecond, pageBytes };
}
