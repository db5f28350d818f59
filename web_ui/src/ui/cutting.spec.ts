import { expect, it } from 'vitest'
import { leftOut } from './cutting'

it('counts what does not fit into a box', () => {
  expect(leftOut(10, 8, 0, 2)).toBe(0)
  expect(leftOut(10, 8, 0, 5)).toBe(3)
  expect(leftOut(10, 10, 4, 5), 'what is selected goes').toBe(1)
  expect(leftOut(10, 10, 0, 1)).toBe(1)
  expect(leftOut(10, 12, 0, 1), 'no more than was put in').toBe(1)
  expect(leftOut(-1, 900, 0, 900), 'a box without an end').toBe(0)
})
