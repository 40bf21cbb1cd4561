// The one style sheet. It stands in every page, and the Content-Security-Policy allows it by its hash.
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f5f3ee;
  --card: #fffefb;
  --ink: #1b2320;
  --soft: #56615b;
  --line: #dfdbd1;
  --edge: #85897f;
  --accent: #1c6450;
  --accent-strong: #144a3b;
  --on-accent: #ffffff;
  --success: #e2f0e7;
  --on-success: #17503c;
  --danger: #a4321f;
  --danger-strong: #822615;
  --on-danger: #ffffff;
  --error: #fae6e1;
  --on-error: #8a2a1b;
  --shadow: 0 1px 2px rgb(27 35 32 / 6%), 0 12px 32px -12px rgb(27 35 32 / 16%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121715;
    --card: #1a211e;
    --ink: #e8ece8;
    --soft: #a5b0a9;
    --line: #2d3733;
    --edge: #6b7871;
    --accent: #74c8ab;
    --accent-strong: #97dcc4;
    --on-accent: #0b1a14;
    --success: #17342a;
    --on-success: #a9e4cc;
    --danger: #ff9d87;
    --danger-strong: #ffb9a9;
    --on-danger: #2a0f09;
    --error: #3c1f19;
    --on-error: #ffb9a9;
    --shadow: 0 1px 2px rgb(0 0 0 / 30%), 0 12px 32px -12px rgb(0 0 0 / 50%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  background: var(--paper);
  color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
}
.bar, main, footer { width: 100%; max-width: 64rem; margin: 0 auto; padding-inline: clamp(1rem, 5vw, 2.5rem); }
.bar {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 1rem;
  padding-block: 1.25rem;
}
.brand {
  display: inline-flex;
  flex: none;
  align-items: center;
  gap: .625rem;
  color: inherit;
  font-size: 1.1875rem;
  font-weight: 650;
  letter-spacing: -.015em;
  text-decoration: none;
  border-radius: .5rem;
}
.mark rect { fill: var(--accent); }
.mark path { fill: var(--on-accent); }
main { flex: 1; padding-block: clamp(1.5rem, 6vh, 4.5rem) 4rem; }
footer { padding-block: 1.25rem 2rem; color: var(--soft); font-size: .875rem; }
footer p { margin: 0; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h1, h2 { line-height: 1.15; letter-spacing: -.022em; font-weight: 680; text-wrap: balance; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: clamp(1.875rem, 1.35rem + 2.4vw, 2.75rem); }
h2 { margin: 0 0 1.25rem; font-size: 1.25rem; letter-spacing: -.012em; }
.lead { margin: 0 0 2rem; max-width: 34rem; color: var(--soft); font-size: 1.1875rem; line-height: 1.55; text-wrap: pretty; }
.split { display: grid; gap: 2.5rem; align-items: start; }
.intro .lead { margin-bottom: 0; }
@media (min-width: 52rem) {
  .split { grid-template: auto 1fr / minmax(0, 1fr) 23rem; gap: 2.5rem 4.5rem; }
  .split .card { grid-area: 1 / 2 / 3; }
}
.points { margin: 0; padding: 0; list-style: none; display: grid; gap: 1rem; max-width: 34rem; color: var(--soft); }
.points li { padding-left: 1.125rem; border-left: 3px solid var(--accent); }
.points strong { display: block; color: var(--ink); font-weight: 620; }
.card {
  padding: clamp(1.25rem, 4vw, 2rem);
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 1rem;
  box-shadow: var(--shadow);
}
label { display: block; margin-bottom: .375rem; font-size: .9375rem; font-weight: 600; }
input {
  width: 100%;
  margin-bottom: 1.125rem;
  padding: .625rem .75rem;
  background: var(--paper);
  color: inherit;
  border: 1px solid var(--edge);
  border-radius: .5rem;
  font: inherit;
}
input[aria-invalid="true"] { border-color: var(--on-error); }
button, .button {
  display: inline-block;
  padding: .6875rem 1.25rem;
  background: var(--accent);
  color: var(--on-accent);
  border: 1px solid transparent;
  border-radius: .5rem;
  font: inherit;
  font-weight: 620;
  line-height: 1.4;
  text-decoration: none;
  cursor: pointer;
}
.card form button { width: 100%; margin-top: .375rem; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: from-font; }
a:hover { color: var(--accent-strong); }
button:hover, .button:hover { background: var(--accent-strong); }
.quiet { padding: .375rem .875rem; background: transparent; color: inherit; border-color: var(--edge); font-size: .9375rem; }
.quiet:hover { background: var(--card); border-color: var(--ink); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.sign-out { display: flex; align-items: center; gap: .75rem; min-width: 0; }
.sign-out bdi { min-width: 0; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--soft); font-size: .9375rem; }
.sign-out button { flex: none; }
.hint { margin: -.25rem 0 1rem; color: var(--soft); font-size: .875rem; line-height: 1.5; }
code { padding: .125em .375em; background: var(--paper); border: 1px solid var(--line); border-radius: .375rem; font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
.message { margin: 0 0 2rem; padding: .8125rem 1.125rem; border-radius: .625rem; font-weight: 550; border: 1px solid color-mix(in srgb, currentcolor 22%, transparent); }
.card .message { margin-bottom: 1.25rem; padding: .625rem .875rem; font-size: .9375rem; }
.message + .message { margin-top: -1.25rem; }
.success { background: var(--success); color: var(--on-success); }
.error { background: var(--error); color: var(--on-error); }
.name { font-size: clamp(1.375rem, 1.15rem + 1.1vw, 1.875rem); line-height: 1.25; }
.desk { display: grid; gap: 2rem; margin-top: 1.75rem; align-items: start; }
@media (min-width: 56rem) {
  .desk { grid-template: auto 1fr / minmax(0, 1fr) 19rem; gap: 1.5rem 3rem; }
  .desk .card { grid-column: 2; padding: 1.5rem; }
  .desk .shelf { grid-area: 1 / 1 / 3; }
}
input[type="file"] { padding: .5rem; font-size: .9375rem; }
input::file-selector-button { margin: 0 .75rem 0 0; padding: .3125rem .75rem; background: var(--card); color: inherit; border: 1px solid var(--edge); border-radius: .375rem; font: inherit; cursor: pointer; }
.shelf h2 { margin-bottom: .75rem; }
.empty { margin: 0; padding: 2.5rem 1.5rem; border: 1px dashed var(--edge); border-radius: 1rem; color: var(--soft); text-align: center; text-wrap: balance; }
.files { margin: 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
.files li { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .625rem 1.5rem; padding-block: .875rem; border-bottom: 1px solid var(--line); }
.file { flex: 1 1 14rem; min-width: 0; margin: 0; font-weight: 600; line-height: 1.4; overflow-wrap: anywhere; }
.file small { display: block; color: var(--soft); font-size: .875rem; font-weight: 400; }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; }
.actions .quiet { padding: .25rem .75rem; font-size: .875rem; font-weight: 550; }
.dialog { width: min(26rem, calc(100vw - 2rem)); padding: 1.5rem; background: var(--card); color: inherit; border: 1px solid var(--line); border-radius: 1rem; box-shadow: var(--shadow); }
.dialog::backdrop { background: rgb(10 16 13 / 45%); }
.dialog p { margin: 0 0 1.25rem; overflow-wrap: anywhere; }
.dialog strong { display: block; margin-bottom: .375rem; font-size: 1.125rem; line-height: 1.35; }
.dialog p { flex: 1 0 100%; }
.dialog:popover-open { display: flex; flex-wrap: wrap; gap: .5rem; }
.dialog button { padding: .5rem 1rem; font-size: .9375rem; }
.danger { background: var(--danger); color: var(--on-danger); }
.danger:hover { background: var(--danger-strong); }
.column { max-width: 36rem; }
.column > .hint { margin-top: 1.25rem; }
.column .card + .card { margin-top: 1.5rem; }
.back { margin: 0 0 1rem; font-size: .9375rem; }
.back a::before { content: "← "; }
.aside { margin: 1.125rem 0 0; font-size: .9375rem; text-align: center; }
fieldset { margin: 0 0 .75rem; padding: 0; border: 0; }
legend { margin-bottom: .625rem; padding: 0; font-size: .9375rem; font-weight: 600; }
.choice { display: flex; align-items: center; gap: .625rem; margin: 0; padding: .4375rem 0; font-size: 1rem; font-weight: 450; }
.choice input { width: 1.125rem; height: 1.125rem; margin: 0; accent-color: var(--accent); }
.made { border-color: var(--accent); }
.made h2 { margin-bottom: .875rem; }
.copy { margin: 0; padding: .75rem .875rem; background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; font: .875rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; word-break: break-all; }
.copy a { text-decoration: none; }
.copy a:hover { text-decoration: underline; }
.made .hint { margin: .875rem 0 0; }
.go { margin: 1.75rem 0 0; }
.go .button { display: block; text-align: center; }
dl { display: grid; gap: .25rem 2rem; margin: 0; }
dt { color: var(--soft); font-size: .9375rem; }
dd { margin: 0 0 .75rem; overflow-wrap: anywhere; }
@media (min-width: 32rem) {
  dl { grid-template-columns: max-content minmax(0, 1fr); gap: .75rem 2.5rem; align-items: baseline; }
  dd { margin: 0; }
}
.about dl { grid-template-columns: none; gap: .125rem; }
.about dd:not(:last-child) { margin-bottom: .75rem; }
.notice { max-width: 36rem; padding-block: clamp(0rem, 6vh, 4rem); }
.status { margin: 0 0 .75rem; color: var(--accent); font-size: .9375rem; font-weight: 620; letter-spacing: .02em; }
@media (forced-colors: active) { .mark rect { fill: CanvasText; } .mark path { fill: Canvas; } }
`;
