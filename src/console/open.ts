// The console of an app. Loaded when somebody is let in for the first time: most processes of an app show none.
import { internalsOf, type Keyturn } from '../keyturn.js';
import { ConsoleApp } from './app.js';
import { sourceOfApp } from './facts.js';

export function openConsole(keyturn: Keyturn, steps: boolean): ConsoleApp {
  const { settings, logger, onClose } = internalsOf(keyturn);
  const app = new ConsoleApp({ source: sourceOfApp(keyturn), steps, app: settings.get('app'), logger });
  onClose.add(() => app.close());
  return app;
}
