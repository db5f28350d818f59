import { expect, it } from 'vitest'
import { distance, labelMatches } from './pinyin'

it('the very name stands before what only has it inside', () => {
  const labels = ['账户转账', '其他账户', '账户流水', '账户']
  expect(labels.sort((a, b) => distance(a, '账户') - distance(b, '账户'))).toEqual(['账户', '账户转账', '账户流水', '其他账户'])
  expect(labelMatches('账户转账', '账户')).toBe(true)
})
