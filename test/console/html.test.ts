// The template of the console: text from outside stays text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html, Markup } from '../../src/console/html.js';
import { named, readHtml, textOf } from './read-html.js';

describe('a template', () => {
  test('escapes what is put in, in text and in attributes', () => {
    const name = `"><script>alert('x')</script>&`;
    expect(html`<p title="${name}">${name}</p>`.toString()).toBe(
      '<p title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;</p>',
    );
  });

  test('takes what another template made, lists of it, and nothing', () => {
    const items = ['a', '<b>'].map((name) => html`<li>${name}</li>`);
    expect(html`<ul>${items}${undefined}${false}${0}</ul>`.toString()).toBe(
      '<ul><li>a</li><li>&lt;b&gt;</li>0</ul>',
    );
  });

  test('does not take an object that looks like markup', () => {
    const alike = { toString: () => '<script></script>' } as unknown as Markup;
    expect(() => html`<p>${alike}</p>`.toString()).toThrow();
    expect(html`<p>${new Markup('<b>ours</b>')}</p>`.toString()).toBe('<p><b>ours</b></p>');
  });

  test('shows characters that control a terminal or turn text around as what they are', () => {
    expect(html`${'a\u202eb\u0000c\u2028d'}`.toString()).toBe('a\\u202eb\\u0000c\\u2028d');
  });

  test('whatever is put in: there is the one element, with the one text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const page = readHtml(html`<p title="${text}">x${text}x</p>`.toString());
        expect(named(page, 'p')).toHaveLength(1);
        expect(page.children).toHaveLength(1);
        const [paragraph] = named(page, 'p');
        expect(textOf(paragraph as never)).toMatch(/^x.*x$/su);
      }),
    );
  });
});
