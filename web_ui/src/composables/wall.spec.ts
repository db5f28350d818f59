// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { today } from '../fields/shared/dates'
import { isoDay } from './dates'
import { formatInstant, parseInstant } from '../fields/datetime/instant'
import { clockOf, dayOf } from '../sync/time'
import { instantOf, wallNow, wallOf } from './wall'

describe('the clock on the wall of the program', () => {
  const late = new Date('2026-11-23T17:30:00Z')
  it('shows the day of its zone, whatever zone the browser is in', () => {
    expect([isoDay(wallOf(late, 'Asia/Shanghai')), wallOf(late, 'Asia/Shanghai').getHours()]).toEqual(['2026-11-24', 1])
    expect([isoDay(wallOf(late, 'America/New_York')), wallOf(late, 'America/New_York').getHours()]).toEqual(['2026-11-23', 12])
  })
  it('is that of the browser where nobody said a zone, or one it does not know', () => expect([wallOf(late, ''), wallOf(late, 'Nowhere/At_All')]).toEqual([late, late]))

  afterEach(() => { vi.useRealTimers(); document.querySelector('meta[name="ecms-zone"]')?.remove() })
  it('says what today is', () => {
    vi.useFakeTimers({ now: late })
    document.head.insertAdjacentHTML('beforeend', '<meta name="ecms-zone" content="Asia/Shanghai">')
    expect([today(), isoDay(wallNow())]).toEqual(['2026-11-24', '2026-11-24'])
    document.querySelector('meta[name="ecms-zone"]')?.setAttribute('content', 'America/New_York')
    expect(today()).toBe('2026-11-23')
  })
  it('tells every time on the screen, and takes what is typed', () => {
    document.head.insertAdjacentHTML('beforeend', '<meta name="ecms-zone" content="Asia/Shanghai">')
    const iso = late.toISOString()
    expect(formatInstant(iso)).toBe('2026-11-24 01:30')
    expect([clockOf(iso, new Date('2026-11-23T20:00:00Z')), dayOf(iso, new Date('2026-11-23T20:00:00Z'))]).toEqual(['01:30', '今天'])
    expect(clockOf(iso, new Date('2026-11-25T01:00:00Z'))).toBe('昨天 01:30')
    expect(parseInstant('2026-11-24 1:30')).toEqual({ ok: true, value: iso })
    document.querySelector('meta[name="ecms-zone"]')?.setAttribute('content', 'America/New_York')
    expect([formatInstant(iso), clockOf(iso, late)]).toEqual(['2026-11-23 12:30', '12:30'])
  })
  it('knows the instant of a clock, on both sides of summer time', () => {
    expect(instantOf(2026, 7, 1, 12, 0, 'America/New_York').toISOString()).toBe('2026-07-01T16:00:00.000Z')
    expect(instantOf(2026, 12, 1, 12, 0, 'America/New_York').toISOString()).toBe('2026-12-01T17:00:00.000Z')
    expect(instantOf(2026, 11, 1, 12, 0, 'America/New_York').toISOString(), 'the day it ends').toBe('2026-11-01T17:00:00.000Z')
    expect(instantOf(2026, 12, 1, 12, 0, '')).toEqual(new Date(2026, 11, 1, 12, 0))
  })
})
