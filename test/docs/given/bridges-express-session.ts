import express from 'express';
import { MemoryStore } from 'express-session';

export const app = express();
export const store = new MemoryStore();
