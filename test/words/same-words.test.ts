// The console and the terminal call a thing by one word: a step by its command's verb, a refusal in one form, a keyring a
// keyring. Every page is made of every scene, and what the terminal says of it: none of the other words is found.
import { describe, expect, test } from 'vitest';
import { LOADERS } from '../../src/cli/commands.js';
import { unbroken } from '../../src/cli/line.js';
import { keysOf } from '../../src/cli/words/picture-keys.js';
import { lines } from '../../src/cli/words/status.js';
import { toldBy } from '../../src/console/asked-step.js';
import { offeredSteps } from '../../src/console/offered-steps.js';
import {
  historyPage,
  impactPage,
  overviewPage,
  purposesPage,
  stepPage,
  stepsPage,
} from '../../src/console/pages/index.js';
import { SCENES, sceneOf } from '../browser/console/scenes.js';
import { frameOf } from '../console/made.js';
import { named, readHtml, textOf } from '../console/read-html.js';

/** What else was said, and what is said instead. */
const OTHER_WORDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/(?<!--)\brings?\b/i, 'keyring'],
  [/\blets? (it|him|\S{8}|the (new|old|staged) key) sign/i, 'promote'],
  [/\btakes? over\b/i, 'promote, or: it signs'],
  [/\bmay (not )?sign\b/i, 'safe to promote, not safe to promote'],
  [/\b(may|can) (not )?go\b/i, 'safe to retire, not safe to retire'],
  [/\b(it|key) (goes|went) (at once|now|when)\b/i, 'retired'],
  [/\bdrop(s|ped)?\b/i, 'retire'],
  [/\bnot (now|yet)[.:]/i, 'Keyturn refuses to … until …'],
  [/\brefused until\b/i, 'Keyturn refuses to … until …'],
  [/\bstate lives\b/i, 'where it is kept'],
  [/\bthe users?( sees|:)/i, 'what users notice'],
  [/\bfolded\b/i, 'older lines'],
  [/^next: .* - /m, 'next: command  # remark'],
];

function expectOneWord(text: string): void {
  const found = OTHER_WORDS.flatMap(([word, instead]) => {
    const [said] = word.exec(text) ?? [];
    return said === undefined ? [] : [`"${said}", and not "${instead}"`];
  });
  expect(found, text).toEqual([]);
}

/** Without the sentence of the first page: DESIGN has its form, in which a key takes over and may go. */
function textWithoutSentence(page: string): string {
  const read = readHtml(page);
  const [sentence] = named(read, 'h1').filter(({ attributes }) => attributes.get('id') === 'sentence');
  return textOf(read).replace(sentence === undefined ? '' : textOf(sentence), '');
}

/** Names in it are made to be mistaken for something. */
const TOLD = SCENES.filter((name) => name !== 'hostile');

describe.each(TOLD)('in the scene %s', (name) => {
  test('the console', async () => {
    const { world, counts } = await sceneOf(name);
    const { view, history, impact } = world;
    const frame = frameOf();
    const span = 'day';
    const rotate = impact({ step: 'rotate' });
    const steps = offeredSteps(view);
    const pages = [
      overviewPage(frame, { view, span, counts: counts(span) }),
      purposesPage(frame, { view, impact: rotate }),
      impactPage(frame, { view, impact: rotate }),
      historyPage(frame, { view, history }),
      stepsPage(frame, { view }),
      ...steps.map((offered) =>
        stepPage(frame, { view, offered, impact: impact(toldBy(offered)), csrf: undefined }),
      ),
      ...steps.flatMap(({ step, kid }) =>
        step === 'stage' || kid === undefined
          ? []
          : [
              impactPage(frame, {
                view,
                asked: { step, kid },
                impact: impact(toldBy({ step, kid })),
                ifNow: step === 'retire' ? impact({ step: 'revoke', kid }) : undefined,
              }),
            ],
      ),
    ];
    for (const page of pages) expectOneWord(textWithoutSentence(page));
  });

  test('the terminal', async () => {
    const { view } = (await sceneOf(name)).world;
    const screen = { width: 200, height: 100, unicode: true, colour: false } as const;
    const keys = keysOf(view, screen).items ?? [];
    const rows = [...lines(view), ...keys.flat()].map(unbroken);
    const text = rows.map(({ parts }) =>
      parts.map((part) => (typeof part === 'string' ? part : part.text)).join(''),
    );
    expectOneWord(text.join('\n'));
  });
});

test('the help of each command', async () => {
  for (const [name, load] of Object.entries(LOADERS)) {
    const { about, options } = await load();
    const text = [...about, ...options.map((option) => option.about)].join(' ');
    // An explanation of the step stands once beside it; libraries and variables may be taken over.
    const explains =
      name === 'promote' || name === 'rollback' ? /Lets the .*? sign\b|Refused until/g : /\btakes? over\b/g;
    expectOneWord(text.replace(explains, ''));
  }
});
