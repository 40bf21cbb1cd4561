// The pages as a site: `npm run docs:site`. They are written for GitHub and stay as they are; what differs is done here.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { defineConfig } from 'vitepress';

const root = join(import.meta.dirname, '../..');
const repository = 'https://github.com/keyturn/keyturn';
const raw = 'https://raw.githubusercontent.com/keyturn/keyturn/main/';
const read = (page) => readFileSync(join(root, page), 'utf8');

/** What a text of a page links to; the index of a folder comes with what it lists of that folder. */
function linksOf(page, text = read(page), only = '') {
  const found = new Map();
  for (const [, name, link] of text.matchAll(/\[([^\]]+)\]\(([^):#\s]+\.md)\)/g)) {
    const path = join(dirname(page), link);
    if (path === page || !path.startsWith(only) || found.has(path)) continue;
    const items = path.endsWith('/README.md') ? linksOf(path, read(path), `${dirname(path)}/`) : [];
    const below = items.length === 0 ? {} : { items, collapsed: true };
    const address = `/${path.replace(/(README)?\.md$/, '')}`;
    found.set(path, { text: name.replaceAll('`', ''), link: address, ...below });
  }
  return [...found.values()];
}

/** A section for each heading of the index: a page that it does not list fails test/docs/links.test.ts. */
const sections = read('docs/README.md').split(/^## /m).slice(1);
const sidebar = sections.map((section, n) => {
  return { text: section.split('\n', 1)[0], items: linksOf('docs/README.md', section), collapsed: n > 0 };
});

/** The anchors that GitHub makes of headings. */
const slugify = (heading) => {
  const plain = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
  return plain.trim().replace(/\s/g, '-');
};

/** What the site does not have is on GitHub: sources, examples. The pictures it has. */
function local(text, page) {
  const here = dirname(join(root, page));
  const near = text.replaceAll(raw, `${relative(here, root) || '.'}/`);
  return near.replace(/\]\(((?![a-z]+:)[^)#\s]+)(#[^)\s]*)?\)/g, (all, path, anchor = '') => {
    const target = relative(root, join(here, path));
    const isPage = target.endsWith('.md') && (target.startsWith('docs/') || !target.includes('/'));
    if (isPage) return `](${path.replace(/README\.md$/, 'index.md')}${anchor})`;
    if (target.endsWith('.svg') || !existsSync(join(root, target))) return all;
    return `](${repository}/blob/main/${target}${anchor})`;
  });
}

/** The pages lie outside this folder, where Vue is not found; what is made of them runs within it. */
const vueForPages = (id, _importer, { ssr }) =>
  ssr && /^vue(\/|$)/.test(id) ? { id, external: true } : undefined;

export default defineConfig({
  title: 'Keyturn',
  description: 'Change your session secret without signing anyone out',
  base: process.env.SITE_BASE ?? '/',
  head: [['link', { rel: 'icon', href: 'data:,' }]], // so that no browser asks for one
  srcDir: '..',
  outDir: 'dist',
  srcExclude: ['!(docs)/**/*.md'],
  rewrites: { 'README.md': 'index.md', ':folder(.*)/README.md': ':folder/index.md' },
  ignoreDeadLinks: 'localhostLinks', // any other fails the build
  vite: { plugins: [{ name: 'vue for pages', enforce: 'pre', resolveId: vueForPages }] },
  appearance: 'force-auto', // as the pictures: by what the visitor's system prefers
  markdown: {
    anchor: { slugify },
    config(md) {
      const { render } = md;
      md.render = (text, env) => render.call(md, local(text, relative(root, env.path)), env);
      md.core.ruler.push('no braces of Vue in code', ({ tokens }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? []))
          if (token.type === 'code_inline') token.attrSet('v-pre', '');
      });
    },
  },
  themeConfig: {
    nav: [{ text: 'GitHub', link: repository }],
    sidebar: [{ text: 'All pages', link: '/docs/' }, ...sidebar],
    outline: [2, 3],
    search: {
      provider: 'local',
      options: { miniSearch: { searchOptions: { combineWith: 'AND', fuzzy: 0.1 } } },
    },
  },
});
