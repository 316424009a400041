const formats = new Map<string, Intl.DateTimeFormat>();

/** The day that it is at a time in a time zone, as `2026-12-24`. */
export function localDay(time: number, timezone: string): string {
  let format = formats.get(timezone);
  if (format === undefined) {
    // The Swedish way of writing dates is that of ISO 8601.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short' });
    formats.set(timezone, format);
  }
  return format.format(time);
}
