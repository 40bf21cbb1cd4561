// node scripts/published-secrets.js LIST: makes data/published-secrets.txt out of a local list of published secrets,
// which stays where it is: a list in the open would be one more for attackers to try.
//
// LIST has one secret a line, the place where it stands before it: "place<TAB>secret". Secrets that the rules of
// src/secret refuse by themselves need no entry. Run `npm run build` first.
import { readFileSync, writeFileSync } from 'node:fs';

const target = new URL('../data/published-secrets.txt', import.meta.url);
const [list] = process.argv.slice(2);
if (list === undefined) throw new Error('which list? "place<TAB>secret" lines');

const groups = new Map();
for (const line of readFileSync(list, 'utf8').split(/\r?\n/)) {
  const tab = line.indexOf('\t');
  if (tab < 0) continue;
  const place = line.slice(0, tab);
  if (!groups.has(place)) groups.set(place, new Set());
  groups.get(place).add(line.slice(tab + 1));
}

// The rules are asked without the list that is being made.
writeFileSync(target, '');
const { judge } = await import('../dist/secret/strength.js');
const { publishedHash, SHORTEST } = await import('../dist/secret/published.js');

const seen = new Set();
const sections = [...groups].map(([place, secrets]) => {
  const hashes = [];
  for (const secret of secrets) {
    const hash = publishedHash(secret);
    if (Buffer.byteLength(secret) < SHORTEST || seen.has(hash) || !judge(secret).enough) continue;
    seen.add(hash);
    hashes.push(hash);
  }
  return { place, collected: secrets.size, hashes: hashes.sort() };
});

const head = `# Published secrets: the first 48 bits of SHA-256 of each, in base64url, after folding
# (src/secret/published.ts). Made by scripts/published-secrets.js. Each part names where its secrets
# stand and how many were collected there; those that the rules refuse by themselves are not listed.
`;
const text = sections
  .filter(({ hashes }) => hashes.length > 0)
  .map(({ place, collected, hashes }) => `\n# ${place}: ${collected} collected\n${hashes.join('\n')}\n`)
  .join('');
writeFileSync(target, head + text);
const count = sections.reduce((sum, { collected }) => sum + collected, 0);
console.log(`${count} collected, ${seen.size} listed, ${(head + text).length} bytes`);
