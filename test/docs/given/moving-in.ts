import express from 'express';
import { createClient } from 'redis';

export const app = express();
export const client = createClient({ url: process.env.REDIS_URL });
await client.connect();
