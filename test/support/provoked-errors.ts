// Every error that a user can see, provoked where a secret is at hand.

import { resolve } from 'node:path';
import type { BlobStore } from '../../src/blobs/index.js';
import type { BlobWriter } from '../../src/blobs/parts.js';
import { searchWordlist } from '../../src/doctor/wordlist.js';
import { refuseDisagreement, refuseOwnClock } from '../../src/fleet/refusals.js';
import { createKeyturn } from '../../src/index.js';
import { createJwt, createRefreshTokens } from '../../src/jwt/index.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import { openRing, sealRing } from '../../src/keyring/sealed-ring.js';
import { requireSpareRoom } from '../../src/keyring/size-limit.js';
import * as transitions from '../../src/keyring/transitions.js';
import { FileRingStore } from '../../src/keyring-stores/file.js';
import { internalsOf } from '../../src/keyturn.js';
import { initKeyring } from '../../src/rotation/index.js';
import { initRing } from '../../src/rotation/init/init.js';
import { COMMAND_WORDS } from '../../src/rotation/refusals.js';
import { sealedStore } from '../../src/sealed-store.js';
import { AppCookie } from '../../src/sessions/cookie.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { postgresStore, sessionSchemaSql } from '../../src/sessions/stores/postgres.js';
import { redisStore } from '../../src/sessions/stores/redis.js';
import { sealerUnavailable } from '../../src/signing/sealer-unavailable.js';
import {
  COMMAND,
  FILE,
  folderWith,
  kidOf,
  machine,
  NOW,
  PREVIOUS,
  REVOKED,
  resolveOn,
  SECRET,
  tempDir,
} from './machine.js';
import {
  array,
  blobs,
  COMING,
  CURRENT,
  cookieAfter,
  coreOf,
  document,
  FACTS,
  FORMER,
  fresh,
  held,
  json,
  NEW,
  PAST,
  PLACES,
  type Place,
  type Provoke,
  REPORT,
  RING,
  refused,
  replica,
  ringOf,
  rotation,
  SIGNS,
  sealOf,
  section,
  sessionsIn,
  sign,
  started,
  TWO_KEYS,
  twoVisits,
  visited,
} from './planted-secrets.js';

