// Nest on Express. `PORT=3000 node dist/express.js`
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import keyturn from 'keyturn/express';
import { NotesModule } from './notes.js';

const app = await NestFactory.create<NestExpressApplication>(NotesModule, { abortOnError: false });
const sessions = keyturn();
app.useBodyParser('urlencoded', { extended: false }); // first: the token of a form is in its body
app.use(sessions);
await sessions.ready(); // refuses to start without a secret in production
await app.listen(process.env.PORT ?? 3000);
