// Dates in HTTP (RFC 9110, section 5.6.7): three forms that a recipient must take, of which only the first is sent.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const MONTH = `(?<month>${MONTHS.join('|')})`;
const SHORT_DAY = `(?:${DAYS.map((day) => day.slice(0, 3)).join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

const FORMS: readonly RegExp[] = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^${SHORT_DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^(?:${DAYS.join('|')}), (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  // asctime: Sun Nov  6 08:49:37 1994
  new RegExp(`^${SHORT_DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];

/** No form is longer: "Wednesday, 06-Nov-94 08:49:37 GMT". */
const LONGEST = 33;

/**
 * Seconds since 1970; undefined for what is not a date, which counts as not said.
 *
 * @param now milliseconds since 1970: two digits of a year are those of the last century where they would otherwise be
 * more than 50 years away
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  if (text.length > LONGEST) return undefined;
  for (const form of FORMS) {
    const found = form.exec(text)?.groups;
    if (found !== undefined) return secondsOf(found, now);
  }
  return undefined;
}

function secondsOf(found: Readonly<Record<string, string>>, now: number): number | undefined {
  const { year = '' } = found;
  if (year.length === 4) return momentOf(found, Number(year));
  const century = Math.floor(new Date(now).getUTCFullYear() / 100) * 100;
  const moment = momentOf(found, century + Number(year));
  const farthest = new Date(now).setUTCFullYear(new Date(now).getUTCFullYear() + 50) / 1000;
  return moment !== undefined && moment > farthest ? momentOf(found, century - 100 + Number(year)) : moment;
}

function momentOf(found: Readonly<Record<string, string>>, year: number): number | undefined {
  const { month = '', day, hour, minute, second } = found;
  const date = Date.UTC(year, MONTHS.indexOf(month), Number(day));
  const time = Number(hour) * 3600 + Number(minute) * 60 + Math.min(59, Number(second));
  // The 31st of a short month would be read as the first of the next, and a leap second ends its minute. Whether the day
  // of the week is the right one does not matter: a condition that is passed over for it loses somebody's work.
  const exists =
    new Date(date).getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) <= 60;
  return exists ? date / 1000 + time : undefined;
}
