import { describe, expect, it } from 'vitest'
import { clockOf, countdown, dayOf, daysSince, isJustNow, minutesSince } from './time'

const now = new Date(2026, 0, 2, 0, 10)
const at = (...parts: [number, number, number, number, number, number?]): string => new Date(...parts).toISOString()

describe('instants', () => {
  it('are said from today', () => {
    expect(clockOf(at(2026, 0, 2, 0, 5), now)).toBe('00:05')
    expect(clockOf(at(2026, 0, 2, 0, 5, 9), now, true)).toBe('00:05:09')
    expect(clockOf(at(2026, 0, 1, 18, 40), now)).toBe('昨天 18:40')
    expect(clockOf(at(2025, 11, 30, 9, 15), now)).toBe('2025-12-30 09:15')
    expect(clockOf('nonsense', now)).toBe('')
    expect([at(2026, 0, 2, 0, 1), at(2026, 0, 1, 9, 0), at(2025, 11, 30, 9, 0)].map((iso) => dayOf(iso, now))).toEqual(['今天', '昨天', '2025-12-30'])
  })
  it('are so and so long ago', () => {
    expect(isJustNow(at(2026, 0, 2, 0, 9, 30), now)).toBe(true)
    expect(isJustNow(at(2026, 0, 2, 0, 8), now)).toBe(false)
    expect(minutesSince(at(2026, 0, 2, 0, 5), now)).toBe(5)
    // yesterday evening is one day ago just after midnight
    expect(daysSince(at(2026, 0, 1, 23, 59), now)).toBe(1)
    expect(countdown(249_001)).toBe('4:10')
    expect(countdown(-1)).toBe('0:00')
  })
})
