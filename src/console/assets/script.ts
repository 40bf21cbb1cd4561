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
  const time = (at) => at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

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
  const counting = [...document.querySelectorAll('[data-countdown]')].filter((one) => one.textContent !== 'now');
  /** A page that is not drawn anew says how old it is, and when a moment on it is over. */
  const age = (now) => {
    const shown = look();
    if (live || !connection || !shown) return;
    const old = Math.floor((now - Number(shown.dataset.now)) / 1000);
    if (old < 5) return;
    const isOver = counting.some((one) => Date.parse(one.dateTime) <= now);
    connection.textContent = begun.replace(/[.]$/, '') + ', ' + length(old) + ' ago.' + (isOver ? ' A moment on this page is over.' : '');
    connection.classList.toggle('lost', isOver);
  };
  const tick = () => {
    // What is no longer told is not counted on.
    if (live && live.classList.contains('stale')) return;
    const now = Date.now() + ahead;
    for (const one of document.querySelectorAll('[data-countdown]')) {
      const left = Date.parse(one.dateTime) - now;
      const text = left <= 0 ? 'now' : 'in ' + length(left / 1000);
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
  // The page changes every second: where nothing comes the server is away, or cannot tell. A stream that ends by itself
  // is back before that.
  setInterval(() => {
    if (Date.now() - drawnAt < 6000) return;
    const isOver = events.readyState === EventSource.CLOSED;
    tell('Not live since ' + time(new Date(drawnAt)) + (isOver ? ': it has ended. What stands below is old.' : '. What stands below is old.'), true);
  }, 1000);
  document.addEventListener('selectionchange', () => {
    const selection = document.getSelection();
    if (waiting !== undefined && (!selection || selection.isCollapsed)) draw(waiting);
  });
})();
`;
