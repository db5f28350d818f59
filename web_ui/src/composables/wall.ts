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

/** the zone that the program said when it gave the page; papers, exports and the screen all tell its time */
export const zoneOfPage = (): string => (typeof document === 'undefined' ? '' : (document.querySelector<HTMLMetaElement>('meta[name="ecms-zone"]')?.content ?? ''))

type Parts = [year: number, month: number, day: number, hour: number, minute: number, second: number]
function partsOf(at: Date, zone: string): Parts | null {
  const words = zone ? formatter(zone)?.format(at) : undefined
  const found = words ? /^(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)$/.exec(words)?.slice(1).map(Number) : undefined
  return found ? (found as Parts) : null
}
const utc = ([year, month, day, hour, minute, second]: Parts): number => Date.UTC(year, month - 1, day, hour, minute, second)

/** A date whose local day and hour are those of a zone. */
export function wallOf(at: Date, zone: string): Date {
  const parts = Number.isNaN(at.getTime()) ? null : partsOf(at, zone)
  if (!parts) return at
  const [year, month, day, hour, minute, second] = parts
  return new Date(year, month - 1, day, hour, minute, second)
}

/** The instant at which the clock of a zone shows this; the browser's own clock where no zone is known. */
export function instantOf(year: number, month: number, day: number, hour: number, minute: number, zone: string): Date {
  const wanted = Date.UTC(year, month - 1, day, hour, minute)
  let at = new Date(wanted)
  // twice: the zone may change its clock between the guess and the answer
  for (let i = 0; i < 2; i++) {
    const parts = partsOf(at, zone)
    if (!parts) return new Date(year, month - 1, day, hour, minute)
    at = new Date(at.getTime() + wanted - utc(parts))
  }
  return at
}

/** An instant, by the program's clock: for days and hours to show, never to be stored. */
export const wallTime = (at: Date): Date => wallOf(at, zoneOfPage())
/** Now, by the program's clock: for days, never for instants. */
export const wallNow = (): Date => wallTime(new Date())
