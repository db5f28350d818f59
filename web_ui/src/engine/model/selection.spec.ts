import { describe, expect, it } from 'vitest'
import { countOf, EVERYTHING, has, headState, NOTHING, only, setChosen, toggle, without } from './selection'

describe('selection', () => {
  it('ticks and unticks', () => {
    const one = toggle(NOTHING, 'a')
    expect(has(one, 'a')).toBe(true)
    expect(countOf(one, 5)).toBe(1)
    expect(has(toggle(one, 'a'), 'a')).toBe(false)
  })
  it('everything means every row of the query, also never loaded ones, minus those unticked', () => {
    expect(countOf(EVERYTHING, 1_000_000)).toBe(1_000_000)
    const but = toggle(EVERYTHING, 'a')
    expect(has(but, 'a')).toBe(false)
    expect(has(but, 'never loaded')).toBe(true)
    expect(countOf(but, 10)).toBe(9)
    expect(countOf(toggle(but, 'a'), 10)).toBe(10)
  })
  it('ranges', () => {
    expect(countOf(setChosen(NOTHING, ['a', 'b', 'b'], true), null)).toBe(2)
    expect(countOf(setChosen(EVERYTHING, ['a', 'b'], false), 10)).toBe(8)
  })
  it('the box in the head', () => {
    expect(headState(NOTHING, 3)).toBe('none')
    expect(headState(only(['a']), 3)).toBe('some')
    expect(headState(only(['a', 'b', 'c']), 3)).toBe('all')
    expect(headState(EVERYTHING, null)).toBe('all')
    expect(headState(toggle(EVERYTHING, 'a'), 3)).toBe('some')
  })
  it('deleted rows leave', () => expect(countOf(without(only(['a', 'b']), ['a']), 5)).toBe(1))
})
