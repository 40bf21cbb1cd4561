import Fastify from 'fastify';
import { createKeyturn } from 'keyturn';

export const kt = await createKeyturn();
export const app = Fastify();
export const user = { id: 42, email: 'ada@example.com', passwordHash: '$argon2id$…' };
export const users = {
  hashOf: async (_id: number): Promise<string | undefined> => user.passwordHash,
  emailOf: async (_id: number): Promise<string | undefined> => user.email,
  setPassword: async (_id: number, _password: string): Promise<void> => {},
};
