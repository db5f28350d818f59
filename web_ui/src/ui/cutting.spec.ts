import { expect, it } from 'vitest'
import { given, leftOut } from './cutting'

it('counts what does not fit into a box', () => {
  expect(leftOut(10, 8, 0, 2)).toBe(0)
  expect(leftOut(10, 8, 0, 5)).toBe(3)
  expect(leftOut(10, 10, 4, 5), 'what is selected goes').toBe(1)
  expect(leftOut(10, 10, 0, 1)).toBe(1)
  expect(leftOut(10, 12, 0, 1), 'no more than was put in').toBe(1)
  expect(leftOut(-1, 900, 0, 900), 'a box without an end').toBe(0)
})
it('counts what a box is given, not the break that a cell of a spreadsheet ends with', () => {
  expect([given('12345\r\n', true), given('1\r\n2\n', true)]).toEqual(['12345', '1 2'])
  expect(given('1\r\n2\n3', false)).toBe('1\n2\n3')
})
