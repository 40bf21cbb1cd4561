// What runs in the browser, as text: it is a file of its own there, so that no page needs a script in it. Every page works
// without. It draws the middle of the first page anew when the server sends it, keeps focus, what is unfolded and what is
// selected, and counts down.

/** Plain JavaScript, as every browser of today runs it. */
export const SCRIPT: string = `'use strict';
(() => {
  const live = document.getElementById('live');
  const connection = document.getElementById('connection');
  const announce = document.getElementById('announce');
  const reload = document.getElementById('reload');
  let ahead = 0;
  let waiting;
  let said;
  let isOver = false;

  const look = () => (live && live.querySelector('[data-now]')) || document.querySelector('[data-now]');
  const setClock = () => {
    const shown = look();
    if (shown) ahead = Number(shown.dataset.now) - Date.now();
  };
  const tell = (text, isLost) => {
    if (!connection) return;
    if (connection.textContent === text) return;
    connection.textContent = text;
    if (isLost && announce && !connection.classList.contains('lost')) announce.textContent = text;
    connection.classList.toggle('lost', isLost);
    if (reload) reload.hidden = !isLost;
    live.classList.toggle('stale', isLost);
  };
  /** In the zone of the server, as every other moment on the page. @param at by its clock */
  const time = (at) => {
    const { zone } = look().dataset;
    const [, sign, hours, minutes] = /^([+-])(\\d\\d):(\\d\\d)$/.exec(zone) || ['', '+', 0, 0];
    const away = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
    return new Date(at + away * 60000).toISOString().slice(11, 19) + ' ' + zone;
  };

  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  // As timeLeft() of the server says it.
  const length = (exact) => {
    const seconds = Math.ceil(exact);
    const first = units.findIndex(([, size]) => seconds >= size);
    const step = (units[first + 1] || units[3])[1];
    const rounded = Math.ceil(seconds / step) * step;
    const at = units.findIndex(([, size]) => rounded >= size);
    const [unit, size] = units[at];
    const [small, smallSize] = units[at + 1] || units[3];
    const rest = Math.floor((rounded % size) / smallSize);
    return Math.floor(rounded / size) + ' ' + unit + (rest === 0 ? '' : ' ' + rest + ' ' + small);
  };
  const begun = connection ? connection.textContent : '';
  // Only the first page is drawn anew. On any other one what was to come when it was made is over at some time.
  const made = live || !look() ? 0 : Number(look().dataset.now);
  const isPassed = (one, now) => {
    const at = Date.parse(one.dateTime);
    return made > 0 && at > made && at <= now;
  };
  /** A page that is not drawn anew says how old it is, and when a moment on it is over. */
  const age = (now) => {
    const shown = look();
    if (live || !connection || !shown) return;
    const old = Math.floor((now - Number(shown.dataset.now)) / 1000);
    if (old < 5) return;
    const isOver = [...document.querySelectorAll('[data-countdown]')].some((one) => isPassed(one, now));
    const text = begun.replace(/[.]$/, '') + ', ' + length(old) + ' ago.';
    connection.textContent = isOver
      ? begun.replace(/^As of/, 'This page is from') + ' A moment that it names has passed: reload it.'
      : text;
    connection.classList.toggle('lost', isOver);
  };
  const tick = () => {
    // What is no longer told is not counted on.
    if (live && (isOver || live.classList.contains('stale'))) return;
    const now = Date.now() + ahead;
    for (const one of document.querySelectorAll('[data-countdown]')) {
      const left = Date.parse(one.dateTime) - now;
      const text = left > 0 ? 'in ' + length(left / 1000) : isPassed(one, now) ? 'passed' : 'now';
      if (one.textContent !== text) one.textContent = text;
    }
    age(now);
  };

  const draw = (text) => {
    const selection = document.getSelection();
    const isSelecting =
      selection && !selection.isCollapsed && selection.anchorNode && live.contains(selection.anchorNode);
    if (isSelecting) {
      waiting = text;
      return;
    }
    waiting = undefined;
    const focused = live.contains(document.activeElement) ? document.activeElement : undefined;
    const focusedId = focused && (focused.id || (focused.parentElement && focused.parentElement.id));
    const folds = new Map([...live.querySelectorAll('details[id]')].map((one) => [one.id, one.open]));
    const y = window.scrollY;
    live.innerHTML = text;
    for (const [id, open] of folds) {
      const one = document.getElementById(id);
      if (one) one.open = open;
    }
    if (focusedId) {
      const one = document.getElementById(focusedId);
      const target = one && one.tagName === 'DETAILS' ? one.querySelector('summary') : one;
      if (target) target.focus({ preventScroll: true });
    }
    if (window.scrollY !== y) window.scrollTo({ top: y, behavior: 'instant' });
    setClock();
    tick();
    speak();
  };

  const speak = () => {
    const shown = look();
    const sentence = document.getElementById('sentence');
    if (!shown || !announce || !sentence) return;
    const change = shown.dataset.change;
    if (said !== undefined && said !== change) announce.textContent = sentence.textContent;
    said = change;
  };

  setClock();
  tick();
  speak();
  setInterval(tick, 1000);
  if (!live || !window.EventSource) return;
  const events = new EventSource(live.dataset.live);
  let drawnAt = Date.now();
  events.addEventListener('page', ({ data }) => {
    drawnAt = Date.now();
    tell('Live.', false);
    draw(data);
  });
  // What it shows has come to its end: nothing is wrong, and there is nothing to reload.
  events.addEventListener('over', ({ data }) => {
    isOver = true;
    events.close();
    tell(data + ' What stands below is how it ended.', false);
    connection.classList.add('past');
    if (announce) announce.textContent = data;
  });
  // The page changes every second: where nothing comes the server is away, or cannot tell. A stream that ends by itself
  // is back before that.
  setInterval(() => {
    if (isOver || Date.now() - drawnAt < 6000) return;
    const isClosed = events.readyState === EventSource.CLOSED;
    tell('Not live since ' + time(drawnAt + ahead) + (isClosed ? ': it has ended. What stands below is old.' : '. What stands below is old.'), true);
  }, 1000);
  document.addEventListener('selectionchange', () => {
    const selection = document.getSelection();
    if (waiting !== undefined && (!selection || selection.isCollapsed)) draw(waiting);
  });
})();
`;
