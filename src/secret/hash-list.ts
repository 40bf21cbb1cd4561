// A list of hashes as data/lists.js keeps it: sorted, and each as what it is more than the one before, which takes half
// of what longer hashes took as they were.
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Digits of one number: 24 bits, of which one distance in twenty takes more. */
const WIDTH = 4;
/** The largest number stands for a distance by itself, and for no hash. */
const FARTHER = 64 ** WIDTH - 1;

/** @param hashes whole numbers, sorted, none of them twice */
export function writeHashes(hashes: readonly number[]): string {
  let [text, before] = ['', 0];
  for (const hash of hashes) {
    let distance = hash - before;
    for (; distance >= FARTHER; distance -= FARTHER) text += write(FARTHER);
    text += write(distance);
    before = hash;
  }
  return text;
}

/** @param lines what {@link writeHashes} wrote, cut anywhere between two numbers */
export function readHashes(lines: readonly string[]): ReadonlySet<number> {
  const hashes = new Set<number>();
  let at = 0;
  for (const line of lines) {
    for (let from = 0; from + WIDTH <= line.length; from += WIDTH) {
      let distance = 0;
      for (let digit = from; digit < from + WIDTH; digit++)
        distance = distance * 64 + (VALUES[line.charCodeAt(digit)] ?? 0);
      at += distance;
      if (distance !== FARTHER) hashes.add(at);
    }
  }
  return hashes;
}

/** By character code. */
const VALUES: readonly number[] = Array.from({ length: 128 }, (_, code) =>
  Math.max(0, DIGITS.indexOf(String.fromCharCode(code))),
);

function write(distance: number): string {
  let [text, rest] = ['', distance];
  for (let digit = 0; digit < WIDTH; digit++) {
    text = DIGITS[rest % 64] + text;
    rest = Math.floor(rest / 64);
  }
  return text;
}
