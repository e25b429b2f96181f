const iso =
  /^(\d{4}|[+-]\d{6,12})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d))?(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))?)?$/;
const nanosecondsASecond = 1_000_000_000n;
const secondsADay = 86_400n;

/**
 * An ISO 8601 date or date and time as nanoseconds since 1970; without an offset it is UTC, whatever the zone of the
 * machine. Years beyond four digits have a sign and six or more. Undefined when it is none, such as the 30th of February.
 */
export function nanosecondsOf(text: string): bigint | undefined {
  const found = iso.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour = 0, minute = 0, second = 0] = found.map(Number);
  const days = daysOfDate(year as number, month as number, day as number);
  const seconds = secondsOfDay(hour || 0, minute || 0, second || 0);
  const offset = secondsOfDay(Number(found[10] ?? 0), Number(found[11] ?? 0), 0);
  if (days === undefined || seconds === undefined || offset === undefined) return undefined;
  const local = BigInt(days) * secondsADay + BigInt(seconds);
  const utc = local - BigInt(found[9] === "-" ? -offset : offset);
  return utc * nanosecondsASecond + BigInt((found[7] ?? "").padEnd(9, "0"));
}

/** As 24:00 the end of a day is the next one's beginning. */
function secondsOfDay(hour: number, minute: number, second: number): number | undefined {
  const seconds = 3_600 * hour + 60 * minute + second;
  return minute < 60 && second < 60 && seconds <= 86_400 ? seconds : undefined;
}

/** Days since 1970 of a day of the Gregorian calendar, in any year. */
function daysOfDate(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  // counted from March, so that the leap day ends a year (Hinnant, howardhinnant.github.io/date_algorithms.html)
  const counted = month > 2 ? year : year - 1;
  const era = Math.floor(counted / 400);
  const yearOfEra = counted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * daysAnEra + dayOfEra - daysFromEra0To1970;
}

/** An era are 400 years, after which the calendar repeats. */
const daysAnEra = 146_097;
const daysFromEra0To1970 = 719_468;

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** A date by its days since 1970, in any year: `2024-02-29`, `+010000-01-01`. */
export function isoDate(days: number): string {
  const shifted = days + daysFromEra0To1970;
  const era = Math.floor(shifted / daysAnEra);
  const dayOfEra = shifted - era * daysAnEra;
  const leaps = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${isoYear(year)}-${twoDigits(month)}-${twoDigits(day)}`;
}

function isoYear(year: number): string {
  if (year >= 0 && year <= 9_999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}

/** An instant by its count since 1970. @param aSecond counts in a second: 1, 1,000, a million or a billion */
export function isoInstant(count: bigint, aSecond: bigint): string {
  const aDay = secondsADay * aSecond;
  const ofDay = ((count % aDay) + aDay) % aDay;
  return `${isoDate(Number((count - ofDay) / aDay))}T${isoTimeOfDay(ofDay, aSecond)}Z`;
}

/** `HH:MM:SS.fff`: at least milliseconds, as JavaScript writes them, and what there is beyond. */
export function isoTimeOfDay(count: bigint, aSecond: bigint): string {
  const seconds = Number(count / aSecond);
  const clock = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits);
  return `${clock.join(":")}.${fractionOf(count % aSecond, aSecond).padEnd(3, "0")}`;
}

/** Of a second, without what is zero at its end but in groups of three digits. */
function fractionOf(count: bigint, aSecond: bigint): string {
  const digits = aSecond === 1n ? "" : String(count).padStart(String(aSecond).length - 1, "0");
  return digits.replace(/(000)+$/, "");
}

const twoDigits = (value: number) => String(value).padStart(2, "0");

const clock = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;

/** A time of day in nanoseconds; undefined when it is none. */
export function nanosecondsOfDay(text: string): bigint | undefined {
  const found = clock.exec(text);
  if (!found) return undefined;
  const seconds = secondsOfDay(Number(found[1]), Number(found[2]), Number(found[3] ?? 0));
  return seconds === undefined
    ? undefined
    : BigInt(seconds) * nanosecondsASecond + BigInt((found[4] ?? "").padEnd(9, "0"));
}

const duration =
  /^(-?)P(?:(\d{1,15})D)?(?:T(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,19})(?:\.(\d{1,9}))?S)?)?$/;

/** A duration of ISO 8601 in days, hours, minutes and seconds, in nanoseconds; undefined when it is none. */
export function nanosecondsIn(text: string): bigint | undefined {
  const [, sign, days, hours, minutes, seconds, fraction = ""] = duration.exec(text) ?? [];
  if (sign === undefined || /[PT]$/.test(text)) return undefined;
  const whole = [days, hours, minutes, seconds].map((part) => BigInt(part ?? 0)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const inSeconds = whole[0] * secondsADay + whole[1] * 3_600n + whole[2] * 60n + whole[3];
  const length = inSeconds * nanosecondsASecond + BigInt(fraction.padEnd(9, "0"));
  return sign === "-" ? -length : length;
}

/** A duration as ISO 8601 has it, in seconds alone: `PT90.5S`, `-PT0.001S`. */
export function isoDuration(count: bigint, aSecond: bigint): string {
  const length = count < 0n ? -count : count;
  const fraction = fractionOf(length % aSecond, aSecond);
  return `${count < 0n ? "-" : ""}PT${length / aSecond}${fraction && `.${fraction}`}S`;
}
