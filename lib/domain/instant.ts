const iso = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:\d\d)?)?$/;

/**
 * An ISO 8601 date or date and time as nanoseconds since 1970; without an offset it is UTC, whatever the zone of the
 * machine. Undefined when it is none, such as the 30th of February.
 */
export function nanosecondsOf(text: string): bigint | undefined {
  const [, day = "", time = "00:00", fraction = "", offset = "Z"] = iso.exec(text) ?? [];
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  const milliseconds = Date.parse(`${day}T${time}${offset.toUpperCase()}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
