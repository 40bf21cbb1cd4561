// Sharing a file: its owner makes a link to a page about it, and whoever has the link can download the file there until
// it expires. No account is needed, and nothing is stored: the link says it all, and is signed.
import type { FastifyPluginAsync } from 'fastify';
import type { LockerParts } from '../app.js';
import { Refusal } from '../errors.js';
import { field } from '../fields.js';
import { keepPrivate, originFor, prefersJson, sendPage } from '../negotiate.js';
import { sharePage } from '../pages/share.js';
import { sharedPage } from '../pages/shared.js';
import { type FilePath, ownFile } from './files.js';
import { signedInUser } from './sign-in.js';

export const shareRoutes: FastifyPluginAsync<LockerParts> = async (app, options) => {
  const { files, tokens, origin } = options;
  const { shareFor } = tokens;

  app.get<FilePath>('/files/:id/:name/share', async (request, reply) => {
    const file = await ownFile(request, files);
    keepPrivate(reply);
    const user = signedInUser(request);
    return sendPage(
      reply,
      sharePage({ csrfToken: reply.csrfToken(), user, file, shareFor: [...shareFor.keys()] }),
    );
  });

  app.post<FilePath>('/files/:id/:name/share', async (request, reply) => {
    const file = await ownFile(request, files);
    keepPrivate(reply);
    const duration = field(request.body, 'for');
    const choice = shareFor.get(duration);
    if (choice === undefined) throw new Refusal(400, NO_DURATION);
    const path = `/shared/${file.blob.split('/').map(encodeURIComponent).join('/')}`;
    const url = originFor(request, origin) + tokens.shared.sign(path, choice);
    if (prefersJson(request)) return reply.code(201).send({ url });
    const user = signedInUser(request);
    const made = { url, duration };
    return sendPage(
      reply,
      sharePage({ csrfToken: reply.csrfToken(), user, file, shareFor: [...shareFor.keys()], made }),
    );
  });

  app.get<{ Params: { '*': string } }>('/shared/*', async (request, reply) => {
    keepPrivate(reply);
    const link = tokens.shared.verify({ method: request.method, url: request.url });
    if (!link.ok) throw new Refusal(403, NO_LONGER);
    const file = await files.findBlob(request.params['*']);
    if (file === undefined) throw new Refusal(404, DELETED);
    const { expiresAt } = link;
    // The download may begin until the link expires, and not later.
    const maxAge = Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1000));
    const url = files.blobs.signedUrl(file.blob, { maxAge, download: true });
    const { name, size, type } = file;
    if (prefersJson(request)) return { name, size, type, url, expiresAt: expiresAt.toISOString() };
    return sendPage(reply, sharedPage({ file, url, expiresAt }));
  });
};

const NO_LONGER = {
  title: 'This link does not work',
  advice: 'It has expired, or was not copied completely. Ask whoever sent it to you for a new one.',
};

const DELETED = {
  title: 'This file is gone',
  advice: 'Whoever shared it with you has deleted it since.',
};

const NO_DURATION = {
  title: 'A link has to expire',
  advice: 'Go back and choose how long it should work.',
};
