/** Instants as people at the desk say them, by the program's clock. What time it is now is told by the caller. */
import { addDays, isoDay } from '@/composables/dates'
import { wallTime } from '@/composables/wall'
import { t } from '@/locale'

const MINUTE_MS = 60_000
const pad = (n: number): string => String(n).padStart(2, '0')

/** 10:41, 昨天 18:40, 11-03 09:15, 2025-11-03 09:15 */
export function clockOf(iso: string, moment: Date, seconds = false): string {
  const at = wallTime(new Date(iso)), now = wallTime(moment)
  if (Number.isNaN(at.getTime())) return ''
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}${seconds ? `:${pad(at.getSeconds())}` : ''}`
  const day = isoDay(at)
  if (day === isoDay(now)) return time
  if (day === isoDay(addDays(now, -1))) return `${t('昨天')} ${time}`
  return `${day.startsWith(`${now.getFullYear()}-`) ? day.slice(5) : day} ${time}`
}

/** 今天, 昨天, 11-03, 2025-11-03 */
export function dayOf(iso: string, moment: Date): string {
  const day = isoDay(wallTime(new Date(iso))), now = wallTime(moment)
  if (day === isoDay(now)) return t('今天')
  if (day === isoDay(addDays(now, -1))) return t('昨天')
  return day.startsWith(`${now.getFullYear()}-`) ? day.slice(5) : day
}

export function minutesSince(iso: string, now: Date): number {
  return Math.floor((now.getTime() - new Date(iso).getTime()) / MINUTE_MS)
}

/** Calendar days, so that yesterday evening is one day ago in the morning. */
export function daysSince(iso: string, moment: Date): number {
  const at = wallTime(new Date(iso)), now = wallTime(moment)
  return Math.round((Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - Date.UTC(at.getFullYear(), at.getMonth(), at.getDate())) / (24 * 60 * MINUTE_MS))
}

/** a moment of the last minute, or of a clock a little ahead of this one */
export function isJustNow(iso: string, now: Date): boolean {
  return minutesSince(iso, now) < 1
}

/** 4:09 of what is left */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  return `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`
}
