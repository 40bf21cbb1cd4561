// How letters follow each other in words: a bigram model, trained on the documentation of packages, an English word
// list and published secrets.

/**
 * One row per letter before (the first: none), in it one digit per letter after: what that costs, in quarters of a bit,
 * as a digit of base 62.
 */
const ROWS = `
ghegjikjjpqjhmlfshdhmokttv
rigiuqkwjApdjcvjCdfbnoqwot
cinrbsAxdsDawvdBCfjrewzDpG
cxmtdyHcgCfiCDaFzfofiBGApB
fqqk7nmu9tzjrsfvAifxitsBoA
iricloqwqByildtnvaahwprnqC
drrpcepwavzeBxcGzgmjeBBymB
dvxw9uhfdxBfqjgwzdhtgFyBnz
arwu8uynbuCpprbxFkmihHuBkA
jpfkfmkCCBvhk7fnzlefulDxGl
cqpncnqkcojrrocquqlsavkops
hqwt6qvpasshqintHocsoyqykB
cwtn9twyazsdtxeuFzjmjuyBdB
ahzz9vBCaDGuiqddDyjBiEBFoG
gvgfdo8ufxotwnjwywecprxEtB
mnkkrpkynzogg9hiCciieljttz
cyAzazAhdFzexydgDbijiDzErI
juuqqttrhvqnurqthpqq3tgrqu
bqml9tpwcCpplmdqGleikrxKmK
iyhrcuyfeCplmoiitzd9hGpBpF
ewpB9wBg9HzmvwfwLefjjJsGkz
ijikiplAiAxegbqiDcceDxEwzw
bvvy4AzA9CyEzBgzywwzpuzEuz
9qunasvgbssluhcttjgpxzsuvA
ltjthtvpgwAvvwqgvwrhpwx3ov
glimfonnersihigfwkckmymqfp
dwtq6ysmasvkrvjtuuqrpwplle
`
  .trim()
  .split('\n');

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const COSTS: readonly (readonly number[])[] = ROWS.map((row) =>
  [...row].map((digit) => DIGITS.indexOf(digit) / 4),
);

/** @param before,letter a = 1 … z = 26; before: 0 for anything else */
export function letterBits(before: number, letter: number): number {
  return COSTS[before]?.[letter - 1] ?? Number.POSITIVE_INFINITY;
}
