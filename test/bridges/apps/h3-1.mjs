// An app on the sessions of the older h3, which Nuxt has.
import { app as newer } from './h3.mjs';

export const app = async (load) => await newer(load, { name: 'h3-1' });