/** One way at least to every error code. Where a secret could be mistaken for something else, it is. */
export const PROVOKED: Readonly<Record<string, readonly Provoke[]>> = {
  command_failed: [
    () => refused({ env: { [COMMAND]: json(['sh', '-c', `echo ${CURRENT}; echo ${CURRENT} >&2; exit 3`]) } }),
    () => refused({ env: { [COMMAND]: json([CURRENT, FORMER]) } }),
  ],
  config_elsewhere: [
    async () => {
      const cwd = await folderWith({ 'apps/web/keyturn.toml': '' });
      const env = { KEYTURN_ENV: 'dev', [SECRET]: CURRENT };
      await initRing({ machine: machine({ cwd, env }), placeSaid: false, imported: [] });
    },
  ],
  config_invalid: [
    () => refused({ env: { [SECRET]: CURRENT, KEYTURN_SESSION__IDLE: FORMER } }),
    () => refused({ ...sign, files: { 'keyturn.toml': `${section}previous_secrets = ["${FORMER}` } }),
    () => refused(sessionsIn('redis', `redis://:${FORMER}@host:port`)),
    () => refused(sessionsIn('redis', `redis://:${FORMER}@host/${COMING}`)),
    () => refused(sessionsIn('postgres', `postgres://ada:${FORMER}#@host/name`)),
  ],
  config_unknown_key: [
    () => refused({ env: { KEYTURN_SECRET: CURRENT } }),
    () => refused({ ...sign, files: { 'keyturn.toml': `${section}secrt = "${FORMER}"` } }),
  ],
  cookie_invalid: [
    ...['name', 'domain', 'path'].map(
      (name) => () => refused({ ...sign, config: { session: { cookie: { [name]: `${CURRENT} ` } } } }),
    ),
    async () => new AppCookie(`${CURRENT} `, internalsOf(await started()).settings, 'dev'),
    async () => new AppCookie(`__Host-${CURRENT}`, internalsOf(await started()).settings, 'dev'),
  ],
  argument_invalid: [
    async () => await createKeyturn({ [CURRENT]: FORMER } as never),
    async () => await createKeyturn({ secret: CURRENT } as never),
    async () => (await started()).signer('invitation', { [CURRENT]: CURRENT } as never),
    async () => (await started()).signer('invitation', CURRENT as never),
    async () => (await visited(await coreOf())).session.regenerate(CURRENT as never),
    async () => (await visited(await coreOf())).flash('info', [CURRENT] as never),
  ],
  csrf_refused: [async () => (await visited(await coreOf(), undefined, 'POST')).checkCsrf(CURRENT)],
  document_invalid: [
    () => refused(held(`{"keyturn": 1, "keys": ["${CURRENT}`)),
    () => refused(held(document.replace(SIGNS, CURRENT))),
    () => refused(held(document.replace('"active"', `"${CURRENT}"`))),
  ],
  document_version: [() => refused(held(document.replace('"keyturn": 1', '"keyturn": 2')))],
  done_already: [
    () => transitions.promote(RING, SIGNS, FACTS),
    () => transitions.retire(ringOf([CURRENT, 'active']), undefined, FACTS),
  ],
  dev_secret_unwritable: [
    () =>
      refused(
        { env: { KEYTURN_DATA_DIR: 'held/within', [PREVIOUS]: FORMER }, files: { held: CURRENT } },
        'dev',
      ),
  ],
  duration_invalid: [async () => (await started()).signer('password-reset', { maxAge: CURRENT })],
  engine_unavailable: [
    async () => {
      const store = memoryStore();
      const core = await coreOf({ store });
      const first = await visited(core);
      first.session.user = 'Ada';
      const cookie = await cookieAfter(first);
      store.get = () => {
        throw new Error('away');
      };
      await visited(core, cookie);
    },
    async () => (await started(sessionsIn('redis', `redis://:${FORMER}@127.0.0.1:1`))).sessionStore?.get('x'),
    async () =>
      (await started(sessionsIn('postgres', `postgres://ada:${FORMER}@127.0.0.1:1/x`))).sessionStore?.get(
        'x',
      ),
  ],
  flash_too_large: [
    async () => {
      const visit = await visited(await coreOf());
      visit.flash('info', 'x'.repeat(5000));
      await visit.finish(new Headers());
    },
  ],
  key_in_use: [
    () =>
      transitions.retire(RING, PAST, {
        ...FACTS,
        replicas: [{ ...replica, lastVerified: { [PAST]: NOW } }],
      }),
  ],
  key_state: [
    () => transitions.stage(ringOf([CURRENT, 'active']), new Material(CURRENT), FACTS),
    () => transitions.retire(RING, SIGNS, FACTS),
  ],
  key_unknown: [
    () => transitions.promote(RING, CURRENT, FACTS),
    () => transitions.promote(ringOf([CURRENT, 'active']), undefined, FACTS),
  ],
  keyring_exists: [
    async () => {
      const cwd = await folderWith({});
      const env = { KEYTURN_ENV: 'dev', [SECRET]: CURRENT };
      await initKeyring({ cwd, env });
      await initKeyring({ cwd, env });
    },
  ],
  keyring_full: [
    () =>
      requireSpareRoom(
        new Keyring(RING.keys, {
          id: 'ring',
          history: [{ at: NOW, what: 'stage', kid: 'AAAAAAAA', why: 'x'.repeat(1024 * 1024) }],
        }),
      ),
  ],
  keyring_invalid: [
    () => refused({ env: { [SECRET]: CURRENT, [REVOKED]: FORMER } }),
    () => refused(held(document.replace('"active"', '"retiring"'))),
    () => ringOf([CURRENT, 'active'], [CURRENT, 'staged']),
  ],
  keyring_not_document: [
    async () => (await rotation(PLACES['the variables'] as Place)).stage(),
    async () => (await rotation(PLACES['a file with an array'] as Place)).rollback(),

    () => transitions.stage(new Keyring([new Key(new Material(CURRENT), 'active')]), fresh(), FACTS),
  ],
  keyring_missing: [() => new FileRingStore(`${tempDir()}/none`, 900, Date.now).read()],
  keyring_sealed: [() => openRing(sealRing(RING, sealOf(CURRENT)), 'a store', sealOf(FORMER))],
  keyring_unavailable: [() => new LiveKeyring(undefined, Date.now).current],
  keyring_outdated: [
    () => new LiveKeyring(RING, () => NOW).replace(new Keyring(RING.keys, { id: 'ring', generation: 2 })),
  ],
  keyring_forked: [
    () =>
      new LiveKeyring(RING, () => NOW).replace(
        new Keyring(RING.keys.slice(0, 2), { id: 'ring', generation: 3 }),
      ),
    () =>
      new LiveKeyring(RING, () => NOW).replace(
        new Keyring(RING.keys.slice(0, 2), { id: 'ring', generation: 4, marks: RING.marks }),
      ),
    () => new LiveKeyring(RING, () => NOW).replace(new Keyring(RING.keys, { id: 'another' })),
  ],
  keyring_with_companions: [
    () => refused({ ...held(document), env: { [FILE]: 'held', [PREVIOUS]: FORMER } }),
  ],
  keyring_unwritable: [
    () => new FileRingStore('/nowhere/held', 900, Date.now).change(() => RING),
    async () =>
      (await rotation({ env: { [COMMAND]: json(['cat', 'held']) }, files: { held: document } })).stage(),
  ],
  payload_not_json: [
    async () => (await started()).signer('invitation').sign({ [CURRENT]: 1n }),
    async () => (await started()).signer('invitation').sign(undefined),
  ],
  payload_too_large: [
    async () => (await started()).sealer('draft', { maxAge: '1h' }).seal(CURRENT.repeat(20_000)),
  ],
  profile_differs: [
    async () => {
      return (await rotation(held(document, { 'held.fleet/a.json': json(REPORT) }))).stage();
    },
  ],
  env_file_not_loaded: [
    async () => {
      const cwd = await folderWith({ '.env': `${SECRET}=${CURRENT}` });
      const { problems } = await resolveOn({ cwd, env: { KEYTURN_ENV: 'dev' } });
      throw problems[0]?.error;
    },
  ],
  profile_refused: [() => refused({ env: { DYNO: CURRENT } }, 'test')],
  build_only: [
    async () => {
      const keyturn = await started({ env: { KEYTURN_BUILD: '1', [SECRET]: CURRENT } });
      keyturn.signer('password-reset').sign(1);
    },
  ],
  profile_unknown: [() => refused({}, CURRENT), () => refused({}, FORMER)],
  purpose_invalid: [async () => (await started()).signer(CURRENT)],
  wordlist_unreadable: [async () => await searchWordlist(resolve(CURRENT), 'the list', [])],
  source_differs: [
    async () => {
      // It signs with a key that is in no document.
      const report = json({ ...REPORT, profile: 'dev', signs: new Material(CURRENT).kid });
      await (await rotation(held(document, { 'held.fleet/a.json': report }))).promote();
    },
  ],
  purpose_lifetime: [
    async () => (await started()).signer('password-reset', { maxAge: '9d' }),
    async () => (await started()).signer('invitation').sign(1, { maxAge: '99d' }),
  ],
  purpose_reserved: [async () => (await started()).signer('session')],
  purpose_sealed: [
    async () => (await started()).sealer('invitation'),
    async () => {
      const kt = await started();
      kt.sealer('draft', { maxAge: '1h' });
      kt.signer('draft');
    },
  ],
  sealer_unavailable: [
    () => {
      throw sealerUnavailable('draft');
    },
  ],
  purpose_undeclared: [async () => (await started(undefined, 'prod')).signer('unheard-of', { maxAge: '1h' })],
  jwt_invalid: [
    async () => createJwt(await started(), { issuer: '', audience: CURRENT }),
    async () => createJwt(await started(), { issuer: CURRENT, audience: FORMER }).sign({ iss: CURRENT }),
    async () => createRefreshTokens(await started(), { store: { [CURRENT]: FORMER } as never }),
  ],
  bind_invalid: [async () => (await started()).signer('invitation').sign(1, { bind: '' })],
  store_invalid: [
    () => redisStore({ client: CURRENT as never }),
    () => postgresStore({ pool: CURRENT as never }),
    () => sessionSchemaSql(CURRENT),
    async () => sealedStore(memoryStore(), await started(), { plain: CURRENT as never }),
  ],
  link_invalid: [
    async () => (await started()).links({ base: CURRENT }),
    async () => (await started()).links().sign(CURRENT),
    async () => (await started()).links().sign('/', { method: `${CURRENT} ` }),
    async () => (await started()).links({ base: `/${CURRENT}` }).sign(`/${FORMER}`),
    async () => (await started()).links({ base: `https://${CURRENT}.test` }).sign(`https://${FORMER}.test`),
    async () => await blobs({ prefix: CURRENT }),
  ],
  blob_changed: [
    async () => {
      const store = await blobs();
      await store.put(CURRENT, Buffer.from(CURRENT));
      await (store as BlobStore & BlobWriter).putIf(CURRENT, Buffer.from(CURRENT), {}, () => false);
    },
  ],
  blob_exists: [
    async () => {
      const store = await blobs();
      for (const content of [CURRENT, FORMER]) await store.put(CURRENT, Buffer.from(content));
    },
  ],
  blob_incomplete: [async () => await (await blobs()).put(CURRENT, Buffer.from(CURRENT), { size: 1000 })],
  blob_name_invalid: [
    async () => await (await blobs()).put(`${CURRENT}/..`, Buffer.from(CURRENT)),
    async () => (await blobs()).signedUrl(`${CURRENT}/..`),
  ],
  blob_too_large: [async () => await (await blobs()).put(CURRENT, Buffer.from(CURRENT), { maxSize: 1 })],
  blob_type_refused: [
    async () => await (await blobs()).put('a', Buffer.from(CURRENT), { type: CURRENT }),
    async () =>
      await (await blobs({ types: [`x/${FORMER}`] })).put('a', Buffer.from(''), { type: `x/${CURRENT}` }),
    async () => (await blobs()).signedUrl('a', { method: 'PUT', type: CURRENT }),
  ],
  history_text_invalid: [
    () => transitions.revoke(RING, PAST, fresh(), { ...FACTS, why: `${CURRENT}\n${FORMER}` }),
    () => transitions.revoke(RING, PAST, fresh(), { ...FACTS, why: CURRENT.repeat(20) }),
  ],
  reason_missing: [() => transitions.revoke(RING, PAST, fresh(), FACTS)],
  replica_behind: [
    () => transitions.promote(RING, NEW, { ...FACTS, replicas: [{ ...replica, verifies: [SIGNS] }] }),
    () => transitions.retire(RING, PAST, { ...FACTS, replicas: [{ ...replica, signs: PAST }] }),
  ],
  rollback_impossible: [() => transitions.rollback(ringOf([CURRENT, 'active']), FACTS)],
  clock_differs: [
    () => refuseOwnClock(3_600_000, 300, { name: 'keyring.json', inEngine: false, words: COMMAND_WORDS }),
    () => refuseOwnClock(-3_600_000, 300, { name: 'Redis', inEngine: true, words: COMMAND_WORDS }),
  ],
  secret_differs: [
    () => {
      const self = { profile: REPORT.profile, roots: ringOf([CURRENT, 'active']), words: COMMAND_WORDS };
      refuseDisagreement(RING, self, [{ ...REPORT, roots: [kidOf(FORMER)] }]);
    },
  ],
  secret_empty: [() => refused({ ...held(CURRENT), env: { [FILE]: 'held', [SECRET]: ' ' } })],
  secret_in_config: [
    () => refused({ files: { 'keyturn.toml': `${section}secret = "${CURRENT}"` } }),
    () =>
      refused({
        env: { [SECRET]: CURRENT },
        config: { security: { signing_secret: { previous_secrets: [FORMER] } } },
      }),
  ],
  secret_malformed: [
    () => refused({ env: { [SECRET]: `${CURRENT}\n${FORMER}` } }),
    () => refused({ env: { [SECRET]: array } }),
    () => refused(held(`["${CURRENT}", `)),
    () => refused({ env: { [COMMAND]: `echo ${CURRENT}` } }),
  ],
  secret_missing: [() => refused({ env: { [PREVIOUS]: FORMER } })],
  secret_unreadable: [
    () => refused({ env: { [FILE]: CURRENT } }),
    () => refused({ env: { [FILE]: FORMER } }),
  ],
  secret_weak: [
    () => refused({ env: { [SECRET]: CURRENT.slice(0, 40) } }),
    () => refused({ env: { [SECRET]: CURRENT, [PREVIOUS]: FORMER.slice(0, 20) } }),
    () => refused(held(json([CURRENT.slice(0, 30), FORMER]))),
    async () => (await rotation(held(TWO_KEYS))).stage({ secret: COMING.slice(0, 40) }),
  ],
  session_conflict: [
    async () => {
      const [one, other] = await twoVisits();
      one.session.user = 'Bob';
      other.session.user = 'Eve';
      await one.finish(new Headers());
      await other.finish(new Headers());
    },
  ],
  session_ended: [
    async () => {
      const [one, other] = await twoVisits();
      one.session.destroy();
      await one.finish(new Headers());
      await other.session.update(() => {});
    },
  ],
  session_invalid: [
    async () => (await visited(await coreOf())).session.set('id', CURRENT),
    async () => {
      const visit = await visited(await coreOf());
      visit.session.number = 1n;
      await visit.finish(new Headers());
    },
  ],
  session_too_large: [
    async () => {
      const visit = await visited(await coreOf());
      visit.session.text = 'x'.repeat(5000);
      await visit.finish(new Headers());
    },
  ],
  stage_pending: [() => transitions.stage(RING, fresh(), FACTS)],
  too_early: [
    () =>
      transitions.promote(
        ringOf([CURRENT, 'active'], [COMING, 'staged', { dates: { staged: NOW } }]),
        NEW,
        FACTS,
      ),
    () =>
      transitions.retire(
        ringOf([CURRENT, 'active'], [FORMER, 'retiring', { dates: { retiring: NOW } }]),
        PAST,
        FACTS,
      ),
  ],
};
