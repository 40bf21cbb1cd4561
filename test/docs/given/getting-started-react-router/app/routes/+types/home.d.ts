import type { ActionFunctionArgs } from 'react-router';
import type { loader } from '../home.js';

export namespace Route {
  export type LoaderArgs = ActionFunctionArgs;
  export type ActionArgs = ActionFunctionArgs;
  export interface ComponentProps {
    readonly loaderData: ReturnType<typeof loader>;
  }
}
