// Sentences: a third of their words are the few that bind the others together. Random words have none of those.

/** Of English, German, French, Spanish, Portuguese and Italian. */
const BINDING_WORDS: ReadonlySet<string> = new Set(
  `the a an of to in is it and or not you your i my me we he she they this that these with for on at by from as are be
  was were has have had do does did will would can could should so if but no its im dont isnt its their our his her
  der die das und ist nicht ich ein eine zu mit von auf den dem
  le la les des un une est et je de du pas pour que qui dans
  el los las del por para una con es en lo mi tu se y
  o os as da do dos em um uma nao com meu minha e
  il lo gli che di per non sono mio mia`.split(/\s+/),
);

/** Words enough that chance is out of the question. */
const ENOUGH = 4;
const LOOKED_AT = 1024;

export function isSentence(text: string): boolean {
  const words = text
    .slice(0, LOOKED_AT)
    .toLowerCase()
    .replace(/['’]/g, '')
    .split(/[\s\-_.,;:!?]+/)
    .filter((word) => word !== '');
  const binding = words.filter((word) => BINDING_WORDS.has(word));
  return new Set(binding).size >= ENOUGH && binding.length * 3 >= words.length;
}
