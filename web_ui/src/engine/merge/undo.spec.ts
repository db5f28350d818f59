import { expect, it } from 'vitest'
import type { ModuleInfo } from '@/api/types'
import { mergedWords } from './undo'

it('a merger says what went into what', () => {
  const module = { noun: '产品' } as ModuleInfo
  expect(mergedWords(module, ['深沟球轴承'], '轴承 6204')).toBe('已把「深沟球轴承」并入「轴承 6204」。')
  expect(mergedWords(module, ['甲', '乙', '丙'], '轴承 6204')).toBe('已把 3 个产品并入「轴承 6204」。')
})
