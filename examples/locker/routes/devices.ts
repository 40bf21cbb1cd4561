// Where a user is signed in, and signing out there. Only where sessions are kept in a store is there a list of them.
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { listSessions, signOutEverywhere, signOutSession } from 'keyturn';
import { Refusal } from '../errors.js';
import { field } from '../fields.js';
import { keepPrivate, prefersJson, sendPage } from '../negotiate.js';
import { devicesPage } from '../pages/devices.js';
import { signedInUser } from './sign-in.js';

export const deviceRoutes: FastifyPluginAsync = async (app) => {
  const { keyturn } = app;

  app.get('/devices', async (request, reply) => {
    const user = signedInUser(request);
    const here = request.session.id;
    keepPrivate(reply);
    const devices = keyturn.sessionStore && (await listSessions(keyturn, user));
    if (!prefersJson(request))
      return sendPage(
        reply,
        devicesPage({ csrfToken: reply.csrfToken(), messages: request.flash(), user, devices, here }),
      );
    return { devices: devices?.map((device) => ({ ...device, here: device.id === here })) ?? null };
  });

  app.post('/devices/sign-out', async (request, reply) => {
    const user = signedInUser(request);
    requireList();
    // Of the user's own alone: the id has come with the form.
    const ended = await signOutSession(keyturn, field(request.body, 'id'), { user });
    return done(request, reply, Number(ended));
  });

  app.post('/devices/sign-out-others', async (request, reply) => {
    const user = signedInUser(request);
    requireList();
    return done(request, reply, await signOutEverywhere(keyturn, user, { except: request.session.id }));
  });

  function requireList(): void {
    if (keyturn.sessionStore === undefined) throw new Refusal(409, NO_LIST);
  }
};

const NO_LIST = {
  title: 'There is no list of devices',
  advice: 'This Locker keeps each session in its browser alone. A new password signs out all others.',
};

function done(request: FastifyRequest, reply: FastifyReply, ended: number): FastifyReply {
  if (prefersJson(request)) return reply.send({ ended });
  const devices = ended === 1 ? 'One device is' : `${ended} devices are`;
  request.flash('success', ended === 0 ? 'That device was signed out already.' : `${devices} signed out.`);
  return reply.redirect('/devices', 303);
}
