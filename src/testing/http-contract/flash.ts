// flash
import assert from 'node:assert/strict';
import { internalsOf } from '../../keyturn.js';
import { type Check, check } from './check.js';

const MESSAGES = [
  ['info', 'Saved <b>'],
  ['info', 'Twice'],
  ['error', 'Ünicode'],
];

export const flashMessages: readonly Check[] = [
  check('are there on the next page, once', async ({ open }) => {
    const browser = await open();
    await browser.post('/flash', { messages: MESSAGES });
    const page = await browser.get('/flash');
    assert.deepEqual(page.json, { info: ['Saved <b>', 'Twice'], error: ['Ünicode'] });
    assert.equal(page.headers.get('cache-control'), 'private');
    assert.equal(await browser.cookie('keyturn.flash'), undefined);
    const next = await browser.get('/flash');
    assert.deepEqual(next.json, {});
    assert.deepEqual(next.setCookies, []);
  }),

  check('left and taken on one page make it private, and send nothing', async ({ open }) => {
    const browser = await open();
    const page = await browser.get('/flash-at-once');
    assert.deepEqual(page.json, { info: ['for you alone'] });
    assert.equal(page.headers.get('cache-control'), 'private');
    assert.deepEqual(page.setCookies, []);
  }),

  check('of several cookies the first that is genuine counts', async ({ open }) => {
    const browser = await open();
    await browser.post('/flash', { messages: [['info', 'Saved']] });
    const good = `keyturn.flash=${await browser.cookie('keyturn.flash')}`;
    const answer = await browser.get('/flash', { cookie: `keyturn.flash=planted; ${good}` });
    assert.deepEqual(answer.json, { info: ['Saved'] });
  }),

  check('are told in answer to HEAD, and not taken', async ({ open }) => {
    const browser = await open();
    await browser.post('/flash', { messages: [['info', 'Saved']] });
    for (const path of ['/flash', '/flash-info']) {
      const answer = await browser.ask(path, { method: 'HEAD' });
      assert.deepEqual([answer.status, answer.setCookies], [200, []]);
      assert.equal(answer.headers.get('cache-control'), 'private');
    }
    assert.deepEqual((await browser.get('/flash')).json, { info: ['Saved'] });
  }),

  check('of one type are taken, and the others wait', async ({ open }) => {
    const browser = await open();
    await browser.post('/flash', { messages: MESSAGES });
    await browser.get('/read');
    assert.deepEqual((await browser.get('/flash-info')).json, ['Saved <b>', 'Twice']);
    assert.deepEqual((await browser.get('/flash')).json, { error: ['Ünicode'] });
  }),

  check('expire, and survive neither tampering nor revocation', async ({ open, clock }) => {
    const browser = await open();
    await browser.post('/flash', { messages: MESSAGES });
    const cookie = (await browser.cookie('keyturn.flash')) as string;
    assert.deepEqual(
      (await browser.get('/flash', { cookie: `keyturn.flash=${cookie.slice(0, -2)}xx` })).json,
      {},
    );
    clock.advance(601);
    assert.deepEqual((await browser.get('/flash')).json, {});
  }),

  check('of another shape, as another version may have left them, are none', async ({ open, keyturn }) => {
    const browser = await open();
    const signer = internalsOf(keyturn()).ownSigner<unknown>('flash');
    for (const left of [[['info']], [[1, 2], 'x', null, ['info', 'good']], { length: 1 }, 'text', null]) {
      const cookie = `keyturn.flash=${signer.sign(left)}`;
      const good = Array.isArray(left) && left.length === 4 ? { info: ['good'] } : {};
      assert.deepEqual((await browser.get('/flash', { cookie })).json, good);
    }
  }),

  check('too many of them are an error for the programmer', async ({ open }) => {
    const browser = await open();
    assert.equal((await browser.post('/flash', { messages: [['info', 'x'.repeat(5000)]] })).status, 500);
  }),
];
