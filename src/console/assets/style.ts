// How the pages look, as text: no file is read while a process runs. Four colours and no more: one for the key that
// signs, one for what is staged or waits, one for what retires, and red for what is wrong or revoked.

export const STYLE: string = `:root {
  color-scheme: light dark;
  --paper: #fbfaf8;
  --sheet: #fff;
  --ink: #1b1d1f;
  --soft: #575c61;
  --line: #dfdcd6;
  --faint: #efede8;
  --sign: #0b7064;
  --sign-wash: #e2f2ef;
  --stage: #8a5300;
  --stage-fill: #d9952b;
  --stage-wash: #fdf1dc;
  --retire: #5c6670;
  --retire-fill: #76828c;
  --gone: #929aa1;
  --alarm: #b3261e;
  --alarm-wash: #fdeae8;
  --on: #fff;
  --mono: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131517;
    --sheet: #1b1e21;
    --ink: #e9e8e5;
    --soft: #a5abb1;
    --line: #33383d;
    --faint: #24282c;
    --sign: #5cc9b7;
    --sign-wash: #14302c;
    --stage: #eab35a;
    --stage-fill: #c98a2c;
    --stage-wash: #35280f;
    --retire: #a9b3bc;
    --retire-fill: #808a93;
    --gone: #626a71;
    --alarm: #ff8a80;
    --alarm-wash: #3c1b19;
    --on: #10201d;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto;
  max-width: 76rem;
  padding: 0 clamp(1rem, 4vw, 3rem);
  background: var(--paper);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 3px solid var(--sign); outline-offset: 3px; border-radius: 3px; }
main:focus { outline: none; }
time { white-space: nowrap; }
h1, h2, h3 { line-height: 1.25; font-weight: 600; text-wrap: balance; }
h1 { margin: 0 0 .5rem; font-size: clamp(1.5rem, 1.2rem + 1.4vw, 2.1rem); letter-spacing: -.015em; }
h2 { margin: 0 0 1rem; font-size: 1.125rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p { margin: 0 0 .5rem; }
section { margin: 0 0 3rem; }
code { font-family: var(--mono); font-size: .92em; }
.lead { max-width: 44rem; margin-bottom: 2rem; color: var(--soft); font-size: 1.0625rem; }
.hint, .known, .empty { color: var(--soft); }
.hint, .known { font-size: .875rem; font-weight: 400; }
h2 .number { margin-left: .35rem; color: var(--soft); font-weight: 400; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--sheet); }
.skip:focus { top: 1rem; }

.top { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 2rem; padding: 1.25rem 0; margin-bottom: 2rem; border-bottom: 1px solid var(--line); }
.brand { margin: 0 auto 0 0; }
.brand a, .brand.plain { display: inline-flex; align-items: center; gap: .5rem; text-decoration: none; }
.brand span:first-of-type { font-weight: 650; white-space: nowrap; }
.brand .mark { flex: none; color: var(--sign); }
.brand .app { padding-left: .6rem; border-left: 1px solid var(--line); color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: block; padding: .25rem 0; color: var(--soft); text-decoration: none; border-bottom: 2px solid transparent; }
nav a:hover { color: var(--ink); }
nav a[aria-current] { color: var(--ink); border-bottom-color: var(--sign); }
.foot { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 2rem; margin-top: 4rem; padding: 1.25rem 0 2rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }
.foot p { margin: 0; }
.asof { margin-bottom: 1.25rem; color: var(--soft); font-size: .875rem; }
.asof:has(.lost) { position: sticky; top: 0; z-index: 1; padding: .6rem 1rem; border: 1px solid var(--alarm); border-radius: 6px; background: var(--alarm-wash); color: var(--alarm); font-size: 1rem; font-weight: 600; }
.asof:has(.past) { position: sticky; top: 0; z-index: 1; padding: .6rem 1rem; border: 1px solid var(--sign); border-radius: 6px; background: var(--sign-wash); color: var(--ink); font-size: 1rem; font-weight: 600; }
.stale { filter: grayscale(1); }
.stale .sentence h1::before { content: "No longer current: "; }

.kid { font-weight: 600; white-space: nowrap; }
.kid.active, .state.active { color: var(--sign); }
.kid.staged, .state.staged { color: var(--stage); }
.kid.retiring, .state.retiring, .state.retired { color: var(--retire); }
.kid.retired { color: var(--soft); }
.kid.revoked, .state.revoked { color: var(--alarm); }
.kid.revoked { text-decoration: line-through; }
.held { color: var(--stage); font-weight: 600; }
.stopped { color: var(--alarm); font-weight: 600; }
.count { white-space: nowrap; }
.command { display: inline-block; padding: .2rem .55rem; border: 1px solid var(--line); border-radius: 5px; background: var(--faint); user-select: all; }

.sentence { --tone: var(--sign); --wash: var(--sign-wash); padding: clamp(1.25rem, 3vw, 2.25rem); border-left: 6px solid var(--tone); border-radius: 4px 12px 12px 4px; background: var(--wash); }
.sentence.calm { --wash: var(--sheet); }
.sentence.wait { --tone: var(--stage); --wash: var(--stage-wash); }
.sentence.alarm { --tone: var(--alarm); --wash: var(--alarm-wash); }
.tone { display: flex; align-items: center; gap: .5rem; margin-bottom: .75rem; color: var(--tone); font-weight: 600; }
.tone svg { fill: none; stroke: var(--on); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.tone circle { fill: var(--tone); stroke: none; }
.sentence h1 { max-width: 54rem; margin-bottom: 1.25rem; font-weight: 500; text-wrap: pretty; }
.sentence h1:last-child { margin-bottom: 0; }
.sentence h1.long { font-size: clamp(1.2rem, 1.05rem + .6vw, 1.45rem); letter-spacing: 0; }
.sentence .next { margin: 0; color: var(--soft); }
.sentence .next b { color: var(--ink); }
.sentence .command { background: var(--sheet); color: var(--ink); margin: 0 .4rem 0 .2rem; }

.beside { display: grid; grid-template-columns: 16rem 12rem minmax(0, 1fr); gap: 1rem 2rem; margin: -1.5rem 0 3rem; }
.beside dt { color: var(--soft); font-size: .875rem; }
.beside dd { margin: 0; font-size: 1.125rem; font-weight: 600; max-width: 40rem; }
.beside .good { color: var(--sign); }

.ring { margin: 0; padding: 0; list-style: none; }
.ring li { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr) 21rem; align-items: center; column-gap: 1.5rem; min-height: 3.5rem; border-top: 1px solid var(--faint); }
.ring p { margin: 0; padding: .5rem 0; }
.ring .then { font-size: .9375rem; line-height: 1.4; }
.ring-axis { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr) 21rem; column-gap: 1.5rem; }
.ring-axis svg { grid-column: 2; }
.track, .axis { display: block; overflow: visible; }
.track { align-self: stretch; height: 100%; min-height: 28px; }
.track .grid { stroke: var(--faint); }
.track .now { stroke: var(--ink); stroke-width: 1.5; }
.bar.active, .fill.active { fill: var(--sign); }
.bar.staged { fill: var(--stage-fill); }
.fill.staged { fill: var(--stage-fill); }
.bar.retiring, .fill.retiring { --own: var(--retire-fill); fill: var(--retire-fill); }
.fill.retired, .fill.unknown { fill: var(--gone); }
.key.retired .bar, .key.revoked .bar { opacity: .45; }
.shade-2:is(.bar, .fill) { fill-opacity: .15; stroke: var(--own, var(--gone)); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.bar.shade-4, .fill.shade-4 { opacity: .4; }
.fill.part { opacity: .5; }
.fill.revoked { --own: var(--alarm); fill: var(--alarm); }
.ahead { stroke-width: 2; stroke: var(--retire); }
.ahead.staged, .safe.staged { stroke: var(--stage); }
.safe { fill: var(--sheet); stroke: var(--retire); stroke-width: 2; }
.end { fill: none; stroke: var(--retire); stroke-width: 2; }
.end.revoked { stroke: var(--alarm); }
.tick { fill: var(--soft); font-size: 12px; }
.tick.now { fill: var(--ink); font-weight: 600; }

table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .6rem 1.25rem .6rem 0; text-align: left; vertical-align: top; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .8125rem; padding-bottom: .35rem; }
tbody tr { border-top: 1px solid var(--line); }
th, td { min-width: 6.25rem; }
tbody th { min-width: 8.5rem; font-weight: 600; }
.short { white-space: nowrap; }
.shared td { padding-left: 1rem; border-left: 2px solid var(--line); }
th.number, td.number { text-align: right; }
.good::before { content: "\\2713\\00a0"; color: var(--sign); font-weight: 700; }
.odd { color: var(--stage); font-weight: 600; }
.bad { color: var(--alarm); font-weight: 600; }
.odd::before, .bad::before { content: "!\\00a0"; }
.summary { font-size: 1.0625rem; }
.names { columns: 11rem; margin: .75rem 0; padding: 0; list-style: none; font-size: .875rem; }
details { margin-top: .75rem; }
summary { cursor: pointer; padding: .35rem 0; color: var(--soft); }
summary:hover { color: var(--ink); }

.head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 2rem; }
.spans { margin-bottom: .5rem; font-size: .9375rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: 0 0 1.75rem; padding: 0; list-style: none; }
.swatch { --own: var(--gone); }
.swatch::before { content: ""; display: inline-block; width: .9em; height: .9em; margin-right: .5em; border-radius: 2px; background: var(--own); }
.swatch.active { --own: var(--sign); }
.swatch.staged { --own: var(--stage-fill); }
.swatch.retiring { --own: var(--retire-fill); }
.swatch.revoked { --own: var(--alarm); }
.swatch.shade-1::before { background: repeating-linear-gradient(var(--own) 0 2px, transparent 2px 4px); }
.swatch.shade-2::before { background: none; box-shadow: inset 0 0 0 1.5px var(--own); }
.swatch.shade-3::before { background: repeating-linear-gradient(var(--own) 0 4px, transparent 4px 8px); }
.swatch.shade-4::before { opacity: .4; }
.bars { position: relative; }
.plot { display: block; width: 100%; height: 9rem; border-bottom: 1px solid var(--soft); border-top: 1px dashed var(--line); }
.most { position: absolute; right: 0; top: -1.35rem; margin: 0; color: var(--soft); font-size: .75rem; }
.facts, .purposes { margin: 0; }
.purposes { padding: 0; list-style: none; }
.purposes li + li { margin-top: .35rem; }
.head-here { display: none; }
.words { margin-top: 3rem; }
.words[open] summary { margin-bottom: .5rem; }
.facts div { display: grid; grid-template-columns: 10rem minmax(0, 1fr); gap: 0 1.5rem; padding: .4rem 0; border-top: 1px solid var(--faint); }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }

.findings { margin: 0; padding: 0; list-style: none; }
.findings li { padding: .75rem 0 .75rem 1.25rem; border-left: 4px solid var(--line); margin-bottom: .75rem; }
.findings h3 { margin: 0 0 .15rem; }
.findings p { margin: 0; max-width: 60rem; }
.findings .hint::before { content: "\\2192\\00a0"; }
.findings .fail { border-color: var(--alarm); }
.findings .warn { border-color: var(--stage-fill); }
.findings .pass { border-color: var(--sign); padding-block: .25rem; }
.lines { margin: 0; padding-left: 1.2rem; }
.note { margin: 1rem 0 1.5rem; padding: .75rem 1.25rem; border-left: 4px solid var(--line); background: var(--sheet); }
.note.calm { border-color: var(--sign); }
.note.alarm { border-color: var(--alarm); background: var(--alarm-wash); }
.note .what { font-weight: 600; }
.note p:last-child { margin: 0; }
.choice { margin-bottom: 2rem; gap: .5rem; }
.choice a { padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 6px; color: var(--ink); }
.choice a[aria-current] { border-color: var(--ink); background: var(--sheet); }
.verdict { margin-bottom: 1.25rem; font-size: 1.125rem; font-weight: 600; text-wrap: pretty; }
.verdict.alarm, .refused { color: var(--alarm); }
.verdict.wait { color: var(--stage); }
.verdict.calm { color: var(--sign); }

.steps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1rem; margin: 0; padding: 0; list-style: none; }
.step { display: flex; flex-direction: column; padding: 1.25rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sheet); }
.step h3 { margin: 0 0 .5rem; }
.step p:last-child { margin: auto 0 0; padding-top: .75rem; }
.why { margin-bottom: 1rem; color: var(--soft); }
.why b { color: var(--ink); }
.why.ends b { color: var(--alarm); }
.button { display: inline-block; padding: .5rem 1rem; border: 1px solid var(--sign); border-radius: 6px; background: var(--sign); color: var(--on); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
.button .kid { color: inherit; text-decoration: none; }
.button:hover { filter: brightness(1.08); }
.button.off { border-color: var(--line); background: none; color: var(--soft); cursor: not-allowed; }
.button.plain { border-color: var(--soft); background: none; color: var(--ink); }
.button.harsh { border-color: var(--alarm); background: none; color: var(--alarm); }
.button.alarm { border-color: var(--alarm); background: var(--alarm); }
.confirm { max-width: 44rem; margin: 0 0 3rem; padding: 1.5rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sheet); }
.confirm.alarm { border-color: var(--alarm); }
.confirm p { margin-bottom: 1.25rem; }
.confirm .hint { display: block; margin-top: .25rem; }
.confirm p:last-child { margin: 0; }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input { width: 100%; padding: .55rem .75rem; border: 1px solid var(--soft); border-radius: 6px; background: var(--paper); color: inherit; font: inherit; }
input.typed { max-width: 14rem; font-family: var(--mono); }
.buttons { margin-bottom: 2rem; display: flex; flex-wrap: wrap; align-items: center; gap: .75rem 1.5rem; }

@media (max-width: 60rem) {
  .ring li { grid-template-columns: minmax(0, 1fr); padding: .75rem 0; }
  .ring p { padding: 0; }
  .ring .track { height: 28px; margin: .35rem 0; }
  .ring-axis { grid-template-columns: minmax(0, 1fr); }
  .ring-axis svg { grid-column: 1; }
}
@media (max-width: 53rem) {
  section { margin-bottom: 2.25rem; }
  .top { margin-bottom: 1.25rem; padding: 1rem 0; }
  .cards, .cards tbody, .cards tr, .cards th, .cards td { display: block; }
  .cards thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .cards tr { padding: .75rem 0; }
  .cards th, .cards td { min-width: 0; padding: .1rem 0; white-space: normal; }
  .cards td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .75rem; text-align: left; }
  .cards td[data-head]::before { content: attr(data-head); }
  .cards td::before, .head-here { color: var(--soft); font-size: .875rem; }
  .head-here { display: inline; }
  .cards td.number { text-align: left; }
  .facts div, .beside { grid-template-columns: minmax(0, 1fr); }
  .shared td { border-left: 0; }
}
@media (forced-colors: active) { .bar, .fill { forced-color-adjust: none; } }
@media (max-width: 40rem) { .tight { display: none; } }
@media (max-width: 26rem) { nav ul { gap: .25rem .5rem; } nav[aria-label="Console"] { font-size: .8125rem; } }
@media print { .top nav, .skip, .buttons { display: none; } }
`;
