// An app whose tokens are of @nestjs/jwt.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, '@nestjs/jwt');
