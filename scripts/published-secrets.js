// node scripts/published-secrets.js LIST: makes the parts `places` and `published` of data/lists.js out of a local list of published secrets,
// which stays where it is: a list in the open would be one more for attackers to try.
//
// LIST has one secret a line, the place where it stands before it: "place<TAB>secret". Secrets that the rules of
// src/secret refuse by themselves need no entry. Run `npm run build` first.
import { readFileSync, writeFileSync } from 'node:fs';

const target = new URL('../data/lists.js', import.meta.url);
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

const former = readFileSync(target, 'utf8');
const begin = former.indexOf('{');
const lists = JSON.parse(former.slice(begin));
const write = (found) => {
  const text = JSON.stringify({ ...lists, ...found }, null, 1).replace(/\n +/g, '\n');
  writeFileSync(target, `${former.slice(0, begin)}${text}\n`);
  return text.length;
};

// The rules are asked without the list that is being made.
write({ places: [], published: [] });
const { judge } = await import('../dist/secret/strength.js');
const { publishedHash, SHORTEST } = await import('../dist/secret/published.js');
const { writeHashes } = await import('../dist/secret/hash-list.js');

const seen = new Set();
const sections = [...groups].map(([place, secrets]) => {
  let listed = 0;
  for (const secret of secrets) {
    const hash = publishedHash(secret);
    if (Buffer.byteLength(secret) < SHORTEST || seen.has(hash) || !judge(secret).enough) continue;
    seen.add(hash);
    listed++;
  }
  return { place, collected: secrets.size, listed };
});

const bytes = write({
  places: sections
    .filter(({ listed }) => listed > 0)
    .map(({ place, collected }) => `${place}: ${collected} collected`),
  // Lines of a length that editors bear; four digits are one number.
  published: writeHashes([...seen].sort((one, other) => one - other)).match(/.{1,112}/g) ?? [],
});
const count = sections.reduce((sum, { collected }) => sum + collected, 0);
console.log(`${count} collected, ${seen.size} listed, ${bytes} bytes`);
