// Frameworks that are not installed here, as far as the page uses them. `npm run test:examples` runs the same in the real
// Next and React Router.
declare module 'next/headers' {
  type Cookies = { readonly name: string; readonly value: string };
  export function cookies(): Promise<{
    get(name: string): Cookies | undefined;
    getAll(): Cookies[];
    set(name: string, value: string, options?: object): unknown;
  }>;
  export function headers(): Promise<Headers>;
}
declare module 'next/navigation' {
  export function redirect(url: string): never;
}
declare module 'next/server' {
  export class NextRequest extends Request {}
  export class NextResponse extends Response {
    static next(): NextResponse;
  }
}
declare module 'react-router' {
  interface Context<T> {
    readonly defaultValue?: T;
  }
  export function createContext<T>(): Context<T>;
  export interface RouterContextProvider {
    get<T>(context: Context<T>): T;
    set<T>(context: Context<T>, value: T): void;
  }
  export interface ActionFunctionArgs {
    readonly request: Request;
    readonly context: RouterContextProvider;
  }
  export type MiddlewareFunction<Result> = (
    args: ActionFunctionArgs,
    next: () => Promise<Result>,
  ) => Promise<Result>;
  export function redirect(url: string): Response;
}
declare module '@sveltejs/kit/hooks' {
  interface Event {
    readonly request: Request;
    readonly locals: App.Locals;
  }
  export type Handle = (input: {
    event: Event;
    resolve(event: Event): Response | Promise<Response>;
  }) => Response | Promise<Response>;
}
declare module 'astro:middleware' {
  interface Context {
    readonly request: Request;
    readonly isPrerendered: boolean;
    readonly locals: App.Locals;
  }
  type Handler = (context: Context, next: () => Promise<Response>) => Response | Promise<Response>;
  export function defineMiddleware(handler: Handler): Handler;
}
declare module 'h3' {
  export interface H3Event {
    readonly path: string;
  }
  export function defineEventHandler<T>(handler: (event: H3Event) => T): typeof handler;
  export function toWebRequest(event: H3Event): Request;
}
declare module '@tanstack/react-router' {
  interface Options {
    server: { handlers: { POST: (context: { request: Request }) => Response | Promise<Response> } };
  }
  export function createFileRoute(path: string): (options: Options) => object;
}
declare module '@tanstack/react-start' {
  interface Result {
    readonly response: Response;
  }
  interface Step {
    readonly request: Request;
    next(options: { context: object }): Promise<Result>;
  }
  export function createMiddleware(): { server(handler: (step: Step) => Promise<Result>): object };
  export function createStart(options: () => { requestMiddleware: object[] }): object;
}
declare namespace App {
  interface Locals {
    visit: import('keyturn/web').WebContext;
  }
}
declare namespace JSX {
  type Element = object;
  interface IntrinsicElements {
    p: { children?: unknown };
  }
}
