// Nest on Fastify. `PORT=3000 node dist/fastify.js`
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import keyturn from 'keyturn/fastify';
import { NotesModule } from './notes.js';

const app = await NestFactory.create<NestFastifyApplication>(NotesModule, new FastifyAdapter());
await app.register(keyturn); // refuses to start without a secret in production
await app.listen(process.env.PORT ?? 3000);
