import { describe, expect, it } from 'vitest'
import { field } from '../../fields/info'
import { figureRoom } from './figures'
import { textWidth } from './fit'

describe('room for figures', () => {
  it('is what the widest of them needs', () => {
    const money = field('money')
    const room = figureRoom(money, [5, null, 1_234_567_890_123, -2_000_000_000, undefined])
    expect(room).toBeGreaterThan(textWidth('12,345,678,901.23', 13))
    expect(figureRoom(money, [-1_234_567_890_123])).toBeGreaterThan(room)
  })
  it('is not asked for by small ones, and by no words', () => {
    expect(figureRoom(field('money'), [999_999_9])).toBe(0)
    expect(figureRoom(field('text'), ['12345678901234567890'])).toBe(0)
    expect(figureRoom(field('price'), [])).toBe(0)
  })
})
