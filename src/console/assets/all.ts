// What pages load: each has a digest of itself in its name, so that it may be kept for ever.
import { digest } from '../../signing/digest.js';
import type { Frame } from '../contract.js';
import { ICON } from './icon.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

export interface Asset {
  readonly text: string;
  readonly type: string;
}

const ASSETS: ReadonlyMap<string, Asset> = new Map(
  [
    { ending: 'css', text: STYLE, type: 'text/css; charset=utf-8' },
    { ending: 'js', text: SCRIPT, type: 'text/javascript; charset=utf-8' },
    { ending: 'svg', text: ICON, type: 'image/svg+xml; charset=utf-8' },
  ].map(({ ending, ...asset }) => [`/assets/console-${digest(asset.text).slice(0, 12)}.${ending}`, asset]),
);
const [STYLE_PATH = '', SCRIPT_PATH = '', ICON_PATH = ''] = ASSETS.keys();

/** @param path below the console */
export function assetAt(path: string): Asset | undefined {
  return ASSETS.get(path);
}

/** Where they are. @param base where the console is, seen from the page */
export function assetsFrom(base: string): Frame['assets'] {
  return { style: base + STYLE_PATH, script: base + SCRIPT_PATH, icon: base + ICON_PATH };
}
