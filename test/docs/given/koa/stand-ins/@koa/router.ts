// As far as the page uses it.
import type { Middleware } from 'koa';
import compose from 'koa-compose';

export default class Router {
  readonly #routes = new Map<string, Middleware>();

  get(path: string, ...handlers: Middleware[]): this {
    return this.#add(`GET ${path}`, handlers);
  }

  post(path: string, ...handlers: Middleware[]): this {
    return this.#add(`POST ${path}`, handlers);
  }

  /** The first that matches answers. */
  #add(route: string, handlers: Middleware[]): this {
    if (!this.#routes.has(route)) this.#routes.set(route, compose(handlers));
    return this;
  }

  routes(): Middleware {
    return (ctx, next) => (this.#routes.get(`${ctx.method} ${ctx.path}`) ?? ((_, go) => go()))(ctx, next);
  }
}
