import Fastify from 'fastify';
import { createKeyturn, type Keyturn, KeyturnError } from 'keyturn';
import plugin from 'keyturn/fastify';
import prove from '../prove/prove.cjs';

let made: Keyturn | undefined;
const create = async (options: object) => {
  made = await createKeyturn(options);
  return made;
};
prove({ createKeyturn: create, KeyturnError, Fastify, plugin }).then(
  (said: string) => console.log(said),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
