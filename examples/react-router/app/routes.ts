import { index, type RouteConfig } from '@react-router/dev/routes';

export default [index('./notes.tsx')] satisfies RouteConfig;
