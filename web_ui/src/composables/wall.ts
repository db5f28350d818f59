/**
 * The clock on the wall of the program. Its days decide (defaults, limits, 逾期), not those of a browser that may be set to another zone.
 */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(zone: string): Intl.DateTimeFormat | null {
  try {
    let made = formatters.get(zone)
    if (!made) formatters.set(zone, (made = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })))
    return made
  } catch {
    return null // a zone that this browser does not know
  }
}

/** the zone that the program said when it gave the page */
export const zoneOfPage = (): string => document.querySelector<HTMLMetaElement>('meta[name="ecms-zone"]')?.content ?? ''

/** A date whose local day and hour are those of a zone. */
export function wallOf(at: Date, zone: string): Date {
  const words = zone ? formatter(zone)?.format(at) : undefined
  const found = words ? /^(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)$/.exec(words)?.slice(1).map(Number) : undefined
  if (!found) return at
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found
  return new Date(year, month - 1, day, hour, minute, second)
}

/** Now, by the program's clock: for days, never for instants. */
export const wallNow = (): Date => wallOf(new Date(), typeof document === 'undefined' ? '' : zoneOfPage())
