// Choosing a new password with a link. The link is bound to the password that it replaces, so that it ends by its use.
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { LockerParts } from '../app.js';
import { Refusal } from '../errors.js';
import { field, nameProblem } from '../fields.js';
import { keepPrivate, originFor, prefersJson, sendPage } from '../negotiate.js';
import { newPasswordPage, resetAskedPage, resetPage } from '../pages/password-reset.js';
import { hashPassword, LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../passwords.js';
import { inTurn } from '../turns.js';

interface TokenPath {
  readonly Params: { readonly token: string };
}

export const passwordResetRoutes: FastifyPluginAsync<LockerParts> = async (app, options) => {
  const { accounts, tokens, origin } = options;
  const production = app.keyturn.profile === 'prod';
  app.addHook('onRequest', async (_request, reply) => {
    keepPrivate(reply);
    // A link that was used on another replica is used up here too.
    await accounts.look(0);
  });

  app.get('/password-reset', async (request, reply) =>
    sendPage(reply, resetPage({ csrfToken: reply.csrfToken(), messages: request.flash() })),
  );

  app.post('/password-reset', async (request, reply) => {
    const user = field(request.body, 'username').trim();
    const problem = nameProblem(user);
    if (problem !== undefined) throw new Refusal(400, { ...NO_NAME, title: problem });
    const link = production ? undefined : linkFor(request, user);
    // Here a real app sends a mail. Only the one who gets it may see the link: in production it is shown nowhere.
    console.log(`locker: a new password was asked for ${JSON.stringify(user)}${link ? `: ${link}` : ''}`);
    if (prefersJson(request)) return reply.code(202).send(link === undefined ? { user } : { user, link });
    return sendPage(reply, resetAskedPage({ user, link }));
  });

  app.get<TokenPath>('/password-reset/:token', async (request, reply) => {
    const { token } = request.params;
    const user = userOf(token);
    if (prefersJson(request)) return { user, csrfToken: reply.csrfToken() };
    const messages = request.flash();
    return sendPage(reply, newPasswordPage({ csrfToken: reply.csrfToken(), messages, user, token }));
  });

  app.post<TokenPath>('/password-reset/:token', async (request, reply) => {
    const { token } = request.params;
    userOf(token);
    const password = field(request.body, 'password');
    const problem = passwordProblem(password);
    if (problem !== undefined) {
      if (prefersJson(request)) return reply.code(400).send({ error: problem });
      request.flash('error', problem);
      return reply.redirect(`/password-reset/${token}`, 303);
    }
    const hash = await inTurn(() => hashPassword(password));
    // Once more, since that took a moment: of two that use the link at once, one comes too late.
    await accounts.look(0);
    const user = userOf(token);
    await accounts.choosePassword(user, hash);
    await tokens.refresh.revokeUser(user);
    request.session.destroy();
    if (prefersJson(request)) return { user };
    request.flash('username', user);
    request.flash('success', 'Your password is changed. Sign in with the new one.');
    return reply.redirect('/', 303);
  });

  function linkFor(request: FastifyRequest, user: string): string {
    const token = tokens.reset.sign({ user }, { bind: accounts.passwordState(user) });
    return `${originFor(request, origin)}/password-reset/${token}`;
  }

  /** Whose password a link is for. @throws Refusal when it has expired or was used */
  function userOf(token: string): string {
    const result = tokens.reset.verify(token, { bind: ({ user }) => accounts.passwordState(user) });
    if (!result.ok) throw new Refusal(403, NO_LONGER);
    return result.payload.user;
  }
};

function passwordProblem(password: string): string | undefined {
  if (password.length < SHORTEST_PASSWORD)
    return `Please choose a password of at least ${SHORTEST_PASSWORD} characters.`;
  if (password.length <= LONGEST_PASSWORD) return undefined;
  return `Please choose a password of at most ${LONGEST_PASSWORD} characters.`;
}

const ASK_AGAIN = { to: '/password-reset', label: 'Ask for a new link' };

const NO_NAME = { advice: 'Go back and try again.', way: ASK_AGAIN };

const NO_LONGER = {
  title: 'This link does not work',
  advice: 'It was used already, or has expired. Nothing has been changed.',
  way: ASK_AGAIN,
};
